/** Puts the parts of a client together. */
import { setMaxListeners } from 'node:events';
import { noBytes } from '../base/bytes.js';
import { StoreError } from '../base/errors.js';
import { ClientStore } from '../store/client-store.js';
import { GroupCommit } from '../store/group-commit.js';
import type { Credential, HelloAck } from '../wire/frame.js';
import { AccountBook } from './account-book.js';
import { takeAnswer } from './answers.js';
import type { Core } from './core.js';
import { EarlyMessages } from './early-messages.js';
import { Events } from './events.js';
import { GroupBook } from './group-book.js';
import { HeldMessages } from './held-messages.js';
import { GroupOrders } from './group-orders.js';
import { GroupQueueBook } from './group-queues.js';
import { GroupSender } from './group-send.js';
import { GroupWorker } from './group-worker.js';
import { Inbox } from './inbox.js';
import { Inviter } from './inviter.js';
import { Link, type SaidHello } from './link.js';
import { accountLock, groupLock, userLock } from './lock-names.js';
import type { ResolvedOptions } from './options.js';
import { openEarly } from './open-early.js';
import { Outbox } from './outbox.js';
import { PeerBook } from './peer-book.js';
import { PendingBook } from './pending-book.js';
import { Plan } from './plan.js';
import { PushBook } from './push-book.js';
import { Receiver } from './receive.js';
import { recoverFromRollback } from './recovery.js';
import { RefusalCounts } from './refusal-counts.js';
import { SessionBook } from './session-book.js';
import { SetAside } from './set-aside.js';
import { Steps } from './step.js';
import { sendHeartbeats } from './stream-message.js';

/** A client's parts, and those that only the client itself uses. */
export interface Assembly {
  readonly core: Core;
  readonly inviter: Inviter;
  readonly receiver: Receiver;
  readonly groupSender: GroupSender;
  readonly groupWorker: GroupWorker;
  /** Ends everything that waits for the network or the pool. */
  readonly closing: AbortController;
}

/** Bytes of the name of a hello. */
const greetingLength = 16;

/**
 * Sends, receives and other calls that go on in one turn of the event loop when their commit is durable, with some 50 us of work each: a millisecond.
 * Nothing here looks at a row's value any more then.
 */
const toldPerTurn = 16;

/** A token that ends within this time is not shown any more, ms. */
const tokenMargin = 60_000;

/** Builds the parts over the store of `options`; nothing is loaded and nothing connects yet. */
export function assemble(options: ResolvedOptions): Assembly {
  const { clock, random, logger } = options;
  const closing = new AbortController();
  // Every call that waits listens to it, and there may be thousands.
  setMaxListeners(0, closing.signal);
  const events = new Events((event) => options.events.onEvent(event));
  const store = new ClientStore(new GroupCommit(options.store, { toldPerTurn }));
  const onError = (during: string) => (error: unknown) => {
    logger.warn({ during, code: error instanceof StoreError ? error.code : 'error' }, 'background work failed');
    events.emit({ type: 'error', error, during });
  };
  const account = new AccountBook(store);
  const steps: Steps = new Steps({
    store: store.commits,
    countCommit: () => account.countCommit(),
    load: () => load(),
    onLoadFailure: onError('loading state from the store'),
  });
  const sessions = new SessionBook(store, (user) => steps.isLocked(userLock(user)));
  const peers = new PeerBook(store);
  const pending = new PendingBook(store);
  const inviter = new Inviter(() => core);
  const receiver = new Receiver(() => core);
  const groups = new GroupBook(store, (group) => steps.isLocked(groupLock(group)));
  const orders = new GroupOrders(store);
  const groupWaiting = new GroupQueueBook(store, 'waiting');
  const groupHeld = new HeldMessages(store);
  const groupKeys = new GroupQueueBook(store, 'keys');
  const groupSender = new GroupSender(() => core);
  const groupWorker = new GroupWorker(() => core, receiver);
  const inbox = new Inbox(
    store,
    () => steps,
    () => {
      receiver.resume();
    },
  );
  const outbox = new Outbox({
    store,
    clock,
    random,
    connection: () => link.connection,
    onAnswer: (request, answer) => takeAnswer(core, request, answer),
    onRenew: () => {
      link.renew();
    },
    onError: onError('reading the outbox'),
  });
  const pushes = new PushBook({
    store,
    clock,
    random,
    steps: () => steps,
    connection: () => link.connection,
    onError: onError('forgetting old pushes'),
  });
  const setAside = new SetAside(store);
  const early = new EarlyMessages(store, (sessionId) => void openEarly(core, sessionId));
  const refusals = new RefusalCounts(store);
  const link: Link = new Link({
    transport: options.transport,
    clock,
    random,
    events,
    hello: (renew) => hello(core, renew),
    commitCounter: () => account.durableCommits,
    onPush: (push) => {
      receiver.take(push);
    },
    onWelcome: (welcome) => takeWelcome(core, welcome),
    onConnected: () => {
      if (link.connection !== undefined) sendHeartbeats(core, link.connection);
      pushes.onConnected();
      outbox.pump();
      inviter.onConnected();
      groupWorker.onConnected();
      early.wakeAll();
    },
    onDisconnected: () => {
      receiver.onDisconnected();
    },
    onRolledBack: () => recoverFromRollback(core),
    onUnknown: () => {
      events.emit({ type: 'device-removed', device: account.address });
    },
  });
  const core: Core = {
    options,
    store,
    steps,
    events,
    account,
    sessions,
    peers,
    pending,
    groups,
    orders,
    groupWaiting,
    groupHeld,
    groupKeys,
    groupWork: groupWorker,
    outbox,
    inbox,
    pushes,
    setAside,
    early,
    refusals,
    link,
    inviter,
    closing: closing.signal,
  };
  return { core, inviter, receiver, groupSender, groupWorker, closing };

  async function load(): Promise<void> {
    await account.load();
    if (!account.exists) return;
    await sessions.load(account.address);
    await Promise.all([groups.load(), orders.load(), groupWaiting.load(), groupHeld.load(), groupKeys.load()]);
    await Promise.all([peers.load(), pending.load(), outbox.load(), inbox.load(), pushes.load()]);
    await Promise.all([setAside.load(), early.load(), refusals.load()]);
    // What was stored in a commit of unknown outcome was not followed by what its step does afterwards.
    receiver.release();
    if (link.connection !== undefined) inviter.onReloaded();
    groupWorker.wakeAll();
  }
}

/** What a hello says; its name is durable before it leaves. Rejects with `StoreError`. */
async function hello({ account, steps, options }: Core, renew: boolean): Promise<SaidHello> {
  await steps.run([accountLock], () => {
    if (account.greetings.sent.length > 0) return { writes: [], result: undefined };
    const sent = new Uint8Array(greetingLength);
    options.random.fill(sent);
    const plan = new Plan().add(account.changeGreetings({ ...account.greetings, sent }));
    // A copy that says hello must not catch up by it with what the original has sent.
    return plan.finish(undefined, { isUncounted: true });
  });
  const { credentials, incarnation, greetings } = account;
  if (credentials === undefined || incarnation === undefined) throw new StoreError('damaged', 'the account has no credentials');
  const { token, tokenExpires, password } = credentials;
  const isOver = tokenExpires !== 0 && tokenExpires - options.clock.now() < tokenMargin;
  const credential: Credential = renew || isOver ? { kind: 'password', password } : { kind: 'token', token };
  const { address } = account;
  return {
    address,
    credential,
    incarnation,
    commitCounter: account.endTelling(),
    greeting: greetings.sent,
    previousGreeting: greetings.answered,
  };
}

/** Takes over what the relay says to a hello, before anything is asked of it: the next hello has another name. Rejects with `StoreError`. */
async function takeWelcome({ account, steps }: Core, { token, tokenExpiresAt, storeSince }: HelloAck): Promise<void> {
  account.storeSince = storeSince;
  await steps.run([accountLock], () => {
    const plan = new Plan().add(account.beginTelling());
    const { credentials, greetings } = account;
    if (greetings.sent.length > 0) plan.add(account.changeGreetings({ answered: greetings.sent, sent: noBytes }));
    if (token !== '' && credentials !== undefined) {
      plan.add(account.changeCredentials({ ...credentials, token, tokenExpires: tokenExpiresAt }));
    }
    return plan.finish(undefined, { isUncounted: true });
  });
}
