/** Runs mutations against a relay and judges what comes of each: an answer that refuses, or a goodbye, and no change. */
import { sameDevice, sameUser } from '../../lib/base/address.js';
import { E2eeError } from '../../lib/base/errors.js';
import type { Frame } from '../../lib/wire/frame.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { groupRoles } from '../../lib/wire/group.js';
import { decodeEnvelope } from '../../lib/wire/message.js';
import { type RequestName, requestNameOf, requestRowOf, requests } from '../../lib/wire/request.js';
import {
  type RelayMutant,
  type RelayMutation,
  damagedFrame,
  damagedHello,
  damagedRequest,
  foreignFrame,
  foreignSender,
  groupPayload,
  strangersRequest,
  swappedRequest,
  wrongSignature,
} from './relay-mutants.js';
import { RelayWorld } from './relay-world.js';
import type { Layer, Tally, Verdict } from './report.js';

/** Codes that refuse for a reason; 500 is a defect. */
const refusals = [204, 400, 401, 403, 404, 409, 503];

const mutations: readonly (readonly [number, RelayMutation])[] = [
  [70, damagedRequest],
  [2, wrongSignature],
  [1, groupPayload],
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
  line.send(encodeFrame({ kind: 'request', id, request: requests.get_group.code, body: world.good('get_group'), commitCounter: 0 }));
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
      const { from, to, payload: sent } = decodeEnvelope(envelope);
      if (sent.kind !== 'one-to-one') fail('a group message was passed on as another');
      if (!sameDevice(from, alice.address)) fail('a message of somebody else was passed on');
      if (!('userId' in to) || to.userId !== bob.address.userId) return;
      if (!bob.pushes.some(({ payload }) => Buffer.compare(payload.bytes, envelope) === 0)) fail('a message was changed on its way');
      return;
    }
    case 'create_group': {
      const { sender, group } = requests.create_group.decodeRequest(body);
      if (!sameDevice(sender, alice.address)) fail('a group was made in the name of somebody else');
      if (!group.members.some((member) => sameUser(member, alice.address) && member.role === groupRoles.manager)) {
        fail('a group was made by somebody who does not manage it');
      }
      return;
    }
    case 'remove_device': {
      const { device } = requests.remove_device.decodeRequest(body);
      if (!sameUser(device, alice.address) || sameDevice(device, alice.address))
        fail('a device was removed that its own user did not name');
      return;
    }
    case 'register_user':
    case 'get_pre_key_bundle':
    case 'consume_proto_msg':
    case 'update_user':
      return;
    default:
      fail('something was done in a group that does not exist');
  }
}
