import { describe, expect, test } from '@jest/globals';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { bytes, put, shown, storeContract } from './contract.js';

storeContract('memory', () => openMemoryStore());
storeContract('group commit over memory', () => Promise.resolve(new GroupCommit(() => openMemoryStore())));

describe('memory store', () => {
  test('nothing is left in memory after close', async () => {
    const store = await openMemoryStore();
    const value = bytes('secret');
    await store.commit([{ table: 'meta', key: bytes('a'), value }]);
    await store.close();
    expect([...value]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('a replaced or deleted value is wiped', async () => {
    const store = await openMemoryStore();
    const [first, second] = [bytes('one'), bytes('two')];
    await store.commit([
      { table: 'meta', key: bytes('a'), value: first },
      { table: 'meta', key: bytes('b'), value: second },
    ]);
    await store.commit([put('a', 'new'), put('b', undefined)]);
    expect([...first, ...second]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test.each(['unavailable', 'disk-full'] as const)('a commit that fails as %s changes nothing and the store stays open', async (code) => {
    let failure: typeof code | undefined = code;
    const store = await openMemoryStore({ unsafeTestingFailure: () => failure });
    await expect(store.commit([put('a', '1')])).rejects.toMatchObject({ code });
    failure = undefined;
    await store.commit([put('b', '2')]);
    expect(shown(await store.list('meta', { prefix: bytes('') }))).toEqual(['b=2']);
  });

  test.each([
    ['outcome-unknown-applied', ['a=1']],
    ['outcome-unknown-lost', []],
  ] as const)('after %s the store is closed and only opening again shows what happened', async (failure, left) => {
    const tables = new MemoryTables();
    const store = await openMemoryStore({ unsafeTestingTables: tables, unsafeTestingFailure: () => failure });
    await expect(store.commit([put('a', '1')])).rejects.toMatchObject({ code: 'outcome-unknown' });
    await expect(store.get('meta', bytes('a'))).rejects.toMatchObject({ code: 'closed' });
    const again = await openMemoryStore({ unsafeTestingTables: tables });
    expect(shown(await again.list('meta', { prefix: bytes('') }))).toEqual(left);
  });
});
