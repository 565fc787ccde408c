/**
 * A store that was rolled back: the relay has seen a newer one. Design D4.
 *
 * Its sessions and its own chains in groups would repeat message keys, so they go, all in one commit; what was on its way waits for new ones under its old message ids, so that
 * who has a message already drops the second copy. A new name for the store tells the relay that the old one is given up.
 */
import { putNextOneTimePreKeyId } from '../store/client/account-rows.js';
import type { Core } from './core.js';
import { withoutOwnKeys } from '../group/transition.js';
import { putGroupChange, selfOf } from './group-keys.js';
import { accountLock, groupLock, userLock } from './lock-names.js';
import { Plan } from './plan.js';
import { requeue, requeueGroups } from './requeue.js';
import type { Transition } from './step.js';

/** One-time pre-key ids passed over: the lost state may have used those that follow, and an id must not name two keys. */
const skippedIds = 10_000;

/** Gives up every session and encrypted request. Rejects with `StoreError`; then nothing was changed. */
export async function recoverFromRollback(core: Core): Promise<void> {
  const { sessions, pending, groups, orders, steps } = core;
  const users = [...sessions.all().map(({ peer }) => peer), ...pending.users()];
  const known = [...groups.all().map(({ address }) => address), ...orders.groups()];
  await steps.run([accountLock, ...users.map(userLock), ...known.map(groupLock)], () => giveUpSessions(core));
}

/** Nothing is sealed with the own chains any more: the lost state may have used their keys. Others' messages can still be opened. */
async function giveUpGroupKeys(core: Core, plan: Plan): Promise<void> {
  for (const { address } of core.groups.all()) {
    const opened = await core.groups.open(address);
    if (opened !== undefined) await putGroupChange(core, plan, opened, withoutOwnKeys(selfOf(core), opened.group));
  }
}

async function giveUpSessions(core: Core): Promise<Transition<void>> {
  const { account, sessions, options, events } = core;
  const plan = new Plan();
  plan.add(await sessions.remove(sessions.all().map(({ sessionId }) => sessionId)));
  await requeue(core, plan, () => true);
  await requeueGroups(core, plan);
  await giveUpGroupKeys(core, plan);
  const incarnation = new Uint8Array(16);
  options.random.fill(incarnation);
  plan.add(account.changeIncarnation(incarnation));
  const nextOneTimePreKeyId = account.account.nextOneTimePreKeyId + skippedIds;
  plan.write(putNextOneTimePreKeyId(nextOneTimePreKeyId)).apply(() => account.set({ ...account.account, nextOneTimePreKeyId }));
  plan.afterwards(() => events.emit({ type: 'store-rolled-back' }));
  return plan.finish(undefined);
}
