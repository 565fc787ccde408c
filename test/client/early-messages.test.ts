import { expect, test } from '@jest/globals';
import type { DeviceAddress } from '../../lib/base/address.js';
import { asSessionId } from '../../lib/base/brand.js';
import { limits } from '../../lib/base/limits.js';
import { EarlyMessages } from '../../lib/client/early-messages.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';

const store = (): ClientStore => new ClientStore(new GroupCommit(() => openMemoryStore()));

function device(userId: string, deviceId = 'one'): DeviceAddress {
  return { domain: 'example.test', userId, deviceId };
}

/** Whether there was room for one more. */
function holds(book: EarlyMessages, session: string, from: DeviceAddress): boolean {
  const change = book.hold({ sessionId: asSessionId(session), from, heldAt: 1, envelope: new Uint8Array(3) });
  change?.apply();
  return change !== undefined;
}

test('one session and one user have a share each, and what others may hold is left alone', () => {
  const book = new EarlyMessages(store(), () => undefined);
  for (let number = 0; number < limits.earlyMessages; number += 1) expect(holds(book, 'a', device('mallory'))).toBe(true);
  expect(holds(book, 'a', device('mallory'))).toBe(false);
  const rest: number = limits.earlyMessagesPerUser - limits.earlyMessages;
  for (let number = 0; number < rest; number += 1) {
    expect(holds(book, 'b', device('mallory', 'two'))).toBe(true);
  }
  expect(holds(book, 'c', device('mallory', 'three'))).toBe(false);
  expect(holds(book, 'd', device('alice'))).toBe(true);
  expect(book.total).toBe(limits.earlyMessagesPerUser + 1);
});

test('no more than so many wait in all, and room comes back when one goes', () => {
  const book = new EarlyMessages(store(), () => undefined);
  for (let number = 0; number < limits.earlyMessagesInAll; number += 1)
    expect(holds(book, `${number}`, device(`user ${number}`))).toBe(true);
  expect(holds(book, 'one more', device('alice'))).toBe(false);
  const first = book.first(asSessionId('0'));
  expect(first).toBeDefined();
  if (first !== undefined) book.remove(first).apply();
  expect(holds(book, 'one more', device('alice'))).toBe(true);
  expect(book.total).toBe(limits.earlyMessagesInAll);
});

test('what waits is loaded in order, and its numbers go on', async () => {
  const records = store();
  const book = new EarlyMessages(records, () => undefined);
  const sessionId = asSessionId('session');
  for (const text of ['one', 'two']) {
    const change = book.hold({ sessionId, from: device('alice'), heldAt: 5, envelope: Buffer.from(text) });
    await records.commits.commit(change?.writes ?? []);
    change?.apply();
  }
  const loaded = new EarlyMessages(records, () => undefined);
  await loaded.load();
  expect([loaded.count(sessionId), loaded.total]).toEqual([2, 2]);
  expect(loaded.first(sessionId)).toEqual({ sessionId, sequence: 0, from: device('alice'), heldAt: 5 });
  expect(Buffer.from((await records.loadEarlyMessage(sessionId, 1))?.envelope ?? []).toString()).toBe('two');
  const next = loaded.hold({ sessionId, from: device('alice'), heldAt: 6, envelope: new Uint8Array(1) });
  await records.commits.commit(next?.writes ?? []);
  expect(await records.loadEarlyMessage(sessionId, 2)).toMatchObject({ heldAt: 6 });
});
