/**
 * Ids of pre-keys that a state which is lost may have used. Design D4.
 *
 * Owns: that no id names two keys, also when one backup is restored several times: what comes next lies behind a distance that chance makes, and behind
 * whatever the relay says it knows already. Does not own: when a store is a restored one (recovery.ts).
 */
import { limits } from '../base/limits.js';
import type { RandomSource } from '../base/random.js';
import { deleteOneTimePreKey } from '../store/client/account-rows.js';
import { deleteOutboxEntry } from '../store/client/queue-rows.js';
import { requests } from '../wire/request.js';
import type { Core } from './core.js';
import type { QueuedRequest } from './lane.js';
import { accountLock } from './lock-names.js';
import { Plan } from './plan.js';
import { passOverOneTimePreKeys, publishNewSignedPreKey, supplyPreKeys } from './pre-key-upkeep.js';

/** More than one state uses up before its store is restored. */
const leastDistance = 10_000;
/** Distances differ by up to this: two lives of one backup meet in one of a million cases. */
const span = 1_048_576;

/** Ids to pass over; behind `refusals` refusals by a relay that knows greater ones each time twice as many. */
function distance(random: RandomSource, refusals: number): number {
  const bytes = new Uint8Array(4);
  random.fill(bytes);
  const chance = new DataView(bytes.buffer).getUint32(0) % span;
  return leastDistance + chance + (refusals === 0 ? 0 : span * 2 ** (refusals - 1));
}

/** Adds new pre-keys behind everything that the lost state may have published; those signed ones go that were `unpublished`. Holds the account's lock. */
export async function passOverLostIds(core: Core, plan: Plan, unpublished: ReadonlySet<number>): Promise<void> {
  await publishNewSignedPreKey(core, plan, { skippedIds: distance(core.options.random, 0), unpublished });
  passOverOneTimePreKeys(core, plan, distance(core.options.random, 0));
}

/** Whether the relay has refused pre-keys because it knows greater ids than theirs, and others are to be made instead. */
export function isBehindLostIds({ kind, refusals }: QueuedRequest, code: number): boolean {
  return code === 409 && (kind === 'publish_spk' || kind === 'supply_opks') && refusals + 1 < limits.refusalsPerRequest;
}

/** Publishes others with greater ids. Rejects with `StoreError`. */
export async function replaceRefusedPreKeys(core: Core, { kind, sequence, refusals }: QueuedRequest): Promise<void> {
  const next = refusals + 1;
  await core.steps.run([accountLock], async () => {
    const entry = await core.store.loadOutboxEntry(sequence);
    const plan = new Plan();
    // Taken back while the answer was on its way.
    if (entry === undefined) return plan.finish(undefined);
    plan.write(deleteOutboxEntry(sequence));
    const skipped = distance(core.options.random, next);
    if (kind === 'publish_spk') await publishNewSignedPreKey(core, plan, { skippedIds: skipped, refusals: next });
    else {
      const { oneTimePreKeys } = requests.supply_opks.decodeRequest(entry.body, entry.body.length);
      plan.write(...oneTimePreKeys.map(({ id }) => deleteOneTimePreKey(id)));
      await supplyPreKeys(core, plan, oneTimePreKeys.length, { skippedIds: skipped, refusals: next });
    }
    return plan.finish(undefined);
  });
}
