/**
 * What there is to do for a group besides answering calls and pushes: use keys that came early, try messages again, make requests, seal what waits.
 *
 * Owns: that it happens one after the other for each group, whenever something has changed. Does not own: any of it.
 */
import { type DeviceAddress, type GroupAddress, deviceKey, groupKey } from '../base/address.js';
import type { Core, GroupWork } from './core.js';
import type { LoadedGroup } from './group-book.js';
import { retryHeld } from './group-message.js';
import { carryOutHeld, putGroupChange, useReceivedKeys } from './group-keys.js';
import { waitsForGone, wantRenewal } from './group-renewal.js';
import { chainOf, hasKeys } from '../group/epoch.js';
import { currentEpoch } from '../group/group.js';
import { withoutDevice } from '../group/transition.js';
import { groupLock } from './lock-names.js';
import { Plan } from './plan.js';
import { dropIfOutlived } from './outlived-groups.js';
import { pumpOrders } from './group-requests.js';
import { sealWaiting } from './group-send.js';

/** The pushes of groups that have come. */
export interface GroupArrivals {
  /** Lets those go on that waited for an answer. */
  release(): void;
  /** Whether a change of the group has come and is not carried out. */
  isChanging(group: GroupAddress): boolean;
}

interface Run {
  /** Something has changed since the run began. */
  again: boolean;
}

/** Wait after work that has failed, ms: what wakes the group meanwhile is seen to after it. */
const retryWait = 1_000;

/** Inviters of which it is remembered that their keys did not come in time; the oldest are forgotten, a relay may add and remove us as it likes. */
const mostLeftWithoutKeys = 1_024;

/** The background work of one client's groups. */
export class GroupWorker implements GroupWork {
  readonly #core: () => Core;
  readonly #pushes: GroupArrivals;
  readonly #runs = new Map<string, Run>();
  /** Devices that the relay would not add, until the next connection: by group and device. */
  readonly #refused = new Set<string>();
  /** By group and inviter. */
  readonly #leftWithoutKeys = new Set<string>();

  constructor(core: () => Core, pushes: GroupArrivals) {
    this.#core = core;
    this.#pushes = pushes;
  }

  wake(group: GroupAddress): void {
    const key = groupKey(group);
    const run = this.#runs.get(key);
    if (run !== undefined) {
      run.again = true;
      return;
    }
    this.#runs.set(key, { again: true });
    void this.#run(group, key);
  }

  released(group: GroupAddress): void {
    this.#pushes.release();
    this.wake(group);
  }

  refuse(group: GroupAddress, device: string): void {
    this.#refused.add(`${groupKey(group)} ${device}`);
  }

  askAnew(): void {
    this.#refused.clear();
    this.wakeAll();
  }

  isRefused(group: GroupAddress, device: string): boolean {
    return this.#refused.has(`${groupKey(group)} ${device}`);
  }

  leftWithoutKeys(group: GroupAddress, inviter: DeviceAddress): void {
    this.#leftWithoutKeys.add(`${groupKey(group)} ${deviceKey(inviter)}`);
    const [oldest] = this.#leftWithoutKeys;
    if (this.#leftWithoutKeys.size > mostLeftWithoutKeys && oldest !== undefined) this.#leftWithoutKeys.delete(oldest);
  }

  hasLeftWithoutKeys(group: GroupAddress, inviter: DeviceAddress): boolean {
    return this.#leftWithoutKeys.has(`${groupKey(group)} ${deviceKey(inviter)}`);
  }

  /** A connection was made: what the relay would not do before is asked again. */
  onConnected(): void {
    this.askAnew();
    const core = this.#core();
    // Only a store that took the place of a newer one may know groups that have gone.
    if (core.account.storeSince === 0) return;
    this.#dropOutlived(core).catch((error: unknown) => {
      if (!core.closing.aborted) core.events.emit({ type: 'error', error, during: 'asking for groups' });
    });
  }

  /** One after the other: there may be many. */
  async #dropOutlived(core: Core): Promise<void> {
    for (const { address } of core.groups.all()) if (!core.closing.aborted) await dropIfOutlived(core, address);
  }

  wakeAll(): void {
    const { groups, orders, groupKeys, groupHeld, groupWaiting } = this.#core();
    const all = [...groups.all().map(({ address }) => address), ...orders.groups()];
    for (const queue of [groupKeys, groupHeld, groupWaiting]) all.push(...queue.groups());
    for (const group of new Map(all.map((address) => [groupKey(address), address])).values()) this.wake(group);
  }

  async #run(group: GroupAddress, key: string): Promise<void> {
    const run = this.#runs.get(key);
    const core = this.#core();
    try {
      while (run?.again === true && !core.closing.aborted) {
        run.again = false;
        await dropGoneDevices(core, group);
        // Keys come behind the change that announces them: what is still to be carried out may have ended the wait for earlier ones.
        if (!this.#pushes.isChanging(group)) await useReceivedKeys(core, group);
        await retryHeld(core, group);
        // Each add that waited for keys may make more messages readable, and must not overtake those that move its inviter's chain.
        while (await carryOutHeld(core, group)) await retryHeld(core, group);
        await pumpOrders(core, group);
        await sealWaiting(core, group);
      }
      this.#runs.delete(key);
    } catch (error) {
      if (!core.closing.aborted) core.events.emit({ type: 'error', error, during: 'working on a group' });
      // A store that refuses commits wakes all groups when its state is loaded again: without a wait that would go round and round.
      core.options.clock.schedule(retryWait, () => {
        this.#runs.delete(key);
        if (run?.again === true && !core.closing.aborted) this.wake(group);
      });
    }
  }
}

/** Chains of devices that are gone go, too: nothing more is taken from them, and what they owed to others is not waited for. Rejects with `StoreError`. */
async function dropGoneDevices(core: Core, group: GroupAddress): Promise<void> {
  const { groups, peers, steps } = core;
  const isGone = (device: DeviceAddress): boolean => peers.find(device)?.isGone === true;
  const gone = (opened: LoadedGroup | undefined): DeviceAddress[] =>
    (opened?.group.epochs ?? []).flatMap((epoch) =>
      [...epoch.chains.values()]
        .filter(({ positions }) => positions.length > 0 || !hasKeys(epoch))
        .map(({ device }) => device)
        .filter(isGone),
    );
  const isOver = (opened: LoadedGroup): boolean => gone(opened).length === 0 && !waitsForGone(core, opened.group);
  const known = groups.peek(group);
  if (groups.find(group) === undefined || (known !== undefined && isOver(known))) return;
  await steps.run([groupLock(group)], async () => {
    const opened = await groups.open(group);
    if (opened === undefined || isOver(opened)) return { writes: [], result: undefined };
    const plan = new Plan();
    const [device] = gone(opened);
    const epoch = currentEpoch(opened.group);
    if (device === undefined || (epoch !== undefined && chainOf(epoch, device) !== undefined)) wantRenewal(core, plan, opened.group);
    // One at a time: the change wakes the work again.
    if (device !== undefined) await putGroupChange(core, plan, opened, withoutDevice(opened.group, device));
    return plan.finish(undefined);
  });
}
