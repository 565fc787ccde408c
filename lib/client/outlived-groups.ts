/** Groups that a rolled-back store still knows although its user has gone from them meanwhile: the push that said so will not come again. Design D4. */
import type { GroupAddress } from '../base/address.js';
import { E2eeError } from '../base/errors.js';
import { lacksOwnKeys } from '../group/transition.js';
import type { Core } from './core.js';
import { dropGroup } from './group-receive.js';
import { selfOf } from './group-keys.js';
import { groupLock } from './lock-names.js';
import { lookUpGroup } from './look-up-group.js';
import { Plan } from './plan.js';

/**
 * Asks the relay for `group` if this device has given its keys of it up, and drops it when the user is not in it any more. What the network refuses is
 * asked again with the next connection. Rejects with `StoreError`.
 */
export async function dropIfOutlived(core: Core, group: GroupAddress): Promise<void> {
  const isLacking = await core.steps.run([groupLock(group)], async () => {
    const opened = await core.groups.open(group);
    return { writes: [], result: opened !== undefined && lacksOwnKeys(selfOf(core), opened.group) };
  });
  if (!isLacking || !(await isGone(core, group))) return;
  await core.steps.run([groupLock(group)], async () => {
    const plan = new Plan();
    const opened = await core.groups.open(group);
    // Added again since: then it waits for keys, or has them.
    if (opened !== undefined && lacksOwnKeys(selfOf(core), opened.group)) await dropGroup(core, plan, opened);
    return plan.finish(undefined);
  });
}

async function isGone(core: Core, group: GroupAddress): Promise<boolean> {
  try {
    await lookUpGroup(core, group, core.closing);
    return false;
  } catch (error) {
    if (error instanceof E2eeError) return error.code === 'no-such-group';
    throw error;
  }
}
