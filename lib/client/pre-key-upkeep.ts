/** Keeping the published keys fresh. Spec: one2one.md §1.2. */
import { currentSignedPreKey, isSignedPreKeyExpired, renewSignedPreKey } from '../account/account.js';
import { signedPreKeyPublic } from '../account/signed-pre-key.js';
import { deleteSignedPreKey, putSignedPreKey } from '../store/client/account-rows.js';
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

/** Adds a new signed pre-key with the request that publishes it; `skippedIds` before its id are passed over. Holds the account's lock. */
export async function publishNewSignedPreKey(core: Core, plan: Plan, skippedIds = 0): Promise<void> {
  const { account, options, events } = core;
  const before = account.account;
  const { account: after, retired } = await options.asymmetric.run(renewSignedPreKey(before, options.clock.now(), skippedIds));
  const renewed = currentSignedPreKey(after);
  const dropped = before.signedPreKeys.filter((key) => !after.signedPreKeys.includes(key));
  const body = requests.publish_spk.encodeRequest({ user: after.address, signedPreKey: signedPreKeyPublic(renewed) });
  plan
    .write(putSignedPreKey(renewed), ...dropped.map(({ id }) => deleteSignedPreKey(id)))
    .apply(() => account.set({ ...account.account, signedPreKeys: after.signedPreKeys }))
    .create([renewed.keyPair.privateKey])
    .retire(retired);
  queueRequests(core, plan, [{ kind: 'publish_spk', device: undefined, sessionId: undefined, origin: undefined, body }]);
  plan.afterwards(() => events.emit({ type: 'signed-pre-key-renewed', id: renewed.id, expires: renewed.expires }));
}
