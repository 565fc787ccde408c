/**
 * Pushes: taken in order, checked, carried out, acknowledged. Spec: one2one.md §7.
 *
 * Owns: that a push has its effect once, in one commit with the note that it was handled, and that the relay is told only after that. Does not
 * own: what each kind does (carry-out-push.ts), what becomes of one that fails (failed-pushes.ts).
 */
import type { GroupAddress } from '../base/address.js';
import { DecodeError, ProtocolError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { type PushTag, type ReceivedPush, decodePush, pushIdOf } from '../wire/push.js';
import { carryOut } from './carry-out-push.js';
import type { Core } from './core.js';
import { type Decoded, decoded, groupOf, isGroupChange, isRestoring } from './decoded-push.js';
import { afterFailure, refuseUnreadable } from './failed-pushes.js';
import { isGroupEnvelope, verifyAhead } from './group-message.js';
import { type Begun, GroupPushes } from './group-pushes.js';
import { type Arrived, HeldPushes } from './held-pushes.js';
import { Plan } from './plan.js';
import { locksOf } from './push-locks.js';
import { PushOrder } from './push-order.js';
import { type SetAsidePush, listSetAside } from './set-aside-pushes.js';
import type { Transition } from './step.js';

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
  /** It was told that the connection brings pushes of which not even the id can be read. */
  #hasToldOfUnreadable = false;
  /** Grows with every connection: pushes of an earlier one have no effect, they come again. */
  #epoch = 0;
  readonly #order = new PushOrder();
  readonly #groupPushes = new GroupPushes<Taken>({
    isBlocked: (group) => this.#isBehindRequest(group),
    isChange: ({ payload }) => isGroupChange(payload),
    carryOut: (taken) => new Promise((begun) => void this.#carryThrough(taken, begun)),
    onIdle: (group) => {
      const { groupKeys, groupWork } = this.#core();
      if (groupKeys.count(group) > 0) groupWork.wake(group);
    },
  });

  /** The parts of a client refer to each other, so they are looked up when they are used. */
  constructor(core: () => Core) {
    this.#core = core;
  }

  /** Takes one encoded push. Its place in the order is that of the calls. */
  take(bytes: Uint8Array): void {
    const { account, options } = this.#core();
    let push: ReceivedPush;
    try {
      push = decodePush(bytes);
    } catch (error) {
      this.#takeUnreadable(bytes, error);
      return;
    }
    if (push.payload.kind === 'server-heartbeat' && push.tag === undefined) return;
    if (!account.isRegistered || (push.tag !== undefined && !this.#order.arrived(push.tag))) return;
    if (this.#isFlooded(bytes.length)) return;
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

  /** Whether a change of the group has come and is not carried out. */
  isChanging(group: GroupAddress): boolean {
    return this.#groupPushes.isChanging(group);
  }

  /**
   * Whether a push cannot be begun yet. That a device gives up what it had comes behind everything that it did before, in whatever group: what still
   * waits there would be taken for something new.
   */
  #hasToWait(push: ReceivedPush): boolean {
    if (this.#isRestoring) return true;
    return isRestoring(push) && (this.#taking > 0 || this.#groupPushes.size > 0 || this.#isAnyRequestOpen());
  }

  /** Whether a change of a group by us is not answered. */
  #isAnyRequestOpen(): boolean {
    const { orders } = this.#core();
    return orders.groups().some((group) => orders.sent(group) !== undefined);
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

  /**
   * Whether the relay has sent so much that one more push of `length` bytes is none of an honest one, which counts what is not consumed; then the
   * connection is broken off.
   */
  #isFlooded(length: number): boolean {
    const { events, link, pushes } = this.#core();
    const unfinished = this.#held.count + this.#taking + this.#groupPushes.size + pushes.unconsumed;
    if (unfinished < limits.unfinishedPushes && this.#held.hasRoomFor(length)) return false;
    const error = new ProtocolError('window-ignored', 'the relay sends more pushes than may be on their way');
    events.emit({ type: 'error', error, during: 'taking a push' });
    this.#startAnew();
    link.breakOff();
    return true;
  }

  /** It holds nothing up. One without an id cannot be consumed and comes again with every connection, so that it is told of once for each. */
  #takeUnreadable(bytes: Uint8Array, error: unknown): void {
    const { account, events } = this.#core();
    const id = error instanceof DecodeError ? pushIdOf(bytes) : undefined;
    if (error instanceof DecodeError && id !== undefined) {
      if (account.isRegistered && !this.#isFlooded(bytes.length)) void this.#refuseUnreadable(id, error);
      return;
    }
    if (!this.#hasToldOfUnreadable) events.emit({ type: 'error', error, during: 'decoding a push' });
    this.#hasToldOfUnreadable = true;
  }

  /** Never rejects. */
  async #refuseUnreadable(id: string, reason: DecodeError): Promise<void> {
    const core = this.#core();
    const epoch = this.#epoch;
    this.#taking += 1;
    try {
      await refuseUnreadable(core, id, reason);
    } catch (error) {
      if (core.closing.aborted) return;
      core.events.emit({ type: 'error', error, during: 'refusing a push' });
      this.#comeAgain(epoch);
    } finally {
      this.#taking -= 1;
      this.resume();
    }
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
    const keys = locksOf(this.#core(), push, payload);
    try {
      const isDone = await steps.run(keys, async () => {
        seen.isBlocked = epoch === this.#epoch && this.#isBlocked(push, payload, keys);
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
      if (seen.isBlocked && groupOf(payload) === undefined && epoch === this.#epoch) this.#held.putBack(taken);
      this.resume();
    }
  }

  /**
   * Whether a push that was begun has to wait after all, or needs other locks than `keys`: what was known of groups when it was begun may just have been
   * lost, and loaded anew since.
   */
  #isBlocked(push: ReceivedPush, payload: Decoded, keys: readonly string[]): boolean {
    const group = groupOf(payload);
    if (group !== undefined) return this.#isBehindRequest(group);
    return isRestoring(push) && (this.#isAnyRequestOpen() || locksOf(this.#core(), push, payload).some((key) => !keys.includes(key)));
  }

  /** Never rejects. */
  async #failed(taken: Taken, error: unknown): Promise<void> {
    const core = this.#core();
    const { push, epoch } = taken;
    const next = await afterFailure(core, taken, error);
    if (epoch !== this.#epoch || core.closing.aborted) return;
    if (next === 'come-again') this.#comeAgain(epoch);
    else if (next !== 'over') core.options.clock.schedule(next, () => this.#tryAgain(taken));
    else if (push.tag !== undefined) this.#order.done(push.tag.id);
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
    const keys = locksOf(this.#core(), push, payload);
    await this.#core().steps.run(keys, async () => {
      if (this.#isBlocked(push, payload, keys)) throw new ProtocolError('group-busy', 'a change of the group is on its way');
      const plan = new Plan();
      await carryOut(this.#core(), plan, push, payload, push.tag !== undefined);
      done(plan);
      return plan.finish(undefined);
    });
  }

  /** Gives up what the connection brought and was not handled. */
  #startAnew(): void {
    this.#epoch += 1;
    this.#hasToldOfUnreadable = false;
    this.#order.reset();
    this.#held.clear();
    this.#groupPushes.clear();
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
    const state = await carryOut(this.#core(), plan, push, payload);
    if (tag !== undefined) {
      if (setAside.triesOf(tag.id) > 0) plan.add(setAside.forget(tag.id));
      plan.add(pushes.add(tag.id, state));
      plan.afterwards(() => pushes.consume(tag.id, true));
    }
    return plan.finish(true);
  }
}
