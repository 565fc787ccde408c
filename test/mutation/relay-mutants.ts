/** Damaged requests and frames for a relay. */
import { encodeFrame } from '../../lib/wire/frame.js';
import { encodeEnvelope } from '../../lib/wire/message.js';
import { encodePayload, encodePush } from '../../lib/wire/push.js';
import { type RequestName, requestNames, requests } from '../../lib/wire/request.js';
import { damage, damageFields } from './mutators.js';
import type { Line, RelayWorld } from './relay-world.js';

/** One damaged frame and the connection it is for. */
export interface RelayMutant {
  readonly group: string;
  readonly name: string;
  readonly line: Line;
  readonly frame: Uint8Array;
  /** Whether the connection belongs to a device. */
  readonly authenticated: boolean;
}

/** Makes one damaged frame. */
export type RelayMutation = (world: RelayWorld) => Promise<RelayMutant>;

function requestFrame(world: RelayWorld, name: RequestName, body: Uint8Array): Uint8Array {
  return encodeFrame({ kind: 'request', id: world.nextId(), request: requests[name].code, body, commitCounter: 0 });
}

/** The body of a request is damaged. */
export const damagedRequest: RelayMutation = async (world) => {
  const { dice } = world;
  const name = dice.pick(requestNames());
  const body = world.good(name);
  const { name: how, bytes } = dice.onceIn(3) ? damageFields(body, dice) : damage(body, dice, world.good(dice.pick(requestNames())));
  return { group: name, name: how, line: await world.line(), frame: requestFrame(world, name, bytes), authenticated: true };
};

/** A signed pre-key whose key or signature is not the one that was signed. */
export const wrongSignature: RelayMutation = async (world) => {
  const { dice, alice } = world;
  const request = requests.publish_spk.decodeRequest(world.good('publish_spk'));
  const field = dice.pick(['publicKey', 'signature'] as const);
  const spoilt = Uint8Array.from(request.signedPreKey[field]);
  spoilt[dice.below(spoilt.length)]! ^= 1 << dice.below(8);
  const body = requests.publish_spk.encodeRequest({ user: alice.address, signedPreKey: { ...request.signedPreKey, [field]: spoilt } });
  return {
    group: 'publish_spk',
    name: `${field} flipped`,
    line: await world.line(),
    frame: requestFrame(world, 'publish_spk', body),
    authenticated: true,
  };
};

/** A group's ciphertext where only a one-to-one message may be sent. */
export const groupPayload: RelayMutation = async (world) => {
  const { dice, alice, bob } = world;
  const message = { sequence: dice.below(5), ciphertext: dice.bytes(40), signature: dice.bytes(64) };
  const envelope = encodeEnvelope({ ...alice.envelope(bob.address, ''), payload: { kind: 'group', message } });
  const body = requests.send_one2one_msg.encodeRequest({ envelope });
  return {
    group: 'send_one2one_msg',
    name: 'group message',
    line: await world.line(),
    frame: requestFrame(world, 'send_one2one_msg', body),
    authenticated: true,
  };
};

/** The body of one request under the name of another. */
export const swappedRequest: RelayMutation = async (world) => {
  const [name, other] = world.dice.shuffled(requestNames());
  return {
    group: 'swapped',
    name: `${other} as ${name}`,
    line: await world.line(),
    frame: requestFrame(world, name!, world.good(other!)),
    authenticated: true,
  };
};

/** A good request that speaks for somebody else. */
export const foreignSender: RelayMutation = async (world) => {
  const { dice, alice, bob } = world;
  const name = dice.pick(requestNames());
  const sender = dice.pick([
    bob.address,
    { ...alice.address, deviceId: 'desk' },
    { ...alice.address, domain: 'elsewhere.test' },
    { ...alice.address, userId: 'ghost' },
  ]);
  return {
    group: 'foreign sender',
    name,
    line: await world.line(),
    frame: requestFrame(world, name, world.good(name, sender)),
    authenticated: true,
  };
};

/** A good or damaged request on a connection that has shown no credential. */
export const strangersRequest: RelayMutation = async (world) => {
  const { dice } = world;
  const name = dice.pick(requestNames());
  const body = world.good(name);
  const bytes = dice.onceIn(2) || name === 'register_user' ? damage(body, dice, body).bytes : body;
  return { group: 'stranger', name, line: await world.strangerLine(), frame: requestFrame(world, name, bytes), authenticated: false };
};

/** A request whose frame is damaged. */
export const damagedFrame: RelayMutation = async (world) => {
  const { dice } = world;
  const frame = requestFrame(world, 'get_group', world.good('get_group'));
  const { name, bytes } = damage(frame, dice, encodeFrame({ kind: 'heartbeat', number: 1 }));
  return { group: 'frame', name, line: await world.line(), frame: bytes, authenticated: true };
};

/** A frame that only the relay sends, or that nobody can, or a request of no known kind. */
export const foreignFrame: RelayMutation = async (world) => {
  const { dice, alice } = world;
  const ack = {
    code: 200,
    reason: '',
    token: '',
    tokenExpiresAt: 0,
    serverTime: 0,
    pushWindow: 1,
    heartbeatInterval: 1,
    maxFrameLength: 1,
    storeSince: 0,
  };
  const sync = encodePush({
    tag: undefined,
    from: undefined,
    to: alice.address,
    payload: encodePayload({ kind: 'acquire-sync', value: { last: undefined } }),
    signatures: [],
  });
  const cases: { readonly [name: string]: Uint8Array } = {
    'second hello': encodeFrame({ kind: 'hello', hello: alice.hello({ kind: 'none' }) }),
    'hello-ack': encodeFrame({ kind: 'hello-ack', ack }),
    response: encodeFrame({ kind: 'response', id: 1, status: 200, body: dice.bytes(10) }),
    'unknown request': encodeFrame({
      kind: 'request',
      id: world.nextId(),
      request: dice.pick([0, 17, 99, 0xffff_ffff]),
      body: dice.bytes(10),
      commitCounter: 0,
    }),
    'push of noise': encodeFrame({ kind: 'push', body: dice.bytes(1 + dice.below(50)) }),
    'damaged push': encodeFrame({ kind: 'push', body: damage(sync, dice, sync).bytes }),
    noise: dice.bytes(1 + dice.below(200)),
    empty: new Uint8Array(0),
  };
  const name = dice.pick(Object.keys(cases));
  return { group: 'frame', name, line: await world.line(), frame: cases[name]!, authenticated: true };
};

/** The first frame of a connection is damaged: its address, its token, its form. */
export const damagedHello: RelayMutation = async (world) => {
  const { dice, alice } = world;
  const credential = dice.pick([
    { kind: 'token', token: alice.token },
    { kind: 'password', password: alice.password },
  ] as const);
  const frame = encodeFrame({ kind: 'hello', hello: alice.hello(credential) });
  const { name, bytes } = damage(frame, dice, frame);
  return { group: 'hello', name, line: await world.dial(), frame: bytes, authenticated: false };
};
