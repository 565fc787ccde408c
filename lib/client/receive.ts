/**
 * Pushes: taken in order, checked, carried out, acknowledged. Spec: one2one.md §7.
 *
 * Owns: that a push has its effect once, in one commit with the note that it was handled, and that the relay is told only after that. Does not
 * own: what each kind does (receive-*.ts).
 */
import { type GroupAddress, sameDevice } from '../base/address.js';
import { DecodeError, ProtocolError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { type PushPayload, type PushTag, type ReceivedPush, decodePayload, decodePush } from '../wire/push.js';
import type { Core } from './core.js';
import { isGroupEnvelope, verifyAhead } from './group-message.js';
import { type Begun, GroupPushes } from './group-pushes.js';
import { type GroupChangePush, devicesOwed, groupOfChange, receiveGroupChange } from './group-receive.js';
import { type Arrived, HeldPushes } from './held-pushes.js';
import { accountLock, groupLock, preKeyLock, userLock } from './lock-names.js';
import { receiveNotice } from './notices.js';
import { Plan } from './plan.js';
import { PushOrder } from './push-order.js';
import { type Handled, handled } from './push-outcome.js';
import { receiveAccept, receiveInvite } from './receive-handshake.js';
import { receiveMessage } from './receive-message.js';
import { groupsOfUser, isRestored, restores } from './receive-restored.js';
import { receiveDeviceAdded, receiveDeviceRemoved, receiveSupply } from './receive-notice.js';
import { pushTrouble } from './server-trust.js';
import { type SetAsidePush, concernsOnePush, countFailure, listSetAside } from './set-aside-pushes.js';
import type { Transition } from './step.js';
import { aboutNothing, refuse } from './refuse.js';
import { type CodeOf, codeOf } from './undecryptable.js';

/** Wait before a push is tried again whose handling has failed, ms, times the number of failures. */
const retryWait = 1_000;

/** Kinds that are authenticated end to end, or say nothing. Design D9. */
const unsignedKinds: readonly string[] = ['message', 'server-heartbeat', 'client-heartbeat'];

/** Kinds that change a group. */
const groupChangeKinds: readonly string[] = [
  'create-group',
  'add-group-members',
  'add-group-member-device',
  'remove-group-members',
  'leave-group',
];

/** A payload; none of a known kind; or one that breaks its form. */
type Decoded = PushPayload | DecodeError | undefined;

function decoded(push: ReceivedPush): Decoded {
  try {
    return decodePayload(push.payload);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

function isGroupChange(payload: PushPayload): payload is GroupChangePush {
  return groupChangeKinds.includes(payload.kind);
}

/** The group that a push is about. */
function groupOf(payload: Decoded): GroupAddress | undefined {
  if (payload === undefined || payload instanceof DecodeError) return undefined;
  if (payload.kind === 'message') return isGroupEnvelope(payload.value) ? payload.value.to : undefined;
  return isGroupChange(payload) ? groupOfChange(payload) : undefined;
}

/** Whether a push says that a device goes on with an earlier store. */
function isRestoring(push: ReceivedPush): boolean {
  if (push.payload.kind !== 'add-user-device') return false;
  const payload = decoded(push);
  return payload !== undefined && !(payload instanceof DecodeError) && restores(payload);
}

/** A push, what it carries, and the connection that brought it. */
interface Taken extends Arrived {
  readonly payload: Decoded;
  readonly epoch: number;
}

/** Takes the pushes of one client. */
export class Receiver {
  readonly #core: () => Core;
  readonly #held = new HeldPushes();
  #isFull = false;
  /** A device's giving up of what it had is being carried out: what came behind it is about its new life. */
  #isRestoring = false;
  #taking = 0;
  /** Grows with every connection: pushes of an earlier one have no effect, they come again. */
  #epoch = 0;
  readonly #order = new PushOrder();
  readonly #groupPushes = new GroupPushes<Taken>(
    (group) => this.#isBehindRequest(group),
    (taken) => new Promise((begun) => void this.#carryThrough(taken, begun)),
  );

  /** The parts of a client refer to each other, so they are looked up when they are used. */
  constructor(core: () => Core) {
    this.#core = core;
  }

  /** Takes one encoded push. Its place in the order is that of the calls. */
  take(bytes: Uint8Array): void {
    const { account, events, link, options } = this.#core();
    let push: ReceivedPush;
    try {
      push = decodePush(bytes);
    } catch (error) {
      events.emit({ type: 'error', error, during: 'decoding a push' });
      return;
    }
    if (push.payload.kind === 'server-heartbeat' && push.tag === undefined) return;
    if (!account.isRegistered || (push.tag !== undefined && !this.#order.arrived(push.tag))) return;
    if (this.#isFlooded(bytes.length)) {
      events.emit({
        type: 'error',
        error: new ProtocolError('window-ignored', 'the relay sends more pushes than may be on their way'),
        during: 'taking a push',
      });
      this.#startAnew();
      link.breakOff();
      return;
    }
    if (this.#held.count > 0 || this.#isOver() || this.#hasToWait(push)) {
      this.#held.add({ push, bytes });
      return;
    }
    options.logger.debug({ kind: push.payload.kind }, 'push');
    this.#handle({ push, bytes });
  }

  /** There may be room again: goes on with what was held. */
  resume(): void {
    const { inbox, options, events } = this.#core();
    while (!this.#isOver()) {
      const { first } = this.#held;
      if (first === undefined || this.#hasToWait(first.push)) break;
      this.#held.take();
      this.#handle(first);
    }
    const isFull = inbox.count >= options.limits.unacknowledgedMessages;
    if (isFull && !this.#isFull) events.emit({ type: 'unacknowledged-limit', count: inbox.count });
    this.#isFull = isFull;
  }

  /** The next connection brings everything again that was not acknowledged. */
  onDisconnected(): void {
    this.#startAnew();
  }

  /** The newest push of this connection up to which everything is handled and durable. */
  get newestDone(): PushTag | undefined {
    return this.#order.newestDone;
  }

  /** The pushes that were set aside, oldest first. Rejects with `StoreError`. */
  setAside(): Promise<SetAsidePush[]> {
    return listSetAside(this.#core(), (push, done) => this.#handleAgain(push, done));
  }

  /** A request of ours about a group was answered: what waited for that is handled in its order. */
  release(): void {
    this.#groupPushes.release();
    this.resume();
  }

  /**
   * Whether a push cannot be begun yet. That a device gives up what it had comes behind everything that it did before, in whatever group: what still
   * waits there would be taken for something new.
   */
  #hasToWait(push: ReceivedPush): boolean {
    if (this.#isRestoring) return true;
    if (!isRestoring(push)) return false;
    const { orders } = this.#core();
    return this.#taking > 0 || this.#groupPushes.size > 0 || orders.groups().some((group) => orders.sent(group) !== undefined);
  }

  /** Whether a push of the group has to wait: it belongs behind a change of ours whose answer has not come. */
  #isBehindRequest(group: GroupAddress): boolean {
    const { orders, groups } = this.#core();
    return orders.sent(group) !== undefined || (orders.isCreating && groups.find(group) === undefined);
  }

  /** Each push that is being handled may add one more message. */
  #isOver(): boolean {
    const { inbox, options } = this.#core();
    return inbox.count + this.#taking + this.#groupPushes.size >= options.limits.unacknowledgedMessages;
  }

  /** Whether the relay has sent so much that one more push of `length` bytes is none of an honest one: it counts what is not consumed. */
  #isFlooded(length: number): boolean {
    const unfinished = this.#held.count + this.#taking + this.#groupPushes.size + this.#core().pushes.unconsumed;
    return unfinished >= limits.unfinishedPushes || !this.#held.hasRoomFor(length);
  }

  #handle({ push, bytes }: Arrived): void {
    const payload = decoded(push);
    const group = groupOf(payload);
    const taken = { push, bytes, payload, epoch: this.#epoch };
    if (group === undefined) {
      this.#isRestoring ||= isRestoring(push);
      void this.#carryThrough(taken, () => undefined);
      return;
    }
    if (payload !== undefined && !(payload instanceof DecodeError) && payload.kind === 'message' && isGroupEnvelope(payload.value)) {
      verifyAhead(this.#core(), payload.value);
    }
    this.#groupPushes.add(group, taken);
  }

  /** Carries a push out and reports what goes wrong; `begun` is called when its transition is made, before it is stored. */
  async #carryThrough(taken: Taken, begun: (what: Begun) => void): Promise<void> {
    const { push, payload, epoch } = taken;
    const { steps, closing, link } = this.#core();
    const seen = { isBlocked: false };
    this.#taking += 1;
    try {
      const isDone = await steps.run(this.#locks(push, payload), async () => {
        const group = groupOf(payload);
        seen.isBlocked = group !== undefined && epoch === this.#epoch && this.#isBehindRequest(group);
        const transition = seen.isBlocked ? { writes: [], result: false } : await this.#transition(push, payload, epoch);
        begun(seen.isBlocked ? 'blocked' : 'carried-out');
        return transition;
      });
      if (isDone && push.tag !== undefined && epoch === this.#epoch) this.#order.done(push.tag.id);
      if (!seen.isBlocked) link.isFine();
    } catch (error) {
      begun('carried-out');
      if (closing.aborted) return;
      await this.#failed(taken, error);
    } finally {
      this.#taking -= 1;
      if (isRestoring(push)) this.#isRestoring = false;
      this.resume();
    }
  }

  /** Never rejects. */
  async #failed(taken: Taken, error: unknown): Promise<void> {
    const core = this.#core();
    const { push, bytes, epoch } = taken;
    core.events.emit({ type: 'error', error, during: `handling a push of kind ${push.payload.kind}` });
    if (!concernsOnePush(error)) {
      this.#comeAgain(epoch);
      return;
    }
    // One without an id does not come again.
    if (push.tag === undefined) return;
    const { id } = push.tag;
    try {
      const failures = await countFailure(core, push, bytes, id, error);
      if (epoch !== this.#epoch) return;
      if (failures === 'set-aside') this.#order.done(id);
      else core.options.clock.schedule(failures * retryWait, () => this.#tryAgain(taken));
    } catch (uncounted) {
      if (core.closing.aborted) return;
      core.events.emit({ type: 'error', error: uncounted, during: 'counting a failure' });
      this.#comeAgain(epoch);
    }
  }

  #tryAgain({ push, bytes, epoch }: Taken): void {
    if (epoch === this.#epoch && !this.#core().closing.aborted) this.#handle({ push, bytes });
  }

  /** What was not stored, and all that came behind it, comes again in its order over a new connection. */
  #comeAgain(epoch: number): void {
    if (epoch !== this.#epoch) return;
    this.#startAnew();
    this.#core().link.breakOff();
  }

  /** Handles a push that was set aside. What had no tag was checked before it waited in the store. */
  async #handleAgain(push: ReceivedPush, done: (plan: Plan) => void): Promise<void> {
    const payload = decoded(push);
    await this.#core().steps.run(this.#locks(push, payload), async () => {
      const group = groupOf(payload);
      if (group !== undefined && this.#isBehindRequest(group)) {
        throw new ProtocolError('group-busy', 'a change of the group is on its way');
      }
      const plan = new Plan();
      await this.#carryOut(plan, push, payload, push.tag !== undefined);
      done(plan);
      return plan.finish(undefined);
    });
  }

  /** Gives up what the connection brought and was not handled. */
  #startAnew(): void {
    this.#epoch += 1;
    this.#order.reset();
    this.#held.clear();
    this.#groupPushes.clear();
  }

  /** Fixed from what the push says, in the call that takes it: pushes about one user are carried out in the order in which they came. */
  #locks(push: ReceivedPush, payload: Decoded): string[] {
    const keys = push.tag === undefined ? [] : [`push ${push.tag.id}`];
    if (payload === undefined || payload instanceof DecodeError) return keys;
    switch (payload.kind) {
      case 'message':
        if (isGroupEnvelope(payload.value)) keys.push(groupLock(payload.value.to));
        return [...keys, userLock(payload.value.from)];
      case 'invite': {
        const { from, oneTimePreKeyId, signedPreKeyId } = payload.value;
        keys.push(userLock(from));
        if (oneTimePreKeyId !== 0) keys.push(preKeyLock(oneTimePreKeyId));
        // A renewal wipes the signed pre-key before the previous one, which this invite may still be using.
        if (this.#core().account.account.signedPreKeys[0]?.id !== signedPreKeyId) keys.push(accountLock);
        return keys;
      }
      case 'accept':
        return [...keys, userLock(payload.value.from)];
      case 'supply-one-time-pre-keys':
        return [...keys, accountLock];
      case 'add-user-device': {
        const { device } = payload.value;
        const groups = isRestored(payload.value) ? groupsOfUser(this.#core(), device) : [];
        return [...keys, userLock(device), ...groups.map(groupLock)];
      }
      case 'remove-user-device':
        return [...keys, userLock(payload.value.device)];
      case 'create-group':
      case 'add-group-members':
      case 'add-group-member-device':
      case 'remove-group-members':
      case 'leave-group': {
        const group = groupOfChange(payload);
        if (group !== undefined) keys.push(groupLock(group));
        return [...keys, ...devicesOwed(payload).map(userLock)];
      }
      default:
        return keys;
    }
  }

  /** Results in whether the push needs nothing more. */
  async #transition(push: ReceivedPush, payload: Decoded, epoch: number): Promise<Transition<boolean>> {
    if (epoch !== this.#epoch) return { writes: [], result: false };
    const { pushes, setAside } = this.#core();
    const { tag } = push;
    if (tag !== undefined && pushes.isKnown(tag.id)) {
      return { writes: [], result: true, after: () => pushes.consume(tag.id) };
    }
    const plan = new Plan();
    const state = await this.#carryOut(plan, push, payload);
    if (tag !== undefined) {
      if (setAside.triesOf(tag.id) > 0) plan.add(setAside.forget(tag.id));
      plan.add(pushes.add(tag.id, state));
      plan.afterwards(() => pushes.consume(tag.id, true));
    }
    return plan.finish(true);
  }

  async #carryOut(plan: Plan, push: ReceivedPush, payload: Decoded, isToBeChecked = true): Promise<Handled> {
    const core = this.#core();
    const { account, events, refusals } = core;
    if (!sameDevice(push.to, account.address)) return refuse(core, plan, 'push', 'wrong-recipient', aboutNothing);
    const trouble = isToBeChecked ? await this.#signatureTrouble(push) : undefined;
    if (trouble !== undefined) {
      plan.add(refusals.add(trouble));
      plan.afterwards(() => events.emit({ type: 'bad-server-signature', subject: 'push', code: trouble }));
      return handled.failedSignature;
    }
    if (payload instanceof DecodeError) return refuse(core, plan, 'push', codeOf('push', payload), aboutNothing);
    return this.#dispatch(plan, push, payload);
  }

  async #signatureTrouble(push: ReceivedPush): Promise<CodeOf<'signature'> | undefined> {
    const { options, account } = this.#core();
    const required = options.requireServerSignature === 'all' || !unsignedKinds.includes(push.payload.kind);
    if (!required && push.signatures.length === 0) return undefined;
    return options.asymmetric.run(pushTrouble(account.certificate, push, required));
  }

  async #dispatch(plan: Plan, push: ReceivedPush, payload: PushPayload | undefined): Promise<Handled> {
    const core = this.#core();
    if (payload === undefined) {
      plan.afterwards(() => core.events.emit({ type: 'unhandled-push', kind: 'unknown', from: push.from }));
      return handled.succeeded;
    }
    switch (payload.kind) {
      case 'message':
        return receiveMessage(core, plan, payload.value, push.payload.bytes);
      case 'invite':
        return receiveInvite(core, plan, payload.value);
      case 'accept':
        return receiveAccept(core, plan, payload.value);
      case 'supply-one-time-pre-keys':
        return receiveSupply(core, plan, payload.value);
      case 'add-user-device':
        return receiveDeviceAdded(core, plan, payload.value);
      case 'remove-user-device':
        return receiveDeviceRemoved(core, plan, payload.value);
      case 'create-group':
      case 'add-group-members':
      case 'add-group-member-device':
      case 'remove-group-members':
      case 'leave-group':
        return receiveGroupChange(core, plan, payload);
      default:
        return receiveNotice(core, plan, payload, push.from);
    }
  }
}
