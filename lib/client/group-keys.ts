/**
 * Group keys that travel between devices inside one-to-one messages. Spec: group.md §3 to §6.
 *
 * Owns: handing out the keys that a change of a group asks for, and using those that came, whenever what they belong to is known. Does not
 * own: which keys belong to what (lib/group).
 */
import { type DeviceAddress, type GroupAddress, deviceKey, sameDevice, sameGroup } from '../base/address.js';
import { type SessionId, asMessageId } from '../base/brand.js';
import { DecodeError, E2eeError, InternalError, ProtocolError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { randomId } from '../base/random.js';
import { sendingChain } from '../group/epoch.js';
import { type Group, type GroupChange, type KeysFor, type Self, currentEpoch, hasLeftSince } from '../group/group.js';
import { type BundleOutcome, carriedOut, isLeftOver, leftOver, takeChain, takeSeed } from '../group/key-bundle.js';
import { memberOf } from '../group/membership.js';
import type { ReadySession } from '../session/session.js';
import { putReceivedGroupKeys, type ReceivedGroupKeys } from '../store/client/group-queue-rows.js';
import type { MessageOrigin } from '../store/client/queue-rows.js';
import type { GroupPreKeyBundle, GroupUpdateKeyBundle } from '../wire/group.js';
import { type Content, decodeContent, encodeContent, notificationLevels } from '../wire/message.js';
import { approvalOf } from './approval.js';
import type { Core } from './core.js';
import type { LoadedGroup } from './group-book.js';
import { groupLock, userLock } from './lock-names.js';
import { deliver } from './mailer.js';
import { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';
import { codeOfError, concernsOneThing } from './set-aside-pushes.js';
import type { Transition } from './step.js';

/** This device as the group core wants it. */
export function selfOf({ account }: Core): Self {
  return { address: account.address, signingKey: account.account.identity.signing.publicKey };
}

/** Whether messages can be sealed for the group. */
export function canSeal(core: Core, group: Group): boolean {
  const epoch = currentEpoch(group);
  return epoch?.sessionId !== undefined && sendingChain(epoch, core.account.address) !== undefined;
}

/** Adds a changed group: its rows, the keys that others are owed, what follows from it. Holds the locks of everybody who gets keys. Throws `StoreError`. */
export async function putGroupChange(core: Core, plan: Plan, before: LoadedGroup | undefined, change: GroupChange): Promise<void> {
  const { group, keys, retired, created } = change;
  plan
    .create(created)
    .retire(retired)
    .add(await core.groups.change(before, group));
  await handOut(core, plan, group, keys);
  if (canSeal(core, group) && (before === undefined || !canSeal(core, before.group))) {
    plan.afterwards(() => core.events.emit({ type: 'group-ready', group: group.address }));
  }
  plan.afterwards(() => core.groupWork.wake(group.address));
}

/** Adds the delivery of `keys`; their secrets are wiped. A device that has no session yet is invited, and gets them when it has answered. */
async function handOut(core: Core, plan: Plan, group: Group, keys: readonly KeysFor[]): Promise<void> {
  const { options, peers, sessions, inviter, account } = core;
  const owed = new Map<string, { readonly device: DeviceAddress; readonly messages: MessageOrigin[] }>();
  for (const { devices, ...content } of keys) {
    const encoded = encodeContent(content);
    plan.borrow(encoded);
    if (content.kind === 'group-update-key-bundle') content.bundle.chainKey.wipe();
    for (const device of devices) {
      // An add that waited for keys may name a device that has gone since.
      if (sameDevice(device, account.address) || peers.find(device)?.isGone === true) continue;
      const message = { messageId: asMessageId(randomId(options.random)), notification: notificationLevels.session, content: encoded };
      const known = owed.get(deviceKey(device));
      if (known === undefined) owed.set(deviceKey(device), { device, messages: [message] });
      else known.messages.push(message);
    }
  }
  for (const { device, messages } of owed.values()) {
    plan.add(peers.meet(device, options.clock.now(), approvalOf(core, device)));
    await deliver(core, plan, device, await withoutStaleKeys(core, plan, group, device, messages));
    if (sessions.ofDevice(device).length === 0) plan.afterwards(() => inviter.want(device, device.deviceId));
  }
}

/**
 * Takes out what waits for `device` of earlier adds to the group of `messages`, and of epochs from which it has been removed since: it would take them for
 * those of the last add, and of what came after it. Gives what is to be delivered. Throws `StoreError`.
 */
async function withoutStaleKeys(
  core: Core,
  plan: Plan,
  group: Group,
  device: DeviceAddress,
  messages: readonly MessageOrigin[],
): Promise<readonly MessageOrigin[]> {
  const { pending } = core;
  if (pending.count(device) === 0) return messages;
  const isAdded = messages.some(({ content }) => groupKeysIn(content)?.isForAdded === true);
  // Much may wait for a device that is away: it is read only when something of it can be stale.
  if (!isAdded && group.epochs.every(({ members }) => memberOf(members, device) !== undefined)) return messages;
  const waiting = await pending.take(device);
  const isStale = ({ content }: MessageOrigin): boolean => {
    const keys = groupKeysIn(content);
    if (keys?.group === undefined || !sameGroup(keys.group, group.address)) return false;
    return (isAdded && keys.isForAdded) || hasLeftSince(group, keys.sessionId, device);
  };
  const stale = new Set(waiting.messages.filter(isStale));
  const dropped = stale.size === 0 ? waiting.messages : stale;
  for (const { content } of dropped) content.fill(0);
  if (stale.size === 0) return messages;
  const kept = waiting.messages.filter((message) => !stale.has(message));
  plan.add(waiting.change);
  return [...kept, ...messages];
}

/**
 * Adds keys that came inside a one-to-one message: stored as they are, used in a step of their own under the group's lock. Those of a session that we
 * have given up are refused: the state that was lost may have used them already.
 */
export function receiveKeys(
  core: Core,
  plan: Plan,
  { theirAddress: from, sessionId }: ReadySession,
  content: Extract<Content, { kind: 'group-pre-key-bundle' | 'group-update-key-bundle' }>,
): Handled {
  const { groupKeys, groupWork, events, options, sessions } = core;
  const { bundle } = content;
  const group = bundle.group.address;
  const refuse = (code: string): Handled => {
    wipeKeys(content);
    plan.afterwards(() => events.emit({ type: 'group-change-refused', group, change: 'keys', by: from, code }));
    return handled.failedDecryption;
  };
  if (group === undefined) return refuse('group-address');
  if (!sameDevice(bundle.sender, from)) return refuse('wrong-sender');
  if (sessions.givenUpBy(sessionId) === 'us') return refuse('session-given-up');
  if (groupKeys.count(group) >= limits.receivedGroupKeys || groupKeys.total >= 2 * limits.receivedGroupKeys) return refuse('too-many-keys');
  const encoded = encodeContent(content);
  wipeKeys(content);
  const receivedAt = options.clock.now();
  plan.borrow(encoded);
  plan.add(groupKeys.add(group, 1, (sequence) => putReceivedGroupKeys({ sequence, group, from, content: encoded, receivedAt })));
  plan.afterwards(() => {
    events.emit({ type: 'group-keys-received', group, from });
    groupWork.wake(group);
  });
  return handled.succeeded;
}

/** Uses the keys that came for `group`, as far as what they belong to is known. Rejects with `StoreError`. */
export async function useReceivedKeys(core: Core, group: GroupAddress): Promise<void> {
  if (core.groupKeys.count(group) === 0) return;
  const received = await core.store.loadReceivedGroupKeys(group);
  try {
    let used = true;
    let left: readonly ReceivedGroupKeys[] = received;
    // Keys may have waited for other keys: the device that added us names the epoch, the others follow.
    while (used) {
      used = false;
      const later: ReceivedGroupKeys[] = [];
      for (const keys of left) {
        if (await useKeys(core, group, keys)) used = true;
        else later.push(keys);
      }
      left = later;
    }
  } finally {
    for (const { content } of received) content.fill(0);
  }
}

/** Carries out the oldest add that waited for keys, now that the messages before it have been tried; whether there was one. Rejects with `StoreError`. */
export function carryOutHeld(core: Core, group: GroupAddress): Promise<boolean> {
  return withOwedLocked(core, group, async (opened) => {
    const change = opened === undefined ? undefined : await core.options.asymmetric.run(carriedOut(selfOf(core), opened.group));
    if (change === undefined) return { writes: [], result: false };
    const plan = new Plan();
    await putGroupChange(core, plan, opened, change);
    return plan.finish(true);
  });
}

/**
 * Whether the keys need not be kept any more. Those that cannot be used for a reason of their own hold nothing up: they stay, for a version without the
 * defect, as long as keys may wait.
 */
async function useKeys(core: Core, group: GroupAddress, keys: ReceivedGroupKeys): Promise<boolean> {
  try {
    return await withOwedLocked(core, group, (opened) => planKeys(core, group, opened, keys));
  } catch (error) {
    if (!concernsOneThing(error)) throw error;
    core.events.emit({ type: 'error', error, during: 'using keys of a group' });
    if (!isTooOld(core, keys)) return false;
    return core.steps.run([groupLock(group)], () => dropKeys(core, group, keys, codeOfError(error)));
  }
}

function isTooOld({ options }: Core, { receivedAt }: ReceivedGroupKeys): boolean {
  return options.clock.now() - receivedAt > limits.heldGroupTime;
}

/** Results in true: the keys need not be kept. */
function dropKeys(
  { groupKeys, events }: Core,
  group: GroupAddress,
  { sequence, from }: ReceivedGroupKeys,
  code?: string,
): Transition<boolean> {
  const plan = new Plan().add(groupKeys.remove(group, [sequence]));
  if (code !== undefined) plan.afterwards(() => events.emit({ type: 'group-change-refused', group, change: 'keys', by: from, code }));
  return plan.finish(true);
}

/** Runs a step with the locks of the group and of everybody who is owed keys, which is known under the group's lock only. */
async function withOwedLocked(
  core: Core,
  group: GroupAddress,
  transition: (opened: LoadedGroup | undefined) => Promise<Transition<boolean>>,
): Promise<boolean> {
  let locked: ReadonlySet<string> = new Set();
  for (;;) {
    const users = locked;
    const outcome = await core.steps.run<boolean | ReadonlySet<string>>([groupLock(group), ...users], async () => {
      const opened = await core.groups.open(group);
      const owed = opened === undefined ? new Set<string>() : usersOwed(opened.group);
      if ([...owed].some((user) => !users.has(user))) return { writes: [], result: owed };
      return transition(opened);
    });
    if (typeof outcome === 'boolean') return outcome;
    locked = outcome;
  }
}

/** Locks of the users of devices that are being added and have not got the own key. */
function usersOwed({ epochs }: Group): Set<string> {
  return new Set(epochs.flatMap(({ open }) => open.flatMap(({ devices }) => devices.map(({ address }) => userLock(address)))));
}

async function planKeys(
  core: Core,
  group: GroupAddress,
  opened: LoadedGroup | undefined,
  keys: ReceivedGroupKeys,
): Promise<Transition<boolean>> {
  const { groupKeys, options, peers } = core;
  const { from, sequence } = keys;
  const drop = (code?: string): Transition<boolean> => dropKeys(core, group, keys, code);
  let outcome: BundleOutcome;
  let isStale: boolean;
  try {
    const content = decodeKeys(keys.content);
    isStale = opened === undefined && isForAdded(content) && core.groupWork.hasLeftWithoutKeys(group, from);
    try {
      if (content.kind === 'group-update-key-bundle' && peers.hasOtherSigningKey(from, content.bundle.signingKey)) {
        return drop('identity-changed');
      }
      outcome = await options.asymmetric.run(
        content.kind === 'group-pre-key-bundle'
          ? takeSeed(selfOf(core), opened?.group, from, content.bundle, 'hold')
          : takeChain(selfOf(core), opened?.group, from, content.bundle, 'hold'),
      );
    } finally {
      wipeKeys(content);
    }
  } catch (error) {
    if (!(error instanceof E2eeError) || error instanceof InternalError) throw error;
    return drop(error.code);
  }
  if (outcome.kind === 'known') return drop();
  if (outcome.kind === 'later' && (isStale || isTooOld(core, keys))) return drop('unannounced');
  // The device that added us may be away for long; without these keys it would be in vain when it comes back.
  if (outcome.kind !== 'taken') return { writes: [], result: false };
  const plan = new Plan().add(groupKeys.remove(group, [sequence]));
  await putGroupChange(core, plan, opened, outcome.change);
  return plan.finish(true);
}

type KeyContent =
  | { readonly kind: 'group-pre-key-bundle'; readonly bundle: GroupPreKeyBundle }
  | { readonly kind: 'group-update-key-bundle'; readonly bundle: GroupUpdateKeyBundle };

function decodeKeys(encoded: Uint8Array): KeyContent {
  const content = decodeContent(encoded, encoded.length);
  if (content.kind === 'group-pre-key-bundle' || content.kind === 'group-update-key-bundle') return content;
  throw new DecodeError('malformed', 'the stored content carries no group keys');
}

function wipeKeys(content: KeyContent): void {
  if (content.kind === 'group-pre-key-bundle') content.bundle.seed.wipe();
  else content.bundle.chainKey.wipe();
}

/** Whether the keys are those that the inviter of a device hands to it. */
function isForAdded(content: KeyContent): boolean {
  return content.kind === 'group-update-key-bundle' && content.bundle.adding;
}

/** What group keys are for. */
interface GroupKeysAbout {
  readonly group: GroupAddress | undefined;
  readonly sessionId: SessionId;
  /** Their sender has added the device that gets them. */
  readonly isForAdded: boolean;
}

/** What the group keys in an encoded content are for; `undefined`: it carries none. */
export function groupKeysIn(encoded: Uint8Array): GroupKeysAbout | undefined {
  const content = decodeContent(encoded, encoded.length);
  if (content.kind !== 'group-pre-key-bundle' && content.kind !== 'group-update-key-bundle') return undefined;
  wipeKeys(content);
  const { group, sessionId } = content.bundle;
  return { group: group.address, sessionId, isForAdded: isForAdded(content) };
}

/** An encoded content that waits to be sent, as it goes out after this device has gone on with an earlier store; `plan` wipes what is new of it. */
export function asLeftOver(plan: Plan, encoded: Uint8Array): Uint8Array {
  const content = decodeContent(encoded, encoded.length);
  if (content.kind === 'group-update-key-bundle') wipeKeys(content);
  if (content.kind !== 'group-pre-key-bundle') return encoded;
  const next = encodeContent({ ...content, bundle: leftOver(content.bundle) });
  wipeKeys(content);
  plan.borrow(next);
  return next;
}

/** How many seeds of epochs have come from `from`, as it handed them out first, and wait to be used. Rejects with `StoreError`. */
export async function waitingSeeds({ groupKeys, store }: Core, group: GroupAddress, from: DeviceAddress): Promise<number> {
  if (groupKeys.count(group) === 0) return 0;
  const received = await store.loadReceivedGroupKeys(group);
  try {
    return received.filter((keys) => sameDevice(keys.from, from) && isFirstSeed(keys.content)).length;
  } finally {
    for (const { content } of received) content.fill(0);
  }
}

function isFirstSeed(encoded: Uint8Array): boolean {
  const content = decodeKeys(encoded);
  wipeKeys(content);
  return content.kind === 'group-pre-key-bundle' && !isLeftOver(content.bundle);
}

/** Why the own device may not change the group, as an error for the caller. */
export function unknownGroup(): ProtocolError {
  return new ProtocolError('no-such-group', 'this device is not in the group');
}
