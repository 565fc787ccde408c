/**
 * A store that was rolled back: the relay has seen a newer one, or a copy. Design D4.
 *
 * Its sessions and its own chains in groups would repeat message keys, so they are given up, all in one commit: what others have sealed can still be
 * opened, nothing is sealed with them again. What was on its way waits for new ones under its old message ids, so that who has a message already
 * drops the second copy; seeds of groups that others are still owed say that they are left over. Published pre-keys are replaced, because the relay may
 * hand out some that only the lost state knew. A new name for the store tells the relay that the old one is given up; the relay tells the others, who
 * take the device into its groups again.
 */
import { withoutOwnKeys } from '../group/transition.js';
import type { Core } from './core.js';
import { asLeftOver, putGroupChange, selfOf } from './group-keys.js';
import { accountLock, groupLock, userLock } from './lock-names.js';
import { Plan } from './plan.js';
import { passOverLostIds } from './lost-ids.js';
import { dropPreKeyRequests, requeue, requeueGroups } from './requeue.js';
import type { Transition } from './step.js';

/** Gives up every session, the own keys in groups and encrypted requests. Rejects with `StoreError`; then nothing was changed. */
export async function recoverFromRollback(core: Core): Promise<void> {
  const { sessions, pending, groups, orders, groupKeys, steps } = core;
  const users = [...sessions.devices(), ...pending.users()];
  const known = [...groups.all().map(({ address }) => address), ...orders.groups(), ...groupKeys.groups()];
  await steps.run([accountLock, ...users.map(userLock), ...known.map(groupLock)], () => giveUpKeys(core));
}

/** Nothing is sealed with the own chains any more, and keys that have come for them are not used: the lost state may have done both. */
async function giveUpGroupKeys(core: Core, plan: Plan): Promise<void> {
  const { groups, groupKeys, store } = core;
  for (const { address } of groups.all()) {
    const opened = await groups.open(address);
    if (opened !== undefined) await putGroupChange(core, plan, opened, withoutOwnKeys(selfOf(core), opened.group));
  }
  for (const address of groupKeys.groups()) {
    const received = await store.loadReceivedGroupKeys(address);
    for (const { content } of received) content.fill(0);
    const sequences = received.map(({ sequence }) => sequence);
    plan.add(groupKeys.remove(address, sequences));
  }
}

async function giveUpKeys(core: Core): Promise<Transition<void>> {
  const { account, sessions, options, events } = core;
  const plan = new Plan();
  for (const device of sessions.devices()) plan.add(await sessions.giveUp(device, 'us'));
  await requeue(
    core,
    plan,
    () => true,
    (content) => asLeftOver(plan, content),
  );
  await requeueGroups(core, plan);
  await giveUpGroupKeys(core, plan);
  const incarnation = new Uint8Array(16);
  options.random.fill(incarnation);
  plan.add(account.changeIncarnation(incarnation));
  await passOverLostIds(core, plan, await dropPreKeyRequests(core, plan));
  plan.afterwards(() => events.emit({ type: 'store-rolled-back' }));
  return plan.finish(undefined);
}
