/** Keeping the published keys fresh. Spec: one2one.md §1.2. */
import { currentSignedPreKey, isSignedPreKeyExpired, renewSignedPreKey, supplyOneTimePreKeys } from '../account/account.js';
import { oneTimePreKeyPublic } from '../account/one-time-pre-key.js';
import { signedPreKeyPublic } from '../account/signed-pre-key.js';
import { limits } from '../base/limits.js';
import {
  deleteOneTimePreKey,
  deleteSignedPreKey,
  putNextOneTimePreKeyId,
  putOneTimePreKey,
  putSignedPreKey,
} from '../store/client/account-rows.js';
import { requests } from '../wire/request.js';
import type { Core } from './core.js';
import { accountLock } from './lock-names.js';
import { queueRequests } from './mailer.js';
import { Plan } from './plan.js';
import type { Transition } from './step.js';

/** Renews the signed pre-key when its time is over: stored, with the request that publishes it, before it is sent. Rejects with `StoreError`. */
export async function renewIfExpired(core: Core): Promise<void> {
  const { account, options, steps } = core;
  if (!isSignedPreKeyExpired(account.account, options.clock.now())) return;
  await steps.run([accountLock], () => renew(core));
}

async function renew(core: Core): Promise<Transition<void>> {
  const { account, options } = core;
  if (!isSignedPreKeyExpired(account.account, options.clock.now())) return { writes: [], result: undefined };
  const plan = new Plan();
  await publishNewSignedPreKey(core, plan);
  return plan.finish(undefined);
}

/** How pre-keys are made after others have been published that this store does not know. */
export interface AfterLoss {
  /** Ids that are passed over before its own. */
  readonly skippedIds: number;
  /** Ids of signed pre-keys that go: the relay may know others by them. */
  readonly unpublished?: ReadonlySet<number>;
  /** Times that the relay has refused such a key already. */
  readonly refusals?: number;
}

/** Adds a new signed pre-key with the request that publishes it. Holds the account's lock. */
export async function publishNewSignedPreKey(
  core: Core,
  plan: Plan,
  { skippedIds, unpublished, refusals = 0 }: AfterLoss = { skippedIds: 0 },
): Promise<void> {
  const { account, options, events } = core;
  const before = account.account;
  const published = before.signedPreKeys.filter(({ id }) => unpublished?.has(id) !== true);
  const kept = published.length === 0 ? before : { ...before, signedPreKeys: published };
  const { account: after, retired } = await options.asymmetric.run(renewSignedPreKey(kept, options.clock.now(), skippedIds));
  plan.retire(before.signedPreKeys.filter((key) => !kept.signedPreKeys.includes(key)).map((key) => key.keyPair.privateKey));
  const renewed = currentSignedPreKey(after);
  const dropped = before.signedPreKeys.filter((key) => !after.signedPreKeys.includes(key));
  const body = requests.publish_spk.encodeRequest({ user: after.address, signedPreKey: signedPreKeyPublic(renewed) });
  plan
    .write(putSignedPreKey(renewed), ...dropped.map(({ id }) => deleteSignedPreKey(id)))
    .apply(() => account.set({ ...account.account, signedPreKeys: after.signedPreKeys }))
    .create([renewed.keyPair.privateKey])
    .retire(retired);
  queueRequests(core, plan, [
    {
      kind: 'publish_spk',
      device: undefined,
      sessionId: undefined,
      origin: undefined,
      body,
      refusals,
    },
  ]);
  plan.afterwards(() => events.emit({ type: 'signed-pre-key-renewed', id: renewed.id, expires: renewed.expires }));
}

/**
 * Adds `count` new one-time pre-keys: stored with the request that publishes them, before it is sent. Holds the account's lock. Spec: one2one.md §1.3, weaknesses I3.
 */
export async function supplyPreKeys(
  core: Core,
  plan: Plan,
  count: number,
  { skippedIds, refusals = 0 }: AfterLoss = { skippedIds: 0 },
): Promise<void> {
  const { account, options, events } = core;
  const before = { ...account.account, nextOneTimePreKeyId: account.account.nextOneTimePreKeyId + skippedIds };
  const supplied = await options.asymmetric.run(supplyOneTimePreKeys(before, count));
  const secrets = supplied.oneTimePreKeys.map(({ keyPair }) => keyPair.privateKey);
  plan.create(secrets).retire(secrets);
  plan.write(putNextOneTimePreKeyId(supplied.account.nextOneTimePreKeyId), ...supplied.oneTimePreKeys.map(putOneTimePreKey));
  // Ids only grow: the keys that fall out of the newest are those of the lowest ids.
  const bound = before.nextOneTimePreKeyId - limits.oneTimePreKeysKept;
  for (let id = Math.max(1, bound); id < bound + count; id += 1) plan.write(deleteOneTimePreKey(id));
  plan.apply(() => account.set({ ...account.account, nextOneTimePreKeyId: supplied.account.nextOneTimePreKeyId }));
  const { suite, address } = before;
  const body = requests.supply_opks.encodeRequest({
    suite,
    user: address,
    oneTimePreKeys: supplied.oneTimePreKeys.map(oneTimePreKeyPublic),
  });
  queueRequests(core, plan, [{ kind: 'supply_opks', device: undefined, sessionId: undefined, origin: undefined, body, refusals }]);
  plan.afterwards(() => events.emit({ type: 'pre-keys-supplied', count }));
}

/** Adds that ids of one-time pre-keys are passed over. Holds the account's lock. */
export function passOverOneTimePreKeys({ account }: Core, plan: Plan, skippedIds: number): void {
  const nextOneTimePreKeyId = account.account.nextOneTimePreKeyId + skippedIds;
  plan.write(putNextOneTimePreKeyId(nextOneTimePreKeyId)).apply(() => account.set({ ...account.account, nextOneTimePreKeyId }));
}
