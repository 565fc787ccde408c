/** One client with sessions of every kind, its relay and its peers, all in the hands of a test. */
import { Client, type ClientEvent, type ReceivedMessage, openMemoryStore } from '../../lib/index.js';
import type { PreKeyBundle } from '../../lib/account/pre-key-bundle.js';
import type { DeviceAddress } from '../../lib/base/address.js';
import { utf8 } from '../../lib/base/bytes.js';
import { limits } from '../../lib/base/limits.js';
import type { CipherSuite } from '../../lib/crypto/cipher-suite.js';
import type { GroupDevice } from '../../lib/group/membership.js';
import { MemoryTables } from '../../lib/store/memory/memory-store.js';
import type { Table } from '../../lib/store/store.js';
import type { Accept, Invite } from '../../lib/session/session.js';
import { encodeFrame } from '../../lib/wire/frame.js';
import { type Content, type Envelope, decodeEnvelope, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import { type PushPayload, encodePayload } from '../../lib/wire/push.js';
import { type RequestName, requests } from '../../lib/wire/request.js';
import { seededRandom } from '../server/relay-fixture.js';
import { type Run, seededRun } from '../support/seeded-jobs.js';
import { FakeClock } from '../transport/fake-clock.js';
import { bundleOf, done, invited, noBundle, registered } from './canned-answers.js';
import { Dice } from './dice.js';
import { type Draft, Peer } from './peer.js';
import { type SeenRequest, StandInRelay, type Statement, domain } from './stand-in-relay.js';
import { type Change, StoreWatch } from './store-watch.js';

/** Turns of the event loop in which something must have come of a frame. */
const patience = 30;
/** Turns in which nothing more comes of it. */
const quiet = 3;

/** A message that a mutation starts from. */
export interface Base extends Draft {
  readonly peer: Peer;
  /** It comes late: its key is among the skipped ones, and the peer has long gone on. */
  readonly late: boolean;
}

/** What came of one frame. */
export interface Observation {
  readonly events: readonly ClientEvent[];
  readonly requests: readonly SeenRequest[];
  readonly received: readonly ReceivedMessage[];
  readonly changes: readonly Change[];
  readonly echoes: number;
}

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export class ClientWorld {
  readonly suite: CipherSuite;
  /** What mutations choose with; may be replaced between two of them. */
  dice: Dice;
  readonly clock = new FakeClock();
  readonly relay: StandInRelay;
  readonly address: DeviceAddress = { domain, userId: 'target', deviceId: 'one' };
  /** Have a session with the client: another user, an own other device, another user whom the client does not trust. */
  readonly alice: Peer;
  readonly sibling: Peer;
  readonly mallory: Peer;
  /** Was invited by the client; her answer never comes unless a test sends it. */
  readonly carol: Peer;
  /** Is unknown to the client. */
  readonly dave: Peer;
  /** Messages that the client took. */
  readonly taken: Envelope[] = [];
  readonly events: ClientEvent[] = [];
  readonly received: ReceivedMessage[] = [];
  readonly #run: Run;
  /** Everything that the client has stored. */
  readonly tables = new MemoryTables();
  #late: Base[] = [];
  #watch: StoreWatch | undefined;
  #client: Client | undefined;
  #reading: Promise<void> | undefined;
  #bundle: Omit<PreKeyBundle, 'oneTimePreKey'> | undefined;
  #oneTimePreKeys: NonNullable<PreKeyBundle['oneTimePreKey']>[] = [];
  #answer: Accept | undefined;
  #texts = 0;

  private constructor(seed: string, suite: CipherSuite) {
    this.suite = suite;
    this.dice = new Dice(`${seed} dice`);
    this.#run = seededRun(`${seed} peers`);
    this.relay = new StandInRelay(this.clock, this.#run, suite.signature);
    const peer = (userId: string, deviceId: string): Peer =>
      new Peer(this.#run, new Dice(`${seed} ${userId}/${deviceId}`), suite, { domain, userId, deviceId }, this.clock.now());
    this.alice = peer('alice', 'phone');
    this.sibling = peer('target', 'two');
    this.mallory = peer('mallory', 'phone');
    this.carol = peer('carol', 'phone');
    this.dave = peer('dave', 'phone');
  }

  static async create(seed: string, suite: CipherSuite): Promise<ClientWorld> {
    const world = new ClientWorld(seed, suite);
    await world.#start(seed);
    return world;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('the client has not been started');
    return this.#client;
  }

  /** The client as a device of a group. */
  get device(): GroupDevice {
    if (this.#bundle === undefined) throw new Error('the client has not registered');
    return { address: this.address, signingKey: this.#bundle.identityKey.signing };
  }

  /** The peers with a session. */
  get peers(): readonly Peer[] {
    return [this.alice, this.sibling, this.mallory];
  }

  /** Carol's true answer to the client's invite. */
  get answer(): Accept {
    if (this.#answer === undefined) throw new Error('nobody was invited');
    return this.#answer;
  }

  /** An invite of `peer` with a one-time pre-key that was not used before. */
  inviteOf(peer: Peer): Invite {
    const bundle = this.#bundle;
    const [oneTimePreKey] = this.#oneTimePreKeys;
    if (bundle === undefined || oneTimePreKey === undefined) throw new Error('the client has no one-time pre-key left');
    return peer.invite({ ...bundle, oneTimePreKey }, this.clock.now());
  }

  /** The payload as the relay pushes it, signed. */
  signed(payload: PushPayload, from?: DeviceAddress): Uint8Array {
    return this.relay.signedPush(this.statement(payload, from));
  }

  statement(payload: PushPayload, from?: DeviceAddress): Statement {
    return { from, to: this.address, payload: encodePayload(payload) };
  }

  /** The push that carries a message. */
  messagePush(envelope: Envelope): Uint8Array {
    return this.relay.plainPush({ from: envelope.from, to: this.address, payload: { kind: 'message', bytes: encodeEnvelope(envelope) } });
  }

  /** A text that was not sent before. */
  text(): Content {
    this.#texts += 1;
    return { kind: 'common', bytes: utf8(`text number ${this.#texts}`) };
  }

  /** A good message of one of the peers, not delivered yet. */
  async base(): Promise<Base> {
    return this.dice.onceIn(6) ? this.late() : this.next(this.dice.pick(this.peers), encodeContent(this.text()));
  }

  /** A good message that others have overtaken. */
  async late(): Promise<Base> {
    const [late] = this.#late;
    return late ?? this.#sendInWrongOrder(this.dice.pick(this.peers));
  }

  /** Rows of a table. */
  rows(table: Table): number {
    return this.tables.rows(table).size;
  }

  /** The next message of `peer`. */
  next(peer: Peer, content: Uint8Array): Base {
    return { peer, late: false, ...peer.draft(this.address, content) };
  }

  /** The client has opened `base`: its sender goes on, sometimes after an answer, which makes the next message a ratchet step. */
  async wasTaken(base: Base): Promise<void> {
    this.taken.push(base.envelope);
    this.#late = this.#late.filter((late) => late !== base && !(late.peer === base.peer && this.#hasEvicted(base.peer)));
    if (base.late) return;
    base.peer.session = base.after;
    // While the world is being made the client cannot answer everybody yet.
    if (this.#watch !== undefined && this.dice.onceIn(3)) await this.#sendTo(this.alice, this.mallory);
  }

  /** Sends a frame's bytes and sees what comes of it. */
  async deliver(frame: Uint8Array): Promise<Observation> {
    const { events, received, relay } = this;
    const before = { events: events.length, requests: relay.requests.length, received: received.length, echoes: relay.echoes };
    const hasMoved = (): boolean =>
      events.length > before.events ||
      relay.requests.length > before.requests ||
      relay.echoes > before.echoes ||
      received.length > before.received;
    relay.send(frame);
    for (let turns = 0; turns < patience && !hasMoved(); turns += 1) await turn();
    for (let turns = 0; turns < quiet; turns += 1) await turn();
    if (!relay.isConnected) await this.#reconnect();
    return {
      events: events.slice(before.events),
      requests: relay.requests.slice(before.requests),
      received: received.slice(before.received),
      changes: this.changes(),
      echoes: relay.echoes - before.echoes,
    };
  }

  /** Sends a push in a good frame. */
  deliverPush(push: Uint8Array): Promise<Observation> {
    return this.deliver(encodeFrame({ kind: 'push', body: push }));
  }

  /** Delivers a good message, which must arrive. */
  async deliverGood(base: Base): Promise<void> {
    const seen = await this.deliverPush(this.messagePush(base.envelope));
    if (seen.received.length !== 1) {
      const events = JSON.stringify(seen.events);
      throw new Error(
        `a good message of ${base.peer.address.userId} did not arrive; ${this.rows('skipped-key')} rows of skipped keys; events ${events}`,
      );
    }
    await this.wasTaken(base);
  }

  /** What changed in the store since the last look. */
  changes(): readonly Change[] {
    return this.#watch?.changes() ?? [];
  }

  async close(): Promise<void> {
    await this.#client?.close();
    await this.#reading;
  }

  async #start(seed: string): Promise<void> {
    this.relay.answer = (request) => this.#respond(request);
    this.#client = await Client.register({
      store: () => openMemoryStore({ unsafeTestingTables: this.tables }),
      transport: this.relay.network.transport,
      common: { clock: this.clock, random: seededRandom(`${seed} client`) },
      asymmetric: { run: seededRun(`${seed} client jobs`) },
      events: { onEvent: (event) => void this.events.push(event) },
      suite: this.suite,
      userId: this.address.userId,
      deviceId: this.address.deviceId,
      authCode: 'code',
      oneTimePreKeys: 6,
    });
    this.#read(this.#client);
    await this.#happens(() => this.relay.isConnected);
    for (const peer of this.peers) await this.#meet(peer);
    await this.client.invite(this.carol.address);
    const [invite] = await this.#sent('invite', 1);
    this.#answer = this.carol.accept(requests.invite.decodeRequest(invite!).invite, this.#bundle!.identityKey.agreement, this.clock.now());
    await this.#sendTo(this.alice, this.mallory);
    await this.#sendInWrongOrder(this.alice);
    for (let turns = 0; turns < patience; turns += 1) await turn();
    this.#watch = new StoreWatch(this.tables);
  }

  /** An altered counter may have asked for so many useless keys that older ones had to go. Weaknesses P2. */
  #hasEvicted({ ready }: Peer): boolean {
    if (this.rows('skipped-key') < limits.skippedMessageKeys) return false;
    const keys = [...this.tables.rows('skipped-key').entries({ prefix: ready.sessionId })];
    return keys.length >= limits.skippedMessageKeys;
  }

  #read(client: Client): void {
    this.#reading = (async () => {
      for await (const message of client.messages()) {
        this.received.push(message);
        await message.ack();
      }
    })();
  }

  async #meet(peer: Peer): Promise<void> {
    const count = this.relay.requests.filter(({ name }) => name === 'accept').length;
    const invite = this.inviteOf(peer);
    this.#oneTimePreKeys.shift();
    await this.deliverPush(this.signed({ kind: 'invite', value: invite }, peer.address));
    const answers = await this.#sent('accept', count + 1);
    peer.complete(requests.accept.decodeRequest(answers.at(-1)!).accept);
    await this.deliverGood(this.next(peer, encodeContent(this.text())));
  }

  /** The client sends to these users, with copies to its other device; each takes what is for it. */
  async #sendTo(...to: readonly Peer[]): Promise<void> {
    for (const peer of to) {
      const from = this.relay.requests.length;
      const { userId } = peer.address;
      await this.client.send({ domain, userId }, utf8(`to ${userId}`));
      const messages = (): Uint8Array[] =>
        this.relay.requests.slice(from).flatMap(({ name, body }) => (name === 'send_one2one_msg' ? [body] : []));
      await this.#happens(() => messages().length === 2);
      for (const body of messages()) {
        const envelope = decodeEnvelope(requests.send_one2one_msg.decodeRequest(body).envelope);
        this.peers.find(({ ready }) => ready.sessionId === envelope.sessionId)?.take(envelope);
      }
    }
    for (let turns = 0; turns < quiet; turns += 1) await turn();
    this.changes();
  }

  /** Delivers the second of two messages; the first stays behind, its key is kept by the client. */
  async #sendInWrongOrder(peer: Peer): Promise<Base> {
    const first = this.next(peer, encodeContent(this.text()));
    peer.session = first.after;
    await this.deliverGood(this.next(peer, encodeContent(this.text())));
    const late = { ...first, late: true };
    this.#late.push(late);
    return late;
  }

  #respond(request: SeenRequest): Uint8Array {
    const { address } = this;
    switch (request.name) {
      case 'register_user': {
        const { suite, identityKey, signedPreKey, oneTimePreKeys } = requests.register_user.decodeRequest(request.body);
        this.#bundle = { address, suite, identityKey, signedPreKey };
        this.#oneTimePreKeys = [...oneTimePreKeys];
        return registered(address, this.relay.certificate);
      }
      case 'get_pre_key_bundle': {
        const { userId } = requests.get_pre_key_bundle.decodeRequest(request.body);
        // Carol is invited once; later wishes for new sessions, which refused messages cause, are not granted.
        return userId === 'carol' && this.#answer === undefined ? bundleOf(this.relay, this.carol) : noBundle;
      }
      case 'invite':
        return invited(request.body, this.clock.now());
      default:
        return done;
    }
  }

  async #reconnect(): Promise<void> {
    await this.#happens(() => {
      this.client.reconnect();
      return this.relay.isConnected;
    });
    for (let turns = 0; turns < quiet; turns += 1) await turn();
  }

  async #sent(name: RequestName, count: number): Promise<Uint8Array[]> {
    const found = (): Uint8Array[] => this.relay.requests.filter((request) => request.name === name).map(({ body }) => body);
    await this.#happens(() => found().length >= count);
    return found();
  }

  async #happens(condition: () => boolean): Promise<void> {
    for (let turns = 0; turns < 10_000; turns += 1) {
      if (condition()) return;
      await turn();
    }
    throw new Error('the client does not do what it should');
  }
}
