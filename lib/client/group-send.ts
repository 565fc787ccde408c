/**
 * Sending to a group: sealed and signed once, whatever the number of members; several that wait are signed in one batch. Spec: group.md §2.
 *
 * What cannot be sealed yet (the keys have not come, or a change of ours is on its way) waits in the store and goes out in order.
 */
import { type DeviceAddress, type GroupAddress, groupKey } from '../base/address.js';
import { type MessageId, asMessageId } from '../base/brand.js';
import { UsageError } from '../base/errors.js';
import { randomId } from '../base/random.js';
import { copySecret } from '../base/secret.js';
import { chainOf, sendingChain } from '../group/epoch.js';
import { firstPosition } from '../group/first-position.js';
import { currentEpoch } from '../group/group.js';
import { sealGroupMessages } from '../group/group-message.js';
import { putWaitingGroupMessage } from '../store/client/group-queue-rows.js';
import type { MessageOrigin } from '../store/client/queue-rows.js';
import { encodeEnvelope, notificationLevels } from '../wire/message.js';
import { requests } from '../wire/request.js';
import type { Core } from './core.js';
import type { LoadedGroup } from './group-book.js';
import { canSeal, unknownGroup } from './group-keys.js';
import { groupLock } from './lock-names.js';
import { queueRequests } from './mailer.js';
import type { NewOutboxEntry } from './outbox.js';
import { Plan } from './plan.js';
import type { Transition } from './step.js';

/** Who gets a message of a group; the relay applies both lists, the first one only when it names somebody. */
export interface GroupAudience {
  readonly allow: readonly DeviceAddress[];
  readonly deny: readonly DeviceAddress[];
}

/** A message that is stored and will reach the relay, whatever happens to this process. */
export interface SentToGroup {
  readonly messageId: MessageId;
  /** On its way, or waiting for the group's keys. */
  readonly state: 'queued' | 'waiting';
}

/** A message to be sealed. */
type Outgoing = MessageOrigin & GroupAudience;

interface Asked {
  readonly message: Outgoing;
  readonly resolve: (sent: SentToGroup) => void;
  readonly reject: (error: unknown) => void;
}

/** Messages sealed and signed in one step. */
const batchLength = 32;

/** The messages of one client to its groups. */
export class GroupSender {
  readonly #core: () => Core;
  readonly #asked = new Map<string, Asked[]>();
  readonly #running = new Set<string>();

  /** The parts of a client refer to each other, so they are looked up when they are used. */
  constructor(core: () => Core) {
    this.#core = core;
  }

  /**
   * Stores a message for `group`; resolves when it is durable. Rejects with `UsageError` (`empty-plaintext`, `plaintext-length`, `leaving-group`),
   * `ProtocolError('no-such-group')` and `StoreError`; then nothing is sent.
   */
  async send(group: GroupAddress, bytes: Uint8Array, audience: GroupAudience, notification?: number): Promise<SentToGroup> {
    const { options } = this.#core();
    const { plaintextLength } = options.limits;
    if (bytes.length === 0) throw new UsageError('empty-plaintext', 'a message has at least one byte');
    if (bytes.length > plaintextLength) {
      throw new UsageError('plaintext-length', `a message of ${bytes.length} bytes is over the limit of ${plaintextLength}`);
    }
    const message: Outgoing = {
      messageId: asMessageId(randomId(options.random)),
      notification: notification ?? notificationLevels.normal,
      // The application may change its bytes once it has called.
      content: copySecret(bytes),
      allow: [...audience.allow],
      deny: [...audience.deny],
    };
    return new Promise((resolve, reject) => {
      const key = groupKey(group);
      const asked = this.#asked.get(key) ?? [];
      this.#asked.set(key, asked);
      asked.push({ message, resolve, reject });
      if (!this.#running.has(key)) void this.#drain(group, key);
    });
  }

  async #drain(group: GroupAddress, key: string): Promise<void> {
    this.#running.add(key);
    // What is asked for in the same turn shares the first batch, too.
    await Promise.resolve();
    for (;;) {
      const batch = (this.#asked.get(key) ?? []).splice(0, batchLength);
      if (batch.length === 0) break;
      try {
        const messages = batch.map(({ message }) => message);
        const state = await this.#core().steps.run([groupLock(group)], () => planSend(this.#core(), group, messages));
        for (const { message, resolve } of batch) resolve({ messageId: message.messageId, state });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      } finally {
        for (const { message } of batch) message.content.fill(0);
      }
    }
    this.#asked.delete(key);
    this.#running.delete(key);
  }
}

async function planSend(core: Core, group: GroupAddress, messages: readonly Outgoing[]): Promise<Transition<'queued' | 'waiting'>> {
  const { groups, orders, groupWaiting } = core;
  const opened = await groups.open(group);
  if (opened === undefined) throw unknownGroup();
  if (orders.of(group).some(({ wish }) => wish.kind === 'leave')) throw new UsageError('leaving-group', 'the group is being left');
  const plan = new Plan();
  if (groupWaiting.count(group) === 0 && orders.sent(group) === undefined && canSeal(core, opened.group)) {
    await seal(core, plan, opened, messages);
    return plan.finish('queued');
  }
  keepWaiting(core, plan, opened.group.address, messages);
  return plan.finish('waiting');
}

/** Adds `messages` to those that wait for the group's keys. */
export function keepWaiting({ groupWaiting }: Core, plan: Plan, group: GroupAddress, messages: readonly Outgoing[]): void {
  plan.add(
    groupWaiting.add(group, messages.length, (sequence, position) => {
      const message = messages[position];
      if (message === undefined) throw new UsageError('argument-range', 'more messages were numbered than there are');
      return putWaitingGroupMessage(group, { ...message, sequence });
    }),
  );
}

/** Adds the sealed messages and the chain behind them, in one commit. Throws as the group core does, and `StoreError`. */
async function seal(core: Core, plan: Plan, opened: LoadedGroup, messages: readonly Outgoing[]): Promise<void> {
  const { account, groups, options } = core;
  const { group } = opened;
  const epoch = currentEpoch(group);
  const me = account.address;
  const chain = epoch === undefined ? undefined : (sendingChain(epoch, me) ?? chainOf(epoch, me));
  if (epoch?.sessionId === undefined || chain === undefined) throw unknownGroup();
  const { sessionId } = epoch;
  const { suite, identity } = account.account;
  const contents = messages.map(({ content }) => content);
  const sealed = await options.asymmetric.run(
    (function* () {
      const first = yield* firstPosition(epoch, me);
      return yield* sealGroupMessages(suite, chain, identity.signing.privateKey, contents, first);
    })(),
  );
  plan
    .create(sealed.created)
    .retire(sealed.retired)
    .add(groups.changeChain(opened, epoch, sealed.chain));
  const entries = messages.map((origin, position): NewOutboxEntry => {
    const message = sealed.messages[position];
    if (message === undefined) throw unknownGroup();
    const { messageId, notification, allow, deny } = origin;
    const envelope = encodeEnvelope({
      from: me,
      to: group.address,
      messageId,
      sessionId,
      notification,
      payload: { kind: 'group', message },
    });
    const body = requests.send_group_msg.encodeRequest({ envelope, allow, deny });
    return { kind: 'send_group_msg', device: undefined, group: group.address, sessionId, origin, body };
  });
  queueRequests(core, plan, entries);
}

/** Seals what waits for `group`, if that is possible now. Rejects with `StoreError`. */
export async function sealWaiting(core: Core, group: GroupAddress): Promise<void> {
  const { groupWaiting, orders, groups, store } = core;
  let goesOn = groupWaiting.count(group) > 0;
  while (goesOn) {
    goesOn = await core.steps.run([groupLock(group)], async () => {
      const opened = await groups.open(group);
      const isBlocked = groupWaiting.count(group) === 0 || orders.sent(group) !== undefined;
      if (opened === undefined || isBlocked || !canSeal(core, opened.group)) return { writes: [], result: false };
      const waiting = await store.loadWaitingGroupMessages(group, batchLength);
      const plan = new Plan();
      plan.add(
        groupWaiting.remove(
          group,
          waiting.map(({ sequence }) => sequence),
        ),
      );
      for (const { content } of waiting) plan.borrow(content);
      await seal(core, plan, opened, waiting);
      return plan.finish(groupWaiting.count(group) > waiting.length);
    });
  }
}
