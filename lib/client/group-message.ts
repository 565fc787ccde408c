/** Messages of groups that arrive: verified, opened, or kept until they can be. Spec: group.md §2. */
import { type GroupAddress, sameDevice } from '../base/address.js';
import { E2eeError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { type Epoch, chainOf } from '../group/epoch.js';
import { isSignedBy, openGroupMessage } from '../group/group-message.js';
import { epochOf, epochsOf } from '../group/group.js';
import type { MemberChain } from '../group/member-chain.js';
import { memberOf } from '../group/membership.js';
import type { HeldGroupMessage } from '../store/client/group-queue-rows.js';
import { isGroupAddress } from '../wire/address.js';
import type { GroupMessage } from '../wire/group.js';
import type { Envelope } from '../wire/message.js';
import type { Core } from './core.js';
import type { LoadedGroup } from './group-book.js';
import { envelopeOf, giveUp, hold, shapeOf } from './group-held.js';
import { groupLock, userLock } from './lock-names.js';
import { Plan } from './plan.js';
import { type Handled, handled } from './push-outcome.js';
import { concernsOneThing, setMessageAside } from './set-aside-pushes.js';
import { refuse } from './refuse.js';
import { type CodeOf, codeOf, isCodeOf } from './undecryptable.js';

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
  | { readonly kind: 'early'; readonly code: CodeOf<'group-message-held'> }
  | { readonly kind: 'refused'; readonly code: CodeOf<'group-message'>; readonly state: Handled };

/** A verdict on a signature that is under way or known, and the key it is about. */
interface Verdict {
  readonly signingKey: Uint8Array;
  readonly isAuthentic: boolean | Promise<boolean>;
}

const verdicts = new WeakMap<GroupEnvelope, Verdict>();

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
  const { from, to, messageId } = envelope;
  // What came before it has to be tried first: messages of one sender stay in order.
  const isBehind = !core.groupHeld.isTried(to, shapeOf(core, to));
  const tried: Tried = isBehind ? { kind: 'early', code: 'behind-held' } : await tryToOpen(core, plan, envelope);
  switch (tried.kind) {
    case 'opened':
      return handled.succeeded;
    case 'refused':
      refuse(core, plan, 'group-message', tried.code, envelope);
      return tried.state;
    case 'early':
      if (!(await hold(core, plan, to, encoded, !isBehind))) return refuse(core, plan, 'group-message', 'too-many-held', envelope);
      plan.afterwards(() => {
        events.emit({ type: 'group-message-held', from, group: to, messageId, code: tried.code });
        if (isBehind) core.groupWork.wake(to);
      });
      return handled.succeeded;
  }
}

function refused(code: CodeOf<'group-message'>, state: Handled = handled.failedDecryption): Tried {
  return { kind: 'refused', code, state };
}

/** Opens a message into the plan, if it can be opened now. */
async function tryToOpen(core: Core, plan: Plan, envelope: GroupEnvelope): Promise<Tried> {
  const { account, groups } = core;
  const { from, to, sessionId } = envelope;
  if (sameDevice(from, account.address)) return refused('wrong-sender');
  const opened = await groups.open(to);
  if (opened === undefined) return { kind: 'early', code: 'unknown-group' };
  const { group } = opened;
  let tried: Tried = { kind: 'early', code: 'unknown-session' };
  // In what was known of an epoch before this device was added again it may still be opened, when it was sealed before that.
  for (const [position, epoch] of epochsOf(group, sessionId).entries()) {
    const outcome = await tryInEpoch(core, plan, envelope, opened, epoch);
    if (outcome.kind === 'opened') return outcome;
    if (position === 0) tried = outcome;
  }
  return tried;
}

async function tryInEpoch(core: Core, plan: Plan, envelope: GroupEnvelope, opened: LoadedGroup, epoch: Epoch): Promise<Tried> {
  const { groups, options } = core;
  const { from, payload } = envelope;
  const chain = chainOf(epoch, from);
  if (chain === undefined) {
    const { members } = opened.group;
    const isMember = memberOf(members, from) !== undefined || memberOf(epoch.members, from) !== undefined;
    return isMember ? { kind: 'early', code: 'unknown-chain' } : refused('not-a-member');
  }
  // Who was removed since is listened to in its own epoch: the relay took the message before it carried the removal out.
  if (!(await isAuthentic(core, envelope, opened, chain))) return refused('bad-signature', handled.failedSignature);
  const skipped = await groups.skipped(opened, epoch, from);
  try {
    const result = await options.asymmetric.run(openGroupMessage(chain, epoch.generation, skipped.keys, payload.message));
    plan.add(groups.changeChain(opened, epoch, result.chain, result)).retire(result.retired);
    plan.create(secretsOfNew(epoch, result.chain));
    await toInbox(core, plan, envelope, result.plaintext);
    return { kind: 'opened' };
  } catch (error) {
    const isDuplicate = error instanceof E2eeError && error.code === 'duplicate';
    // A number that is behind us may be the first of a generation whose add has not come yet.
    const isKnown = isDuplicate && (await core.peers.delivered(from)).has(envelope.messageId);
    if (!isKnown && isCodeOf('group-message-held', error)) return { kind: 'early', code: codeOf('group-message-held', error) };
    return refused(codeOf('group-message', error));
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
  plan.add(delivered.add(messageId)).add(added.change);
  plan.afterwards(() => {
    added.arrived();
    events.emit({ type: 'group-message', from, group: to, messageId });
  });
}

/** Tries everything that waits for `group` again, in order, if the group has changed since the last time. Rejects with `StoreError`. */
export async function retryHeld(core: Core, group: GroupAddress): Promise<void> {
  const { groupHeld, store, steps } = core;
  let shape = shapeOf(core, group);
  while (!groupHeld.isTried(group, shape)) {
    // Under the lock, so that every number that was given has its row, or never gets one.
    const { below, waiting } = await steps.run([groupLock(group)], async () => {
      const result = { below: groupHeld.next(group), waiting: await store.loadHeldGroupMessages(group) };
      return { writes: [], result };
    });
    for (const held of waiting) {
      const found = envelopeOf(held);
      const envelope = found !== undefined && isGroupEnvelope(found) ? found : undefined;
      const keys = envelope === undefined ? [groupLock(group)] : [groupLock(group), userLock(envelope.from)];
      await steps
        .run(keys, async () => {
          const plan = new Plan();
          if (envelope === undefined) giveUp(core, plan, held);
          else await tryHeld(core, plan, held, envelope);
          return plan.finish(undefined);
        })
        .catch((error: unknown) => {
          if (!concernsOneThing(error)) throw error;
          // It would fail at every change of the group, and hold up all that is behind it.
          return steps.run(keys, () => {
            const plan = new Plan().add(groupHeld.remove(group, [held.sequence]));
            setMessageAside(core, plan, envelope?.from, held.envelope, error);
            return plan.finish(undefined);
          });
        });
    }
    groupHeld.markTried(group, shape, below);
    shape = shapeOf(core, group);
  }
}

async function tryHeld(core: Core, plan: Plan, held: HeldGroupMessage, envelope: GroupEnvelope): Promise<void> {
  const { groupHeld, options } = core;
  const tried = await tryToOpen(core, plan, envelope);
  if (tried.kind === 'early') {
    if (options.clock.now() - held.heldAt > limits.heldGroupTime) giveUp(core, plan, held);
    return;
  }
  plan.add(groupHeld.remove(held.group, [held.sequence]));
  if (tried.kind === 'refused') refuse(core, plan, 'group-message', tried.code, envelope);
}
