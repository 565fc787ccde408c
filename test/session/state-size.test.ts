import { expect, test } from '@jest/globals';
import { toHex } from '../../lib/base/bytes.js';
import { defaultSuite, suiteByName } from '../../lib/crypto/cipher-suite.js';
import type { ReadySession } from '../../lib/session/session.js';
import { sessionWrites } from '../../lib/store/client/session-rows.js';
import { End, answer, finish, invite, newDevice } from './parties.js';

/** The rows that a store would hold of one side, kept up message by message as the client does. */
class Rows {
  readonly #rows = new Map<string, number>();
  #session: ReadySession | undefined;

  take(session: ReadySession): void {
    for (const { table, key, value } of sessionWrites(this.#session, session)) {
      const name = `${table} ${toHex(key)}`;
      if (value === undefined) this.#rows.delete(name);
      else this.#rows.set(name, value.length);
    }
    this.#session = session;
  }

  get count(): number {
    return this.#rows.size;
  }

  get bytes(): number {
    return [...this.#rows.values()].reduce((sum, length) => sum + length, 0);
  }
}

/** Counters are stored in as many bytes as they need: five of them, at most four bytes more each. */
const counterGrowth = 20;

test.each([
  [defaultSuite.name, defaultSuite],
  ['curve25519', suiteByName('curve25519')],
])('a session over %s is as large after 10,000 messages in turn as after 10', (_name, suite) => {
  const [alice, bob] = [newDevice(suite, 'alice'), newDevice(suite, 'bob')];
  const invited = invite(alice, bob, 1);
  const answered = answer(bob, invited.invite);
  const ends = [new End(finish(alice, invited.session, answered.accept), alice.run), new End(answered.session, bob.run)] as const;
  const rows = [new Rows(), new Rows()] as const;
  const sizes: { readonly count: number; readonly bytes: number; readonly skipped: number }[] = [];
  for (let sent = 1; sent <= 10_000; sent += 1) {
    const from = sent % 2 === 1 ? 0 : 1;
    const to = from === 0 ? 1 : 0;
    const message = ends[from].send('ping');
    rows[from].take(ends[from].session);
    ends[to].receive(message);
    rows[to].take(ends[to].session);
    if (sent === 10 || sent === 10_000) {
      for (const side of [0, 1] as const) {
        sizes.push({ count: rows[side].count, bytes: rows[side].bytes, skipped: ends[side].skipped.size });
      }
    }
  }
  const [aliceEarly, bobEarly, aliceLate, bobLate] = sizes;
  for (const [early, late] of [
    [aliceEarly, aliceLate],
    [bobEarly, bobLate],
  ] as const) {
    expect(late?.count).toBe(early?.count);
    expect(late?.skipped).toBe(0);
    expect((late?.bytes ?? Number.NaN) - (early?.bytes ?? Number.NaN)).toBeLessThanOrEqual(counterGrowth);
  }
});
