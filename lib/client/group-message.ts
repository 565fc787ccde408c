/** Messages of groups that arrive: verified, opened, or kept until they can be. Spec: group.md §2. */
import { type GroupAddress, groupKey, sameDevice } from '../base/address.js';
import { DecodeError, E2eeError, InternalError, StoreError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { type Epoch, chainOf } from '../group/epoch.js';
import { isSignedBy, openGroupMessage } from '../group/group-message.js';
import { epochOf } from '../group/group.js';
import type { MemberChain } from '../group/member-chain.js';
import { memberOf } from '../group/membership.js';
import { type HeldGroupMessage, putHeldGroupMessage } from '../store/client/group-queue-rows.js';
import { isGroupAddress } from '../wire/address.js';
import type { GroupMessage } from '../wire/group.js';
import { type Envelope, decodeEnvelope } from '../wire/message.js';
import type { Core } from './core.js';
import type { LoadedGroup } from './group-book.js';
import { groupLock, userLock } from './lock-names.js';
import { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';

/** A message of a group, as far as its addresses are right. */
export interface GroupEnvelope extends Envelope {
  readonly to: GroupAddress;
  readonly payload: { readonly kind: 'group'; readonly message: GroupMessage };
}

/** Whether `envelope` carries a message of a group. */
export function isGroupEnvelope(envelope: Envelope): envelope is GroupEnvelope {
  return envelope.payload.kind === 'group' && isGroupAddress(envelope.to);
}

/** What trying to open a message led to. */
type Tried =
  | { readonly kind: 'opened' }
  /** What it needs may still come. */
  | { readonly kind: 'early'; readonly code: string }
  | { readonly kind: 'refused'; readonly code: string; readonly state: Handled };

/** A verdict on a signature that is under way or known, and the key it is about. */
interface Verdict {
  readonly signingKey: Uint8Array;
  readonly isAuthentic: boolean | Promise<boolean>;
}

const verdicts = new WeakMap<GroupEnvelope, Verdict>();

/** Codes of messages that another change or other keys may make readable. */
const earlyCodes: readonly string[] = ['unknown-chain', 'not-authentic', 'gap-too-large'];

/** Begins to verify the signature before the message's turn comes: those that arrive together are verified in one batch. */
export function verifyAhead({ groups, options }: Core, envelope: GroupEnvelope): void {
  const loaded = groups.peek(envelope.to);
  const epoch = loaded === undefined ? undefined : epochOf(loaded.group, envelope.sessionId);
  const chain = epoch === undefined ? undefined : chainOf(epoch, envelope.from);
  if (loaded === undefined || chain === undefined) return;
  const isAuthentic = options.asymmetric.run(isSignedBy(loaded.group.suite, chain.signingKey, envelope.payload.message));
  // Whoever needs the verdict sees the failure; nobody may.
  if (isAuthentic instanceof Promise) isAuthentic.catch(() => undefined);
  verdicts.set(envelope, { signingKey: chain.signingKey, isAuthentic });
}

/** Adds the effect of a message that has just come. Throws `StoreError`. */
export async function receiveGroupMessage(core: Core, plan: Plan, envelope: GroupEnvelope, encoded: Uint8Array): Promise<Handled> {
  const { events } = core;
  const { from, to, sessionId, messageId } = envelope;
  const tried = await tryToOpen(core, plan, envelope);
  switch (tried.kind) {
    case 'opened':
      return handled.succeeded;
    case 'refused':
      plan.afterwards(() => events.emit({ type: 'undecryptable', from, sessionId, messageId, code: tried.code }));
      return tried.state;
    case 'early':
      if (!(await hold(core, plan, to, encoded))) {
        plan.afterwards(() => events.emit({ type: 'undecryptable', from, sessionId, messageId, code: tried.code }));
        return handled.failedDecryption;
      }
      plan.afterwards(() => events.emit({ type: 'group-message-held', from, group: to, messageId, code: tried.code }));
      return handled.succeeded;
  }
}

/** Opens a message into the plan, if it can be opened now. */
async function tryToOpen(core: Core, plan: Plan, envelope: GroupEnvelope): Promise<Tried> {
  const { account, groups, options } = core;
  const { from, to, sessionId, payload } = envelope;
  const refused = (code: string, state: Handled = handled.failedDecryption): Tried => ({ kind: 'refused', code, state });
  if (sameDevice(from, account.address)) return refused('wrong-sender');
  const opened = await groups.open(to);
  if (opened === undefined) return { kind: 'early', code: 'unknown-group' };
  const { group } = opened;
  // Whoever was removed is not listened to, whatever keys it still has.
  if (memberOf(group.members, from) === undefined) return refused('not-a-member');
  const epoch = epochOf(group, sessionId);
  if (epoch === undefined) return { kind: 'early', code: 'unknown-session' };
  const chain = chainOf(epoch, from);
  if (chain === undefined) return { kind: 'early', code: 'unknown-chain' };
  if (!(await isAuthentic(core, envelope, opened, chain))) return refused('bad-signature', handled.failedSignature);
  const skipped = await groups.skipped(opened, epoch, from);
  try {
    const result = await options.asymmetric.run(openGroupMessage(chain, epoch.generation, skipped.keys, payload.message));
    plan.add(groups.changeChain(opened, epoch, result.chain, result)).retire(result.retired);
    plan.create(secretsOfNew(epoch, result.chain));
    await toInbox(core, plan, envelope, result.plaintext);
    return { kind: 'opened' };
  } catch (error) {
    if (!(error instanceof E2eeError) || error instanceof InternalError || error instanceof StoreError) throw error;
    // A number that is behind us may be the first of a generation whose add has not come yet.
    const isNews = error.code === 'duplicate' && !(await core.peers.delivered(from)).has(envelope.messageId);
    return isNews || earlyCodes.includes(error.code) ? { kind: 'early', code: error.code } : refused(error.code);
  }
}

function secretsOfNew(epoch: Epoch, chain: MemberChain): { wipe(): void }[] {
  const known = new Set(chainOf(epoch, chain.device)?.positions ?? []);
  return chain.positions.filter((position) => !known.has(position)).map(({ chainKey }) => chainKey.key);
}

async function isAuthentic(core: Core, envelope: GroupEnvelope, { group }: LoadedGroup, chain: MemberChain): Promise<boolean> {
  const verdict = verdicts.get(envelope);
  if (verdict?.signingKey === chain.signingKey) return verdict.isAuthentic;
  return core.options.asymmetric.run(isSignedBy(group.suite, chain.signingKey, envelope.payload.message));
}

async function toInbox(core: Core, plan: Plan, { from, to, messageId }: GroupEnvelope, bytes: Uint8Array): Promise<void> {
  const { inbox, peers, events, options } = core;
  const delivered = await peers.delivered(from);
  // Sealed anew in a later epoch because the sender could not know that it had arrived. Design D6.
  if (delivered.has(messageId)) return;
  const added = inbox.add({ kind: 'group-message', from, group: to, messageId, receivedAt: options.clock.now(), bytes });
  plan.add(delivered.add(messageId)).add(added);
  plan.afterwards(() => {
    added.arrived();
    events.emit({ type: 'group-message', from, group: to, messageId });
  });
}

/** Adds a message to those that wait for keys or changes; whether there was room. The oldest of the group gives way. */
async function hold(core: Core, plan: Plan, group: GroupAddress, envelope: Uint8Array): Promise<boolean> {
  const { groupHeld, store, options } = core;
  if (groupHeld.count(group) >= limits.heldGroupMessages) {
    const [oldest] = await store.loadHeldGroupMessages(group);
    if (oldest !== undefined) giveUp(core, plan, oldest);
  } else if (groupHeld.total >= limits.heldGroupMessagesInAll) return false;
  const heldAt = options.clock.now();
  plan.add(groupHeld.add(group, 1, (sequence) => putHeldGroupMessage({ sequence, group, envelope, heldAt })));
  return true;
}

/** Adds the end of a message that nothing came for. */
function giveUp({ groupHeld, events }: Core, plan: Plan, { group, sequence, envelope }: HeldGroupMessage): void {
  const held = decodeEnvelope(envelope);
  plan.add(groupHeld.remove(group, [sequence]));
  plan.afterwards(() =>
    events.emit({ type: 'undecryptable', from: held.from, sessionId: held.sessionId, messageId: held.messageId, code: 'not-opened' }),
  );
}

/** Shapes of groups for which everything that waits has been tried. */
const triedShapes = new WeakMap<Core, Map<string, number>>();

/** Tries everything that waits for `group` again, in order, if the group has changed since the last time. Rejects with `StoreError`. */
export async function retryHeld(core: Core, group: GroupAddress): Promise<void> {
  const { groupHeld, groups, store, steps } = core;
  if (groupHeld.count(group) === 0) return;
  const shapes = triedShapes.get(core) ?? new Map<string, number>();
  triedShapes.set(core, shapes);
  const key = groupKey(group);
  const shape = groups.peek(group)?.shape ?? 0;
  if (shapes.get(key) === shape) return;
  for (const held of await store.loadHeldGroupMessages(group)) {
    const envelope = groupEnvelopeOf(held);
    const keys = envelope === undefined ? [groupLock(group)] : [groupLock(group), userLock(envelope.from)];
    await steps.run(keys, async () => {
      const plan = new Plan();
      if (envelope === undefined) giveUp(core, plan, held);
      else await tryHeld(core, plan, held, envelope);
      return plan.finish(undefined);
    });
  }
  shapes.set(key, shape);
}

async function tryHeld(core: Core, plan: Plan, held: HeldGroupMessage, envelope: GroupEnvelope): Promise<void> {
  const { groupHeld, events, options } = core;
  const { from, sessionId, messageId } = envelope;
  const tried = await tryToOpen(core, plan, envelope);
  if (tried.kind === 'early') {
    if (options.clock.now() - held.heldAt > limits.heldGroupTime) giveUp(core, plan, held);
    return;
  }
  plan.add(groupHeld.remove(held.group, [held.sequence]));
  if (tried.kind === 'refused') {
    plan.afterwards(() => events.emit({ type: 'undecryptable', from, sessionId, messageId, code: tried.code }));
  }
}

/** A row that an older version may have written in another form is given up. */
function groupEnvelopeOf({ envelope }: HeldGroupMessage): GroupEnvelope | undefined {
  try {
    const found = decodeEnvelope(envelope);
    return isGroupEnvelope(found) ? found : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
