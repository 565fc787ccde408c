/** An adversary that is the relay: between every client and an honest relay whose keys it has. */
import { type Account, createAccount, currentSignedPreKey } from '../../lib/account/account.js';
import { identityKeyOf } from '../../lib/account/identity-key.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { sameDevice } from '../../lib/base/address.js';
import { runInline } from '../../lib/crypto/execute.js';
import type { Signer } from '../../lib/server/signer.js';
import type { Transport } from '../../lib/transport/transport.js';
import { type PushPayload, type ReceivedPush, decodePayload, decodePush, encodePayload, encodePush } from '../../lib/wire/push.js';
import { requests } from '../../lib/wire/request.js';
import type { Dice } from './dice.js';
import { domain } from './relay-host.js';
import type { StoryDevice } from './story-device.js';
import type { Trick } from './tampering.js';

/** One time that a trick was played on a device. */
export interface Played {
  readonly device: StoryDevice;
  /** Events of the device before it. */
  readonly eventsBefore: number;
}

/** Kinds that the honest relay does not sign. */
const unsignedKinds: readonly string[] = ['message', 'server-heartbeat'];

/** The adversary of one run. */
export class Adversary {
  readonly played: Played[] = [];
  readonly #trick: Trick | 'another identity';
  readonly #dice: Dice;
  readonly #account: Account;
  #devices: () => readonly StoryDevice[] = () => [];
  /** Devices that had met when it began. */
  #pinned: readonly StoryDevice[] = [];
  readonly #earlier = new Map<StoryDevice, PushPayload[]>();
  #signer: Signer | undefined;
  #count = 0;

  constructor(trick: Trick | 'another identity', dice: Dice, suite: string) {
    this.#trick = trick;
    this.#dice = dice;
    const address = { domain, userId: 'mallory', deviceId: 'device-0' };
    const now = 1_700_000_000_000;
    this.#account = runInline(createAccount({ suite: suiteByName(suite), address, oneTimePreKeys: 1, now })).account;
  }

  /** From now on tricks are played; `signer` has the relay's keys, `devices` are those of the world. */
  begin(signer: Signer, devices: () => readonly StoryDevice[]): void {
    this.#signer = signer;
    this.#devices = devices;
    this.#pinned = devices();
  }

  between = (inner: Transport, device: StoryDevice): Transport => ({
    connect: async (options) => {
      let tail = Promise.resolve();
      const connection = await inner.connect({
        ...options,
        ...(options.commitCounter === undefined ? {} : { commitCounter: () => options.commitCounter?.() ?? 0 }),
        onPush: (bytes) => {
          tail = tail.then(async () => {
            for (const carried of await this.#carry(device, bytes)) options.onPush(carried);
          });
        },
      });
      return {
        welcome: connection.welcome,
        closed: connection.closed,
        push: (message) => connection.push(message),
        close: () => connection.close(),
        request: async (name, body, requestOptions) => {
          const answer = await connection.request(name, body, requestOptions);
          return name === 'get_pre_key_bundle' ? this.#bundles(device, answer) : answer;
        },
      };
    },
  });

  async #carry(device: StoryDevice, bytes: Uint8Array): Promise<Uint8Array[]> {
    const push = decodePush(bytes);
    const payload = decodePayload(push.payload);
    if (payload === undefined) return [bytes];
    const earlier = this.#earlier.get(device) ?? [];
    this.#earlier.set(device, earlier);
    const instead = this.#instead(device, payload, earlier);
    earlier.push(payload);
    if (instead === undefined) return [bytes];
    this.played.push({ device, eventsBefore: device.events.length });
    const carried: Uint8Array[] = [];
    for (const each of instead) carried.push(each === payload && !this.#isUnsigned ? bytes : await this.#forge(push, each));
    return carried;
  }

  get #isUnsigned(): boolean {
    return this.#trick !== 'another identity' && this.#trick.isUnsigned === true;
  }

  #instead(device: StoryDevice, payload: PushPayload, earlier: readonly PushPayload[]): readonly PushPayload[] | undefined {
    if (this.#signer === undefined || this.#trick === 'another identity') return undefined;
    return this.#trick.play(payload, {
      dice: this.#dice,
      receiver: device.address,
      devices: this.#devices().map(({ address }) => address),
      signingKey: this.#account.identity.signing.publicKey,
      earlier,
    });
  }

  /** A push with an id of its own, signed with the relay's key where the relay would sign. */
  async #forge({ tag, from, to }: ReceivedPush, payload: PushPayload): Promise<Uint8Array> {
    this.#count += 1;
    const own = tag === undefined ? undefined : { ...tag, id: `${tag.id.slice(0, 20)}${this.#count}` };
    const statement = { tag: own, from, to, payload: encodePayload(payload) };
    if (unsignedKinds.includes(payload.kind) || this.#signer === undefined) return encodePush({ ...statement, signatures: [] });
    const signatures = await this.#signer.signPushes([statement]);
    // What was signed is something else.
    const said = this.#isUnsigned ? { ...statement, tag: { time: 1, id: own?.id ?? 'x' } } : statement;
    return encodePush({ ...said, signatures });
  }

  /** Bundles with the adversary's keys. */
  async #bundles(device: StoryDevice, answer: Uint8Array): Promise<Uint8Array> {
    if (this.#signer === undefined || this.#trick !== 'another identity') return answer;
    const response = requests.get_pre_key_bundle.decodeResponse(answer);
    if (!response.ok) return answer;
    const { identity } = this.#account;
    const { id, keyPair, signature } = currentSignedPreKey(this.#account);
    const bundles = response.value.bundles.map(({ bundle }) => {
      const { address, suite } = bundle;
      return { address, suite, identityKey: identityKeyOf(identity), signedPreKey: { id, publicKey: keyPair.publicKey, signature } };
    });
    // At first contact nobody can tell.
    const isKnown =
      this.#pinned.includes(device) && bundles.every(({ address }) => this.#pinned.some((other) => sameDevice(other.address, address)));
    if (isKnown) this.played.push({ device, eventsBefore: device.events.length });
    return requests.get_pre_key_bundle.encodeResponse({
      ok: true,
      message: '',
      value: { userId: response.value.userId, bundles: await this.#signer.signBundles(bundles) },
    });
  }
}
