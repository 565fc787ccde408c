import { beforeEach, expect, test } from '@jest/globals';
import { Groups } from '../../lib/server/groups.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { MemoryTables, type UnsafeTestingFailure, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { RelayStore } from '../../lib/store/relay-store.js';
import { domain } from './relay-fixture.js';

let store: RelayStore;
let reads: number;
let failure: UnsafeTestingFailure | undefined;

beforeEach(async () => {
  reads = 0;
  failure = undefined;
  const tables = new MemoryTables();
  store = new RelayStore(
    new GroupCommit(async () => {
      const driver = await openMemoryStore({ unsafeTestingTables: tables, unsafeTestingFailure: () => failure });
      return {
        get: (table, key) => ((reads += 1), driver.get(table, key)),
        list: (table, range) => ((reads += 1), driver.list(table, range)),
        commit: (writes) => driver.commit(writes),
        close: () => driver.close(),
      };
    }),
    domain,
  );
  for (const groupId of ['one', 'two']) await save(groupId, 10);
});

/** A group of one member with so many devices. */
async function save(groupId: string, devices: number): Promise<void> {
  const members = [{ domain, userId: 'alice', role: 1 }];
  const marks = Array.from({ length: devices }, (_, index) => ({
    device: { domain, userId: 'alice', deviceId: `${index}` },
    controlSequence: 0,
    controlId: '',
    needsKeys: false,
  }));
  await store.commit([
    store.groups.putGroup({ groupId, name: 'club', packId: 1, version: 1, members, leaves: [] }),
    ...marks.map((mark) => store.groups.putMark(groupId, mark)),
  ]);
}

test('a group in use costs no look-up', async () => {
  const groups = new Groups(store);
  expect((await groups.load('one'))?.devices).toHaveLength(10);
  expect(reads).toBe(2);
  await groups.load('one');
  expect(reads).toBe(2);
});

test('the group that was not used for the longest time makes room', async () => {
  const groups = new Groups(store, 20);
  await groups.load('one');
  await groups.load('two');
  reads = 0;
  await groups.load('two');
  expect(reads).toBe(0);
  await groups.load('one');
  expect(reads).toBe(2);
});

test('after a failed commit everything is read again', async () => {
  const groups = new Groups(store);
  await groups.load('one');
  failure = 'unavailable';
  await expect(save('one', 11)).rejects.toMatchObject({ code: 'unavailable' });
  failure = undefined;
  reads = 0;
  expect((await groups.load('one'))?.devices).toHaveLength(10);
  expect(reads).toBe(2);
});
