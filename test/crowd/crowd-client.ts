/** One client of a crowd: sends its part of the plan, takes what comes, and counts both. */
import path from 'node:path';
import {
  Client,
  type ClientEvent,
  type GroupAddress,
  type ReceivedMessage,
  type Transport,
  TransportError,
  suiteByName,
  webSocketTransport,
} from '../../lib/index.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import { type CrowdPlan, type PlannedGroup, expectedAt, lineOf, nameOfTarget, userOf } from './plan.js';
import { type CrowdSettings, domain } from './protocol.js';
import { Tally } from './tally.js';

/** Messages of one client that may be without an answer of the relay. */
const sentAtOnce = 16;

/** Pause before something is looked at again, ms. */
const pause = 50;

/** Events that are part of a crowd's life; any other is trouble. */
const expectedEvents: readonly ClientEvent['type'][] = [
  'registered',
  'connection',
  'invited',
  'session-ready',
  'message',
  'group-message',
  'group-message-held',
  'group-created',
  'group-keys-received',
  'group-ready',
  'pre-keys-supplied',
  'unacknowledged-limit',
];

/** What all clients of a process count together. */
export interface Counters {
  sent: number;
  /** Requests with messages that left, those that left again included. */
  requests: number;
  readonly troubles: Record<string, number>;
}

/** One client. */
export class CrowdClient {
  readonly tally: Tally;
  readonly #number: number;
  readonly #plan: CrowdPlan;
  readonly #counters: Counters;
  readonly #client: Client;
  readonly #reading: Promise<void>;

  private constructor(number: number, plan: CrowdPlan, counters: Counters, client: Client) {
    this.tally = new Tally(expectedAt(plan, number));
    this.#number = number;
    this.#plan = plan;
    this.#counters = counters;
    this.#client = client;
    this.#reading = this.#read();
  }

  /** Registers a client over the relay at `url`; a line that breaks meanwhile is tried again. */
  static async register(number: number, plan: CrowdPlan, settings: CrowdSettings, url: string, counters: Counters): Promise<CrowdClient> {
    let client: Client | undefined;
    const suite = suiteByName(settings.suite);
    const options = {
      store: () => openSqliteStore({ path: path.join(settings.folder, `${userOf(number)}.db`) }),
      transport: counted(webSocketTransport({ url }), counters),
      events: {
        onEvent: (event: ClientEvent): void => {
          note(counters, event);
          // The line breaks often; waiting as after an outage would only make the run longer.
          if (event.type === 'connection' && event.state === 'disconnected') setImmediate(() => client?.reconnect());
        },
      },
    };
    for (;;) {
      try {
        client = await Client.register({ ...options, userId: userOf(number), deviceId: 'one', authCode: 'crowd', suite });
        return new CrowdClient(number, plan, counters, client);
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        await rest();
      }
    }
  }

  /** Makes the groups that are this client's to make, and waits until it is in all of its own. */
  async makeGroups(): Promise<void> {
    const own = this.#plan.groups.filter(({ members }) => members.includes(this.#number));
    for (const group of own) if (group.members[0] === this.#number) await this.#make(group);
    while ((await this.#client.groups()).filter(({ state }) => state === 'ready').length < own.length) await rest();
  }

  /** Sends everything of the plan, in order. */
  async talk(): Promise<void> {
    const addresses = new Map((await this.#client.groups()).map(({ name, address }) => [name, address]));
    const numbers = new Map<string, number>();
    let open = 0;
    for (const target of this.#plan.messages[this.#number] ?? []) {
      const name = nameOfTarget(this.#plan, target);
      const number = (numbers.get(name) ?? 0) + 1;
      numbers.set(name, number);
      const text = Buffer.from(JSON.stringify([userOf(this.#number), name, number]));
      const group = addresses.get(name);
      if (target.kind === 'client') await this.#client.send({ domain, userId: name }, text);
      else if (group !== undefined) await this.#client.sendToGroup(group, text);
      this.#counters.sent += 1;
      open += 1;
      if (open < sentAtOnce) continue;
      open = 0;
      await this.#client.flush();
    }
    await this.#client.flush();
  }

  /** Waits until nothing is under way. */
  async rest(): Promise<void> {
    for (;;) {
      const { outbox, pending, inbox, unconsumedPushes } = await this.#client.status();
      if (outbox === 0 && pending === 0 && inbox === 0 && unconsumedPushes === 0) return;
      await rest();
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#reading;
  }

  async #make({ name, members }: PlannedGroup): Promise<GroupAddress> {
    return this.#client.createGroup({ name, members: members.slice(1).map((member) => ({ domain, userId: userOf(member) })) });
  }

  async #read(): Promise<void> {
    for await (const message of this.#client.messages()) {
      this.#take(message);
      await message.ack();
    }
  }

  #take({ bytes, from, group }: ReceivedMessage): void {
    const [sender, target, number] = JSON.parse(Buffer.from(bytes).toString()) as [string, string, number];
    const isHonest = from.userId === sender && (group === undefined) === (target === userOf(this.#number));
    this.tally.note(isHonest ? lineOf(sender, target) : 'a line that somebody pretends', number);
  }
}

/** Waits a little. */
function rest(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, pause);
  });
}

function note(counters: Counters, event: ClientEvent): void {
  if (expectedEvents.includes(event.type) || isRepeatedAccept(event)) return;
  const detail = 'code' in event ? String(event.code) : event.type === 'error' ? String(event.error) : '';
  const name = `${event.type} ${detail}`.trimEnd();
  counters.troubles[name] = (counters.troubles[name] ?? 0) + 1;
}

/** An accept whose answer was lost is sent again. No message comes twice. */
function isRepeatedAccept(event: ClientEvent): boolean {
  return event.type === 'undecryptable' && event.code === 'duplicate' && event.messageId === undefined;
}

/** Counts the requests with messages that leave. */
function counted(inner: Transport, counters: Counters): Transport {
  return {
    async connect(options) {
      const connection = await inner.connect(options);
      return {
        welcome: connection.welcome,
        closed: connection.closed,
        push: (message) => connection.push(message),
        close: () => connection.close(),
        request: (name, body, requestOptions) => {
          if (name === 'send_one2one_msg' || name === 'send_group_msg') counters.requests += 1;
          return connection.request(name, body, requestOptions);
        },
      };
    },
  };
}
