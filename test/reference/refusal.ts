/** What a device keeps, and the proof that what it refuses changes nothing of it. */
import { expect } from '@jest/globals';
import { toHex } from '../../lib/base/bytes.js';
import { sha256 } from '../../lib/crypto/hash.js';
import type { Table } from '../../lib/store/store.js';
import { type Device, World } from '../support/scenario.js';
import { Ledger } from './ledger.js';
import { Meddler } from './meddler.js';

const tables: readonly Table[] = ['account', 'pre-key', 'session', 'ratchet', 'skipped-key', 'group', 'pending', 'outbox', 'inbox'];

/** Everything that a device keeps of keys, sessions, groups and messages: the rows, their values as digests. */
export function stateOf(device: Device, of: readonly Table[] = tables): readonly string[] {
  return of.flatMap((table) => device.rows(table).map(({ key, value }) => `${table} ${toHex(key)} ${toHex(sha256(value))}`));
}

/**
 * Hands each of `pushes` to the device, which refuses it with its code: no ratchet, no key and no group changes, and nothing is read. What it may
 * do is invite anew, in case its own session is the one that is wrong.
 */
export async function expectRefused(
  device: Device,
  meddler: Meddler,
  pushes: readonly (readonly [push: Uint8Array, code: string])[],
): Promise<void> {
  const fixed: readonly Table[] = ['account', 'ratchet', 'skipped-key', 'group', 'inbox'];
  meddler.keeps.add('accept');
  for (const [push, code] of pushes) {
    await device.isQuiet();
    const [before, all] = [stateOf(device, fixed), stateOf(device, ['session'])];
    const refused = device.eventsOf('undecryptable').length;
    meddler.deliver(push);
    await device.sees('undecryptable', refused + 1);
    expect(stateOf(device, fixed)).toEqual(before);
    expect(stateOf(device, ['session'])).toEqual(expect.arrayContaining([...all]));
    expect(device.eventsOf('undecryptable').at(-1)?.code).toBe(code);
  }
  await device.isQuiet();
  device.events.length = 0;
}

/** Alice, Bob behind a meddler, and what they say to each other. */
export interface MeddledPair {
  readonly world: World;
  readonly alice: Device;
  readonly bob: Device;
  readonly meddler: Meddler;
  readonly ledger: Ledger;
}

/** A pair that has written to each other. */
export async function meddledPair(seed: string): Promise<MeddledPair> {
  const world = await World.create(`reference gap ${seed}`, { limits: { lowOneTimePreKeys: 0 } });
  const meddler = new Meddler();
  const [alice, bob] = [await world.join('alice'), await meddler.join(world, 'bob')];
  const ledger = new Ledger(world, [alice, bob]);
  await ledger.says(alice, bob, 'hello');
  await ledger.holds();
  await ledger.says(bob, alice, 'hello yourself');
  await ledger.holds();
  return { world, alice, bob, meddler, ledger };
}
