/** Damaged requests and frames for a relay, and what must come of each: an answer that refuses, or a goodbye, and no change. */
import { currentSignedPreKey } from '../../lib/account/account.js';
import { asSessionId } from '../../lib/base/brand.js';
import { sameDevice } from '../../lib/base/address.js';
import { toBase64 } from '../../lib/base/bytes.js';
import { E2eeError } from '../../lib/base/errors.js';
import type { Frame } from '../../lib/wire/frame.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { decodeEnvelope } from '../../lib/wire/message.js';
import { encodePayload, encodePush } from '../../lib/wire/push.js';
import { type RequestName, requestNameOf, requestNames, requestRowOf, requests } from '../../lib/wire/request.js';
import { encodedCase } from '../server/request-cases.js';
import { damage, damageFields } from './mutators.js';
import { RelayWorld, type Line } from './relay-world.js';
import type { Layer, Tally, Verdict } from './report.js';

/** Codes that refuse for a reason; 500 is a defect. */
const refusals = [204, 400, 401, 403, 404, 409, 417, 503];

/** One damaged frame and the connection it is for. */
interface RelayMutant {
  readonly group: string;
  readonly name: string;
  readonly line: Line;
  readonly frame: Uint8Array;
  /** Whether the connection belongs to a device. */
  readonly authenticated: boolean;
}

type Mutation = (world: RelayWorld) => Promise<RelayMutant>;

function good(world: RelayWorld, name: RequestName): Uint8Array {
  const { alice, bob, dice } = world;
  const body = encodedCase(name, alice, bob, alice.address);
  if (name === 'consume_proto_msg')
    return requests.consume_proto_msg.encodeRequest({ pushId: alice.pushes[0]?.tag?.id ?? 'none', outcome: 1 });
  if (name === 'publish_spk') {
    // Ids must grow, so that a request that was done leaves the next one something to do.
    const { id, keyPair, signature } = currentSignedPreKey(alice.account);
    return requests.publish_spk.encodeRequest({
      user: alice.address,
      signedPreKey: { id: id + world.nextId(), publicKey: keyPair.publicKey, signature },
    });
  }
  // Session ids are drawn anew: the relay remembers the last few invites of a pair.
  if (name === 'invite')
    return requests.invite.encodeRequest({ invite: { ...alice.invite(bob.address), sessionId: asSessionId(toBase64(dice.bytes(16))) } });
  return body;
}

function requestFrame(world: RelayWorld, name: RequestName, body: Uint8Array): Uint8Array {
  return encodeFrame({ kind: 'request', id: world.nextId(), request: requests[name].code, body, commitCounter: 0 });
}

/** The body of a request is damaged. */
const damagedRequest: Mutation = async (world) => {
  const { dice } = world;
  const name = dice.pick(requestNames());
  const body = good(world, name);
  const { name: how, bytes } = dice.onceIn(3) ? damageFields(body, dice) : damage(body, dice, good(world, dice.pick(requestNames())));
  return { group: name, name: how, line: await world.line(), frame: requestFrame(world, name, bytes), authenticated: true };
};

/** A signed pre-key whose key or signature is not the one that was signed. */
const wrongSignature: Mutation = async (world) => {
  const { dice, alice } = world;
  const request = requests.publish_spk.decodeRequest(good(world, 'publish_spk'));
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

/** The body of one request under the name of another. */
const swappedRequest: Mutation = async (world) => {
  const [name, other] = world.dice.shuffled(requestNames());
  return {
    group: 'swapped',
    name: `${other} as ${name}`,
    line: await world.line(),
    frame: requestFrame(world, name!, good(world, other!)),
    authenticated: true,
  };
};

/** A good request that speaks for somebody else. */
const foreignSender: Mutation = async (world) => {
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
    frame: requestFrame(world, name, encodedCase(name, alice, bob, sender)),
    authenticated: true,
  };
};

/** A good or damaged request on a connection that has shown no credential. */
const strangersRequest: Mutation = async (world) => {
  const { dice } = world;
  const name = dice.pick(requestNames());
  const body = good(world, name);
  const bytes = dice.onceIn(2) || name === 'register_user' ? damage(body, dice, body).bytes : body;
  return { group: 'stranger', name, line: await world.strangerLine(), frame: requestFrame(world, name, bytes), authenticated: false };
};

/** A request whose frame is damaged. */
const damagedFrame: Mutation = async (world) => {
  const { dice } = world;
  const frame = requestFrame(world, 'get_group', good(world, 'get_group'));
  const { name, bytes } = damage(frame, dice, encodeFrame({ kind: 'heartbeat', number: 1 }));
  return { group: 'frame', name, line: await world.line(), frame: bytes, authenticated: true };
};

/** A frame that only the relay sends, or that nobody can, or a request of no known kind. */
const foreignFrame: Mutation = async (world) => {
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
const damagedHello: Mutation = async (world) => {
  const { dice, alice } = world;
  const credential = dice.pick([
    { kind: 'token', token: alice.token },
    { kind: 'password', password: alice.password },
  ] as const);
  const frame = encodeFrame({ kind: 'hello', hello: alice.hello(credential) });
  const { name, bytes } = damage(frame, dice, frame);
  return { group: 'hello', name, line: await world.dial(), frame: bytes, authenticated: false };
};

const mutations: readonly (readonly [number, Mutation])[] = [
  [70, damagedRequest],
  [2, wrongSignature],
  [5, swappedRequest],
  [6, foreignSender],
  [5, strangersRequest],
  [6, damagedFrame],
  [4, foreignFrame],
  [5, damagedHello],
];

/** Runs `count` mutations from `seed`. Harm that one of them does is noted in the tally. */
export async function runRelayMutations(seed: string, count: number, tally: Tally): Promise<void> {
  const world = await RelayWorld.create(seed);
  try {
    for (let number = 0; number < count; number += 1) {
      const mutant = await world.dice.weighted(mutations)(world);
      world.changes();
      const from = mutant.line.frames.length;
      mutant.line.send(mutant.frame);
      const answer = await answerTo(world, mutant, from);
      const changed = world.changes().map(({ table, key }) => `${table} ${JSON.stringify(key)}`);
      tally.judge(`${seed}, mutation ${number}`, mutant.group, () => judge(world, mutant, answer, changed));
      if (mutant.group === 'hello') mutant.line.close();
      mutant.line.frames.length = 0;
      await world.bobConsumes();
    }
    await world.proveHealth();
  } finally {
    await world.close();
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof E2eeError) return undefined;
    throw error;
  }
}

/** The frame that answers, or `undefined` when the connection ended, or nothing needs to be answered. */
async function answerTo(world: RelayWorld, { line, frame, group }: RelayMutant, from: number): Promise<Frame | undefined> {
  const read = attempt(() => decodeFrame(frame));
  const isNew = (other: Frame): boolean => line.frames.indexOf(other) >= from;
  if (group === 'hello') return line.until(({ kind }) => kind === 'hello-ack' || kind === 'goodbye');
  if (read?.kind === 'request')
    return line.until((other) => isNew(other) && ((other.kind === 'response' && other.id === read.id) || other.kind === 'goodbye'));
  await line.settle();
  // Whatever it was, the next good request is answered, or the connection has ended.
  const id = world.nextId();
  if (line.isClosed) return line.frames.find(({ kind }) => kind === 'goodbye');
  line.send(encodeFrame({ kind: 'request', id, request: requests.get_group.code, body: good(world, 'get_group'), commitCounter: 0 }));
  const probe = await line.until((other) => (other.kind === 'response' && other.id === id) || other.kind === 'goodbye');
  return probe?.kind === 'goodbye' ? probe : undefined;
}

function judge(world: RelayWorld, mutant: RelayMutant, answer: Frame | undefined, changed: readonly string[]): Verdict {
  const { line, group, name, frame, authenticated } = mutant;
  const fail = (what: string): never => {
    throw new Error(
      `${group} / ${name}: ${what}\nanswer ${JSON.stringify(answer)}\nchanged rows: ${changed.join(', ')}\nframe ${Buffer.from(frame.subarray(0, 200)).toString('hex')}`,
    );
  };
  const unchanged = (verdict: Omit<Verdict, 'harmless'>): Verdict =>
    changed.length > 0 ? fail('the store has changed') : { ...verdict, harmless: false };
  const read = attempt(() => decodeFrame(frame));
  if (group === 'hello') return judgeHello(answer, changed, fail);
  if (answer?.kind === 'goodbye' || (answer === undefined && line.isClosed)) {
    if (read?.kind === 'request') fail('the connection ended instead of an answer');
    return unchanged({ layer: 'frame', validSession: false });
  }
  if (read?.kind !== 'request') return unchanged({ layer: 'frame', validSession: false });
  if (answer?.kind !== 'response') return fail('no answer');
  const validSession = authenticated;
  const known = requestNameOf(read.request);
  if (known === undefined)
    return answer.status === 400 ? unchanged({ layer: 'decode', validSession: false }) : fail('a request of no known kind was done');
  if (answer.status !== 200) return fail('a known request was not answered in kind');
  const response = requestRowOf(known).decodeResponse(answer.body);
  if (!response.ok) {
    if (!refusals.includes(response.code)) fail(`refused with ${response.code}`);
    return unchanged({ layer: layerOf(response.code, response.message), validSession });
  }
  if (!authenticated && known !== 'register_user') fail('a stranger was served');
  checkDone(world, known, read.body, fail);
  return { layer: 'handler', harmless: true, validSession };
}

/** Of a damaged hello: refused, or as good as before, or without a credential, which opens nothing. */
function judgeHello(answer: Frame | undefined, changed: readonly string[], fail: (what: string) => never): Verdict {
  if (answer?.kind === 'hello-ack' && answer.ack.code === 200) return { layer: 'session', harmless: true, validSession: false };
  if (changed.length > 0) fail('a refused hello has changed the store');
  const layer = answer?.kind === 'hello-ack' ? (answer.ack.code === 400 ? 'decode' : 'session') : 'frame';
  return { layer, harmless: false, validSession: false };
}

function layerOf(code: number, message: string): Layer {
  if (code === 401) return 'session';
  if (code === 403 || message === 'this relay does not serve the domain') return 'address';
  if (message.startsWith('the signature')) return 'signature';
  // The relay names what the decoder refused by the decoder's code.
  if (code === 400 && /^[a-z-]+: /u.test(message)) return 'decode';
  return 'handler';
}

/** A request that was done must be one that the device of the connection may make; a message must have gone on byte for byte. */
function checkDone({ alice, bob }: RelayWorld, name: RequestName, body: Uint8Array, fail: (what: string) => never): void {
  switch (name) {
    case 'invite': {
      const { from } = requests.invite.decodeRequest(body).invite;
      if (!sameDevice(from, alice.address)) fail('an invite of somebody else was passed on');
      return;
    }
    case 'accept': {
      const { from } = requests.accept.decodeRequest(body).accept;
      if (!sameDevice(from, alice.address)) fail('an accept of somebody else was passed on');
      return;
    }
    case 'publish_spk':
    case 'supply_opks': {
      const { user } = requests[name].decodeRequest(body);
      if (!sameDevice(user, alice.address)) fail('keys of somebody else were changed');
      return;
    }
    case 'send_one2one_msg': {
      const { envelope } = requests.send_one2one_msg.decodeRequest(body);
      const { from, to } = decodeEnvelope(envelope);
      if (!sameDevice(from, alice.address)) fail('a message of somebody else was passed on');
      if (!('userId' in to) || to.userId !== bob.address.userId) return;
      if (!bob.pushes.some(({ payload }) => Buffer.compare(payload.bytes, envelope) === 0)) fail('a message was changed on its way');
      return;
    }
    case 'register_user':
    case 'get_pre_key_bundle':
    case 'consume_proto_msg':
    case 'update_user':
      return;
    default:
      fail('the relay has done what it does not offer');
  }
}
