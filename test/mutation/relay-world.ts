/** A relay with registered devices, and bare channels on which anything can be said to it. */
import { createAccount, currentSignedPreKey } from '../../lib/account/account.js';
import { oneTimePreKeyPublic } from '../../lib/account/one-time-pre-key.js';
import type { DeviceAddress } from '../../lib/base/address.js';
import { asSessionId } from '../../lib/base/brand.js';
import { toBase64 } from '../../lib/base/bytes.js';
import { type CipherSuite, suiteByName } from '../../lib/crypto/cipher-suite.js';
import type { FrameChannel } from '../../lib/transport/channel.js';
import type { Credential, Frame } from '../../lib/wire/frame.js';
import { tables } from '../../lib/store/store.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { type RequestName, requests } from '../../lib/wire/request.js';
import { type RelayFixture, type TestDevice, device, expectOk, startRelay } from '../server/relay-fixture.js';
import { encodedCase } from '../server/request-cases.js';
import { seededRun } from '../support/seeded-jobs.js';
import { Dice } from './dice.js';
import { StoreWatch } from './store-watch.js';

const manyEvents = { count: 10_000_000, per: 60_000 };
/** Turns of the event loop in which nearly every answer comes. */
const quickTurns = 1_000;
/** Further turns, of a millisecond each: on a busy machine the pool is given no time for a signature while this thread goes round. */
const slowTurns = 60_000;

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function slowTurn(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}

/** One channel to the relay. */
export class Line {
  readonly frames: Frame[] = [];
  readonly #channel: FrameChannel;
  isClosed = false;

  constructor(channel: FrameChannel) {
    this.#channel = channel;
    void channel.closed.then(() => {
      this.isClosed = true;
    });
    channel.receive({
      onFrame: (bytes) => {
        this.frames.push(decodeFrame(bytes));
      },
      onDrain: () => undefined,
    });
  }

  send(bytes: Uint8Array): void {
    this.#channel.send(bytes);
  }

  close(): void {
    this.#channel.close();
  }

  /** Waits for a frame, or the end of the channel. */
  async until(isIt: (frame: Frame) => boolean): Promise<Frame | undefined> {
    for (let turns = 0; turns < quickTurns + slowTurns; turns += 1) {
      const found = this.frames.find(isIt);
      if (found !== undefined || this.isClosed) return found;
      await (turns < quickTurns ? turn() : slowTurn());
    }
    throw new Error('the relay neither answers nor ends the connection');
  }

  /** Waits until nothing more comes. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 4; turns += 1) await turn();
  }
}

/** A device whose keys are those of the seed. */
function seededDevice(seed: string, userId: string, suite: CipherSuite): TestDevice {
  const made = device(userId, 'phone', 0, suite);
  const run = seededRun(`${seed} ${userId}`);
  const { account, oneTimePreKeys } = run(createAccount({ suite, address: made.address, oneTimePreKeys: 3, now: 1_700_000_000_000 }));
  return Object.assign(made, { account, oneTimePreKeys: oneTimePreKeys.map(oneTimePreKeyPublic) });
}

export class RelayWorld {
  /** What mutations choose with; may be replaced between two of them. */
  dice: Dice;
  readonly fixture: RelayFixture;
  readonly alice: TestDevice;
  readonly bob: TestDevice;
  readonly #carol: TestDevice;
  readonly #watch: StoreWatch;
  #line: Line | undefined;
  #strangerLine: Line | undefined;
  #ids = 0;

  private constructor(seed: string, fixture: RelayFixture, alice: TestDevice, bob: TestDevice) {
    this.dice = new Dice(`${seed} dice`);
    this.fixture = fixture;
    this.alice = alice;
    this.bob = bob;
    this.#carol = seededDevice(seed, 'carol', alice.account.suite);
    this.#watch = new StoreWatch(fixture.tables);
  }

  static async create(seed: string, suite: CipherSuite = suiteByName('mldsa44-mlkem512')): Promise<RelayWorld> {
    const fixture = await startRelay({
      seed,
      limits: {
        requests: manyEvents,
        registrations: manyEvents,
        bundlesPerTarget: manyEvents,
        invitesPerTarget: manyEvents,
        refusedHellos: manyEvents,
        lowOneTimePreKeys: 0,
      },
    });
    const alice = seededDevice(seed, 'alice', suite);
    const bob = seededDevice(seed, 'bob', suite);
    for (const made of [alice, bob]) await made.register(fixture.network.transport, 'code', `mailto:${made.address.userId}@example.org`);
    const world = new RelayWorld(seed, fixture, alice, bob);
    await world.bob.connect(fixture.network.transport);
    // A push for Alice that waits to be consumed, so that consuming has something to name.
    await alice.connect(fixture.network.transport);
    expectOk(await world.bob.send(alice.address, 'to be consumed'));
    await alice.received(1);
    await alice.connection?.close();
    world.changes();
    return world;
  }

  /** An encoded request of Alice as it should be, or of `sender` in her name. */
  good(name: RequestName, sender: DeviceAddress = this.alice.address): Uint8Array {
    const { alice, bob, dice } = this;
    switch (name) {
      case 'register_user':
        return requests.register_user.encodeRequest(this.#carol.registration('code', 'mailto:carol@example.org'));
      case 'consume_proto_msg':
        return requests.consume_proto_msg.encodeRequest({ pushId: alice.pushes[0]?.tag?.id ?? 'none', outcome: 1 });
      case 'publish_spk': {
        // Ids must grow, so that a request that was done leaves the next one something to do.
        const { id, keyPair, signature } = currentSignedPreKey(alice.account);
        const signedPreKey = { id: id + this.nextId(), publicKey: keyPair.publicKey, signature };
        return requests.publish_spk.encodeRequest({ user: sender, signedPreKey });
      }
      case 'supply_opks': {
        const oneTimePreKeys = alice.oneTimePreKeys.map(({ publicKey }) => ({ id: 1_000 + this.nextId(), publicKey }));
        return requests.supply_opks.encodeRequest({ suite: alice.account.suite, user: sender, oneTimePreKeys });
      }
      case 'invite': {
        // The relay remembers the last few invites of a pair.
        const sessionId = asSessionId(toBase64(dice.bytes(16)));
        return requests.invite.encodeRequest({ invite: { ...alice.invite(bob.address), from: sender, sessionId } });
      }
      default:
        return encodedCase(name, alice, bob, sender);
    }
  }

  /** Alice's connection, opened anew when the last mutation has ended it. */
  async line(): Promise<Line> {
    if (this.#line === undefined || this.#line.isClosed) this.#line = await this.#greeted({ kind: 'token', token: this.alice.token });
    return this.#line;
  }

  /** A connection that has shown no credential. */
  async strangerLine(): Promise<Line> {
    if (this.#strangerLine === undefined || this.#strangerLine.isClosed) this.#strangerLine = await this.#greeted({ kind: 'none' });
    return this.#strangerLine;
  }

  /** A connection on which nothing was said yet. */
  async dial(): Promise<Line> {
    return new Line(await this.fixture.network.dial());
  }

  /** A number for a request. */
  nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  /** Rows in the relay's store. */
  get rows(): number {
    return tables.reduce((sum, table) => sum + this.fixture.tables.rows(table).size, 0);
  }

  /** What changed in the relay's store since the last look. */
  changes(): ReturnType<StoreWatch['changes']> {
    return this.#watch.changes();
  }

  /** Bob takes what has come, so that mailboxes stay small. */
  async bobConsumes(): Promise<void> {
    for (const push of this.bob.pushes.splice(0)) {
      if (push.tag !== undefined) await this.bob.request('consume_proto_msg', { pushId: push.tag.id, outcome: 1 });
    }
    this.changes();
  }

  /** Everything still works, and nothing went wrong inside. */
  async proveHealth(): Promise<void> {
    const before = this.bob.pushes.length;
    const line = await this.line();
    line.close();
    await this.alice.connect(this.fixture.network.transport);
    expectOk(await this.alice.send(this.bob.address, 'still here'));
    await this.bob.received(before + 1);
    const errors = this.fixture.logs.filter(({ level }) => level === 'error');
    if (errors.length > 0) throw new Error(`the relay has logged an error: ${JSON.stringify(errors[0])}`);
  }

  async close(): Promise<void> {
    await this.fixture.relay.close();
  }

  async #greeted(credential: Credential): Promise<Line> {
    const line = await this.dial();
    line.send(encodeFrame({ kind: 'hello', hello: this.alice.hello(credential) }));
    const answer = await line.until(({ kind }) => kind === 'hello-ack');
    if (answer?.kind !== 'hello-ack' || answer.ack.code !== 200) throw new Error('the relay no longer takes a good hello');
    return line;
  }
}
