/** What the relay's answers to requests about groups change. Spec: group.md §3 to §7, one2one.md §5. */
import { type GroupAddress, deviceKey } from '../base/address.js';
import { asSessionId } from '../base/brand.js';
import { E2eeError, InternalError, ProtocolError, StoreError } from '../base/errors.js';
import { randomId } from '../base/random.js';
import { Secret, allocateSecret } from '../base/secret.js';
import { addedDevices, openEpoch } from '../group/transition.js';
import { groupSeedLength } from '../group/key-update.js';
import { memberOf, type GroupDevice, type GroupMember } from '../group/membership.js';
import type { GroupOrder, GroupWish } from '../store/client/group-queue-rows.js';
import { deleteOutboxEntry } from '../store/client/queue-rows.js';
import { requests, type ResponseOf } from '../wire/request.js';
import type { Core } from './core.js';
import { putGroupChange, selfOf, unknownGroup } from './group-keys.js';
import { dropGroup, vetted } from './group-receive.js';
import type { QueuedRequest } from './lane.js';
import { groupLock, userLock } from './lock-names.js';
import type { Outcome } from './outbox.js';
import { Plan } from './plan.js';
import type { Transition } from './step.js';

/** Kinds of requests that are about a group. */
const groupKinds = [
  'create_group',
  'add_group_members',
  'add_group_member_device',
  'remove_group_members',
  'leave_group',
  'send_group_msg',
] as const;

/** One of the requests that are about a group. */
export type GroupRequestKind = (typeof groupKinds)[number];

/** Whether the request is about a group. */
export function isGroupRequest(request: QueuedRequest): request is QueuedRequest & { readonly kind: GroupRequestKind } {
  return groupKinds.some((kind) => kind === request.kind);
}

/** The relay knows a change that this device did not when it made the request. */
const changedCode = 409;
/** Its text, so that it is told from other conflicts. */
const changedText = 'group-changed';
/** Nothing is there to be changed: done already, or done by somebody else. */
const goneCode = 404;
/** Kinds of wishes that somebody else may have carried out, or that are nobody's any more. */
const mayBeDone: readonly GroupWish['kind'][] = ['add-device', 'remove', 'renew'];

/** What was refused, and how the order ends. */
interface RefusedOrder {
  readonly code: number;
  readonly message: string;
}

/** Carries out the answer to a request about a group. `refused` decides about codes that mean nothing special here. Rejects with `StoreError`. */
export async function takeGroupAnswer(
  core: Core,
  request: QueuedRequest & { readonly kind: GroupRequestKind },
  answer: Uint8Array,
  refused: (code: number) => Outcome,
): Promise<Outcome> {
  const { kind, group } = request;
  const response = requests[kind].decodeResponse(answer);
  if (group === undefined) throw new InternalError('no-group', 'a request about a group names none');
  if (kind === 'send_group_msg') return response.ok ? done(core, request) : messageRefused(core, request, response.code, refused);
  const order = orderOf(core, request, group);
  if (order === undefined) return withoutOrder(core, request, group);
  // Whom the relay does not know in the group has left it: the answer to an earlier attempt may have been lost.
  const isLeft = order.wish.kind === 'leave' && !response.ok && response.code === goneCode;
  if (response.ok || isLeft) return accepted(core, request, order, answer);
  if (response.code === changedCode && response.message === changedText) return again(core, request, order);
  if (response.code === goneCode && mayBeDone.includes(order.wish.kind)) return nothingToDo(core, request, order);
  const outcome = refused(response.code);
  if (outcome !== 'aside') return outcome;
  noteRefused(core, order);
  await end(core, request, order, orderRefused(response));
  return 'done';
}

function orderRefused({ code, message }: RefusedOrder): ProtocolError {
  return new ProtocolError('group-request-refused', `the relay refused the change of the group with code ${code}: ${message}`);
}

/** The order of `request`, as memory has it; certain in a step that holds the group's lock, while otherwise the state may be being loaded. */
function orderOf({ orders }: Core, request: QueuedRequest, group: GroupAddress): GroupOrder | undefined {
  return orders.of(group).find(({ sequence }) => sequence === request.order);
}

/** A request whose order has ended is over. What had only not been loaded is asked again: without its request the order would wait for ever. */
function withoutOrder(core: Core, request: QueuedRequest, group: GroupAddress): Promise<Outcome> {
  return core.steps.run<Outcome>([groupLock(group)], () => {
    if (orderOf(core, request, group) !== undefined) return { writes: [], result: 'retry' };
    return { writes: [deleteOutboxEntry(request.sequence)], result: 'done' };
  });
}

async function done({ steps }: Core, { sequence }: QueuedRequest): Promise<Outcome> {
  await steps.run([], () => ({ writes: [deleteOutboxEntry(sequence)], result: undefined }));
  return 'done';
}

/** Not a member any more, or no such group: the message will never get through, so it does not stay. */
async function messageRefused(core: Core, request: QueuedRequest, code: number, refused: (code: number) => Outcome): Promise<Outcome> {
  const outcome = refused(code);
  if (outcome !== 'aside') return outcome;
  const { kind, device, group, messageId } = request;
  await done(core, request);
  core.events.emit({ type: 'request-dropped', request: kind, device, group, messageId });
  return 'done';
}

/** Takes in what waited and makes the request anew. */
async function again(core: Core, request: QueuedRequest, order: GroupOrder): Promise<Outcome> {
  const { steps, orders, groupWork, options } = core;
  await steps.run([groupLock(order.group)], () => {
    const plan = new Plan().write(deleteOutboxEntry(request.sequence));
    if (orderOf(core, request, order.group) === undefined) return plan.finish(undefined);
    plan.add(orders.mark(order, false));
    return plan.afterwards(() => groupWork.released(order.group)).finish(undefined);
  });
  // What the relay means may still be on its way here: the next push of the group wakes the work sooner.
  options.clock.schedule(retryWait, () => groupWork.wake(order.group));
  return 'done';
}

/** Wait before a request that came too early is made anew, ms, unless a push of the group comes first. */
const retryWait = 1_000;

/** A device that somebody else adds is heard of by a push; users who are gone are gone. */
async function nothingToDo(core: Core, request: QueuedRequest, order: GroupOrder): Promise<Outcome> {
  noteRefused(core, order);
  await end(core, request, order, undefined);
  return 'done';
}

/** What was asked for of itself is not asked for again on this connection. */
function noteRefused({ groupWork, account }: Core, { group, wish }: GroupOrder): void {
  if (wish.kind === 'add-device') groupWork.refuse(group, deviceKey(wish.device));
  if (wish.kind === 'renew') groupWork.refuse(group, deviceKey(account.address));
}

/** Ends an order without a change of the group. */
async function end(core: Core, request: QueuedRequest, order: GroupOrder, error: E2eeError | undefined): Promise<void> {
  const { steps, orders, groupWork } = core;
  await steps.run([groupLock(order.group)], () => {
    const plan = new Plan().write(deleteOutboxEntry(request.sequence));
    if (orderOf(core, request, order.group) === undefined) return plan.finish(undefined);
    plan.add(orders.drop(order));
    plan.afterwards(() => {
      if (error === undefined) orders.done(order, order.group);
      else orders.failed(order, error);
      groupWork.released(order.group);
    });
    return plan.finish(undefined);
  });
}

async function accepted(core: Core, request: QueuedRequest, order: GroupOrder, answer: Uint8Array): Promise<Outcome> {
  const { events } = core;
  try {
    await carryOut(core, request, order, answer);
  } catch (error) {
    if (!(error instanceof E2eeError) || error instanceof InternalError || error instanceof StoreError) throw error;
    // The relay has changed the group, but not as it was asked to: the group cannot be used from here.
    const { group, wish } = order;
    events.emit({ type: 'group-change-refused', group, change: changeOf[wish.kind], by: core.account.address, code: error.code });
    await end(core, request, order, error);
  }
  return 'done';
}

const changeOf = {
  create: 'create-group',
  add: 'add-group-members',
  'add-device': 'add-group-member-device',
  remove: 'remove-group-members',
  renew: 'remove-group-members',
  leave: 'leave-group',
} as const satisfies Record<GroupWish['kind'], string>;

function carryOut(core: Core, request: QueuedRequest, order: GroupOrder, answer: Uint8Array): Promise<void> {
  switch (order.wish.kind) {
    case 'create':
      return groupCreated(core, request, order, requests.create_group.decodeResponse(answer), order.wish);
    case 'add':
      return membersAdded(core, request, order, requests.add_group_members.decodeResponse(answer));
    case 'add-device':
      return deviceAdded(core, request, order, requests.add_group_member_device.decodeResponse(answer));
    case 'remove':
    case 'renew':
      return membersRemoved(core, request, order, requests.remove_group_members.decodeResponse(answer));
    case 'leave':
      return groupLeft(core, request, order);
  }
}

/** Runs a step with the locks of the group and of everybody who gets keys; the plan already ends request and order. */
function step(
  core: Core,
  request: QueuedRequest,
  order: GroupOrder,
  group: GroupAddress,
  devices: readonly GroupDevice[],
  fill: (plan: Plan) => Promise<void>,
): Promise<void> {
  const keys = [groupLock(order.group), groupLock(group), ...devices.map(({ address }) => userLock(address))];
  return core.steps.run(keys, async (): Promise<Transition<void>> => {
    const plan = new Plan().write(deleteOutboxEntry(request.sequence));
    // It may have ended in a commit whose outcome was not known until the state was loaded.
    if (orderOf(core, request, order.group) === undefined) return plan.finish(undefined);
    plan.add(core.orders.drop(order));
    await fill(plan);
    plan.afterwards(() => {
      core.orders.done(order, group);
      core.groupWork.released(order.group);
      core.groupWork.released(group);
    });
    return plan.finish(undefined);
  });
}

/** A seed that the keys of an epoch are made of; wiped at the end. */
async function withSeed(core: Core, use: (seed: Secret<'GroupSeed'>) => Promise<void>): Promise<void> {
  const bytes = allocateSecret(groupSeedLength);
  core.options.random.fill(bytes);
  using seed = new Secret<'GroupSeed'>(bytes);
  await use(seed);
}

function groupCreated(
  core: Core,
  request: QueuedRequest,
  order: GroupOrder,
  response: ResponseOf<'create_group'>,
  { name, members }: Extract<GroupWish, { kind: 'create' }>,
): Promise<void> {
  if (!response.ok) throw new InternalError('not-accepted', 'a refused answer was taken for an accepted one');
  const { group: address, devices: listed } = response.value;
  return step(core, request, order, address, listed, async (plan) => {
    if (core.groups.find(address) !== undefined)
      throw new ProtocolError('known-group', 'the relay gave the new group the address of another');
    requireAllMembers(members, listed);
    const devices = vetted(core, plan, listed);
    const sessionId = asSessionId(randomId(core.options.random));
    const { suite } = core.account.account;
    await withSeed(core, async (seed) => {
      const own = { suite, address, name, members, devices, sessionId, seed };
      const change = await core.options.asymmetric.run(openEpoch(selfOf(core), own));
      await putGroupChange(core, plan, undefined, change);
    });
    plan.afterwards(() => core.events.emit({ type: 'group-created', group: address, name, members, by: core.account.address }));
  });
}

/** Every member has a device in the list. Spec: group.md §3. */
function requireAllMembers(members: readonly GroupMember[], devices: readonly GroupDevice[]): void {
  const found = devices.flatMap(({ address }) => memberOf(members, address) ?? []);
  if (members.every((member) => found.includes(member))) return;
  throw new ProtocolError('group-members', 'the relay lists no device of a member');
}

function membersAdded(core: Core, request: QueuedRequest, order: GroupOrder, response: ResponseOf<'add_group_members'>): Promise<void> {
  if (!response.ok) throw new InternalError('not-accepted', 'a refused answer was taken for an accepted one');
  const { members, addingDevices: listed, addedMembers } = response.value;
  return step(core, request, order, order.group, listed, async (plan) => {
    const addingDevices = vetted(core, plan, listed);
    const change = { members, addingMembers: addedMembers, addingDevices };
    const { name } = await added(core, plan, 'add_group_members', request, order, (common) => ({
      ...common,
      ...change,
      group: { ...common.group, members },
    }));
    const { group } = order;
    plan.afterwards(() =>
      core.events.emit({ type: 'group-members-added', group, name, members, added: addedMembers, by: core.account.address }),
    );
  });
}

function deviceAdded(
  core: Core,
  request: QueuedRequest,
  order: GroupOrder,
  response: ResponseOf<'add_group_member_device'>,
): Promise<void> {
  if (!response.ok) throw new InternalError('not-accepted', 'a refused answer was taken for an accepted one');
  const { members, addingDevice: listed } = response.value;
  return step(core, request, order, order.group, [listed], async (plan) => {
    const [addingDevice = listed] = vetted(core, plan, [listed]);
    await added(core, plan, 'add_group_member_device', request, order, (common) => ({
      ...common,
      addingDevice,
      group: { ...common.group, members },
    }));
    const { group } = order;
    plan.afterwards(() => core.events.emit({ type: 'group-device-added', group, device: listed.address, by: core.account.address }));
  });
}

type Added = Parameters<typeof addedDevices>[2];
type AddedCommon = Pick<Added, 'suite' | 'sender' | 'sequence' | 'group'>;

/** Adds our own add, from the position that the request named: nothing was sealed since it was made. */
async function added(
  core: Core,
  plan: Plan,
  kind: 'add_group_members' | 'add_group_member_device',
  request: QueuedRequest,
  order: GroupOrder,
  complete: (common: AddedCommon) => Added,
): Promise<{ readonly name: string }> {
  const opened = await core.groups.open(order.group);
  const sent = await core.store.loadOutboxEntry(request.sequence);
  if (opened === undefined || sent === undefined) throw unknownGroup();
  const { sequence } = requests[kind].decodeRequest(sent.body);
  const { suite, address, name, members } = opened.group;
  const { address: sender } = core.account;
  const change = complete({ suite, sender, sequence, group: { name, address, members } });
  await putGroupChange(core, plan, opened, await core.options.asymmetric.run(addedDevices(selfOf(core), opened.group, change, 'hold')));
  return { name };
}

function membersRemoved(
  core: Core,
  request: QueuedRequest,
  order: GroupOrder,
  response: ResponseOf<'remove_group_members'>,
): Promise<void> {
  if (!response.ok) throw new InternalError('not-accepted', 'a refused answer was taken for an accepted one');
  const { members, devices: listed, removedMembers: removed } = response.value;
  return step(core, request, order, order.group, listed, async (plan) => {
    const opened = await core.groups.open(order.group);
    if (opened === undefined) throw unknownGroup();
    const { suite, address, name } = opened.group;
    const devices = vetted(core, plan, listed);
    const sessionId = asSessionId(randomId(core.options.random));
    await withSeed(core, async (seed) => {
      const own = { suite, address, name, members, devices, sessionId, seed };
      const change = await core.options.asymmetric.run(openEpoch(selfOf(core), own, opened.group));
      await putGroupChange(core, plan, opened, change);
    });
    if (order.wish.kind === 'renew') return;
    plan.afterwards(() =>
      core.events.emit({ type: 'group-members-removed', group: address, name, members, removed, by: core.account.address }),
    );
  });
}

function groupLeft(core: Core, request: QueuedRequest, order: GroupOrder): Promise<void> {
  return step(core, request, order, order.group, [], async (plan) => {
    const opened = await core.groups.open(order.group);
    if (opened !== undefined) await dropGroup(core, plan, opened);
    plan.afterwards(() => core.events.emit({ type: 'group-left', group: order.group }));
  });
}
