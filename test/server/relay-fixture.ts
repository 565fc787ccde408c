/** A relay over memory on an in-memory network, and devices that speak to it as clients do, without the client. */
import type { Account } from '../../lib/account/account.js';
import { createAccount, currentSignedPreKey } from '../../lib/account/account.js';
import { identityKeyOf } from '../../lib/account/identity-key.js';
import type { OneTimePreKeyPublic } from '../../lib/account/pre-key-bundle.js';
import type { DeviceAddress } from '../../lib/base/address.js';
import { asMessageId, asSessionId } from '../../lib/base/brand.js';
import { TransportError } from '../../lib/base/errors.js';
import type { RandomSource } from '../../lib/base/random.js';
import { randomId } from '../../lib/base/random.js';
import type { CipherSuite } from '../../lib/crypto/cipher-suite.js';
import { defaultSuite } from '../../lib/crypto/cipher-suite.js';
import { type JobRunner, runInline } from '../../lib/crypto/execute.js';
import type { LogFields, Logger } from '../../lib/base/logger.js';
import type { RelayHooks } from '../../lib/server/hooks.js';
import type { Relay, RelayOptions } from '../../lib/server/relay.js';
import { openRelay } from '../../lib/server/relay.js';
import type { RelayLimits } from '../../lib/server/relay-limits.js';
import type { ShownStore } from '../../lib/server/rollback.js';
import type { Accept, Invite } from '../../lib/session/session.js';
import type { UnsafeTestingFailure } from '../../lib/store/memory/memory-store.js';
import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { InMemoryNetwork } from '../../lib/transport/in-memory.js';
import { createInMemoryNetwork } from '../../lib/transport/in-memory.js';
import type { Connection, Transport } from '../../lib/transport/transport.js';
import type { RegisteredUser, RegisterUser } from '../../lib/wire/account-request.js';
import type { Credential, Hello } from '../../lib/wire/frame.js';
import type { Envelope } from '../../lib/wire/message.js';
import { encodeEnvelope } from '../../lib/wire/message.js';
import type { PushKind, PushPayloads, ReceivedPush } from '../../lib/wire/push.js';
import { decodePayload, decodePush } from '../../lib/wire/push.js';
import type { AnswerOf, RequestName, RequestOf, ResponseOf } from '../../lib/wire/request.js';
import { requestRowOf } from '../../lib/wire/request.js';
import { seededBytes } from '../support/seeded-jobs.js';
import { FakeClock } from '../transport/fake-clock.js';

export const domain = 'example.test';

/** One line that the relay logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

function capture(lines: LogLine[]): Logger {
  const at =
    (level: LogLine['level']) =>
    (fields: LogFields, message: string): void => {
      lines.push({ level, fields, message });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export interface RelayFixture {
  readonly relay: Relay;
  readonly clock: FakeClock;
  readonly network: InMemoryNetwork;
  readonly tables: MemoryTables;
  readonly logs: LogLine[];
  /** How the next commits of the relay's store fail. */
  failure: UnsafeTestingFailure | undefined;
  /** What every commit of the relay's store waits for. */
  hold: Promise<void> | undefined;
  /** What every reading of a row waits for. */
  holdReading: Promise<void> | undefined;
  /** Transactions so far. */
  commits: number;
  /** Stops this relay and starts another over the same tables. */
  restart(): Promise<RelayFixture>;
}

export interface FixtureOptions {
  readonly registration?: 'closed' | 'open';
  readonly limits?: Partial<RelayLimits>;
  readonly tables?: MemoryTables;
  readonly clock?: FakeClock;
  readonly seed?: string;
  readonly hooks?: RelayHooks;
  readonly runJobs?: JobRunner;
}

export function seededRandom(seed: string): RandomSource {
  const draw = seededBytes(seed);
  return {
    fill(out) {
      out.set(draw(out.length));
    },
  };
}

export async function startRelay(options: FixtureOptions = {}): Promise<RelayFixture> {
  const { registration = 'open', limits, tables = new MemoryTables(), clock = new FakeClock(), seed = 'relay' } = options;
  const logs: LogLine[] = [];
  const network = createInMemoryNetwork({ clock });
  const fixture: Pick<RelayFixture, 'failure' | 'hold' | 'holdReading' | 'commits'> = {
    failure: undefined,
    hold: undefined,
    holdReading: undefined,
    commits: 0,
  };
  const countCommit = (): UnsafeTestingFailure | undefined => {
    fixture.commits += 1;
    return fixture.failure;
  };
  const relayOptions: RelayOptions = {
    store: async () => {
      const store = await openMemoryStore({ unsafeTestingTables: tables, unsafeTestingFailure: countCommit });
      return {
        async get(table, key) {
          if (fixture.holdReading !== undefined) await fixture.holdReading;
          return store.get(table, key);
        },
        list: (table, range) => store.list(table, range),
        close: () => store.close(),
        async commit(writes) {
          if (fixture.hold !== undefined) await fixture.hold;
          return store.commit(writes);
        },
      };
    },
    domain,
    registration,
    clock,
    random: seededRandom(seed),
    logger: capture(logs),
    ...(limits === undefined ? {} : { limits }),
    ...(options.hooks === undefined ? {} : { hooks: options.hooks }),
    ...(options.runJobs === undefined ? {} : { runJobs: options.runJobs }),
  };
  const relay = await openRelay(relayOptions);
  network.listen((channel) => {
    relay.accept(channel);
  });
  return Object.assign(fixture, {
    relay,
    clock,
    network,
    tables,
    logs,
    async restart() {
      await relay.close();
      return startRelay({ ...options, registration, tables, clock, seed: `${seed}'` });
    },
  });
}

/** A test's device: keys, credentials, and at most one connection. */
export class TestDevice {
  readonly address: DeviceAddress;
  readonly account: Account;
  readonly oneTimePreKeys: readonly OneTimePreKeyPublic[];
  readonly pushes: ReceivedPush[] = [];
  readonly #random: RandomSource;
  password = '';
  token = '';
  connection: Connection | undefined;
  #waiting: (() => void)[] = [];
  #connections = 0;
  #goOn: (() => Promise<Connection>) | undefined;

  constructor(userId: string, deviceId: string, preKeys: number, suite: CipherSuite) {
    this.address = { domain, userId, deviceId, userName: userId };
    this.#random = seededRandom(`${userId}/${deviceId}`);
    const made = runInline(createAccount({ suite, address: this.address, oneTimePreKeys: preKeys, now: 1_700_000_000_000 }));
    this.account = made.account;
    this.oneTimePreKeys = made.oneTimePreKeys.map(({ id, keyPair }) => ({ id, publicKey: keyPair.publicKey }));
  }

  /** The request that registers this device. */
  registration(authCode: string, authenticator = ''): RegisterUser {
    const { suite, identity } = this.account;
    const { id, keyPair, signature } = currentSignedPreKey(this.account);
    return {
      userName: this.address.userName ?? '',
      userId: this.address.userId,
      deviceId: this.address.deviceId,
      authenticator,
      authCode,
      suite,
      identityKey: identityKeyOf(identity),
      signedPreKey: { id, publicKey: keyPair.publicKey, signature },
      oneTimePreKeys: this.oneTimePreKeys,
    };
  }

  hello(credential: Credential, store: Partial<ShownStore> = {}): Hello {
    const { userId, deviceId } = this.address;
    return {
      version: 1,
      address: { domain, userId, deviceId },
      credential,
      incarnation: new Uint8Array(0),
      commitCounter: 0,
      lastPushId: '',
      greeting: new Uint8Array(0),
      previousGreeting: new Uint8Array(0),
      ...store,
    };
  }

  async register(transport: Transport, authCode: string, authenticator = ''): Promise<RegisteredUser> {
    const connection = await transport.connect({ hello: this.hello({ kind: 'none' }), onPush: () => undefined });
    try {
      const value = expectOk(await ask(connection, 'register_user', this.registration(authCode, authenticator)));
      this.password = value.password;
      this.token = value.token;
      return value;
    } finally {
      await connection.close();
    }
  }

  async connect(transport: Transport, hello: Hello = this.hello({ kind: 'token', token: this.token })): Promise<Connection> {
    return this.#connect(transport, hello, new Set());
  }

  async #connect(transport: Transport, hello: Hello, known: ReadonlySet<string>): Promise<Connection> {
    this.#connections += 1;
    const number = this.#connections;
    const connection = await transport.connect({
      hello,
      onPush: (bytes) => {
        // What an older connection still brings concerns nobody.
        if (number !== this.#connections) return;
        const push = decodePush(bytes);
        if (known.has(push.tag?.id ?? '')) return;
        this.pushes.push(push);
        for (const wake of this.#waiting.splice(0)) wake();
      },
    });
    this.connection = connection;
    this.#goOn = undefined;
    void connection.closed.then(({ reason }) => {
      if (number !== this.#connections || reason !== 'unavailable') return;
      this.#goOn = () => this.#connectAgain(transport, hello);
      // While the store fails the next request has to.
      this.#goOn().catch(() => undefined);
    });
    return connection;
  }

  /** What comes again is known: it comes once to a test. */
  #connectAgain(transport: Transport, hello: Hello): Promise<Connection> {
    const known = new Set(this.pushes.flatMap(({ tag }) => (tag === undefined ? [] : [tag.id])));
    return this.#connect(transport, hello, known);
  }

  /** Sends a request on the open connection; connects first when the relay has ended it because its store failed. */
  async request<Name extends RequestName>(name: Name, request: RequestOf<Name>): Promise<ResponseOf<Name>> {
    await this.#goOn?.();
    const { connection } = this;
    if (connection === undefined) throw new Error('the device is not connected');
    try {
      return await ask(connection, name, request);
    } catch (error) {
      // What was on its way behind a message whose commit failed has failed with it.
      if (!(error instanceof TransportError) || (await connection.closed).reason !== 'unavailable') throw error;
      return { ok: false, code: 503, message: 'the connection has ended' };
    }
  }

  /** Resolves when `count` pushes have come since the beginning. */
  async received(count: number): Promise<readonly ReceivedPush[]> {
    while (this.pushes.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    return this.pushes;
  }

  /** An envelope for `to` with `text` where the ciphertext would be. */
  envelope(to: DeviceAddress, text: string): Envelope {
    return {
      from: this.address,
      to,
      messageId: asMessageId(randomId(this.#random)),
      sessionId: asSessionId(randomId(seededRandom(`${this.address.userId}-${to.userId}`))),
      notification: 0,
      payload: {
        kind: 'one-to-one',
        message: {
          sequence: 0,
          rootSequence: 0,
          sendingMessageSequence: 1,
          ratchetKey: new Uint8Array(8).fill(7),
          ciphertext: new TextEncoder().encode(text),
        },
      },
    };
  }

  send(to: DeviceAddress, text: string): Promise<ResponseOf<'send_one2one_msg'>> {
    return this.request('send_one2one_msg', { envelope: encodeEnvelope(this.envelope(to, text)) });
  }

  invite(to: DeviceAddress, session = 'one'): Invite {
    const { suite } = this.account;
    return {
      suite,
      sessionId: asSessionId(randomId(seededRandom(`invite ${session}`))),
      from: this.address,
      to,
      identityKey: new Uint8Array(0),
      baseKey: new Uint8Array(32).fill(1),
      sharedInputs: [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)],
      signedPreKeyId: 1,
      oneTimePreKeyId: 0,
      inviteTime: 1,
    };
  }

  accept(to: DeviceAddress): Accept {
    const { suite } = this.account;
    return { suite, from: this.address, to, ciphertext: new Uint8Array(32).fill(4), ratchetKey: new Uint8Array(32).fill(5) };
  }
}

/** Sends a request and decodes its answer. */
export async function ask<Name extends RequestName>(
  connection: Connection,
  name: Name,
  request: RequestOf<Name>,
): Promise<ResponseOf<Name>> {
  const row = requestRowOf(name);
  return row.decodeResponse(await connection.request(name, row.encodeRequest(request)));
}

/** What a successful answer says; throws for any other. */
export function expectOk<Name extends RequestName>(response: ResponseOf<Name>): AnswerOf<Name> {
  if (!response.ok) throw new Error(`the relay answered ${response.code}: ${response.message}`);
  return response.value;
}

/** The decoded payload of a push that must be of `kind`. */
export function payloadOf<Kind extends PushKind>(push: ReceivedPush | undefined, kind: Kind): PushPayloads[Kind] {
  const payload = push === undefined ? undefined : decodePayload(push.payload);
  if (payload?.kind !== kind) throw new Error(`the push is ${payload?.kind ?? 'missing'}, not ${kind}`);
  return payload.value as PushPayloads[Kind];
}

/** The text that {@link TestDevice.envelope} put into a message. */
export function textOf(push: ReceivedPush | undefined): string {
  const { payload } = payloadOf(push, 'message');
  if (payload.kind !== 'one-to-one') throw new Error('the message is not one-to-one');
  return new TextDecoder().decode(payload.message.ciphertext);
}

/** A device of its own user. */
export function device(userId: string, deviceId = 'phone', preKeys = 3, suite: CipherSuite = defaultSuite): TestDevice {
  return new TestDevice(userId, deviceId, preKeys, suite);
}

/** A registered and connected device. */
export async function join(
  fixture: RelayFixture,
  userId: string,
  deviceId = 'phone',
  preKeys = 3,
  suite: CipherSuite = defaultSuite,
): Promise<TestDevice> {
  const made = device(userId, deviceId, preKeys, suite);
  await made.register(fixture.network.transport, 'code', `mailto:${userId}@example.org`);
  await made.connect(fixture.network.transport);
  return made;
}
