/** Everything a relay is told: every request of a device that has shown its token, and frames before and after that. */
import { sameDevice, sameUser } from '../../lib/base/address.js';
import { concat, utf8 } from '../../lib/base/bytes.js';
import { type Frame, encodeFrame } from '../../lib/wire/frame.js';
import { encodeEnvelope } from '../../lib/wire/message.js';
import { encodePayload, encodePush } from '../../lib/wire/push.js';
import { type RequestName, requestNames, requestRowOf, requests } from '../../lib/wire/request.js';
import { delimited, encodeFields, parseFields } from '../mutation/raw-fields.js';
import type { Line, RelayWorld } from '../mutation/relay-world.js';
import { type Damage, behindHead, messageDamage } from './decoder-target.js';
import { type RelayBench, RelayBenches } from './relay-bench.js';
import { shapeOf } from './shape.js';
import { Finding, type Outcome, type Target } from './target.js';

/** Codes that refuse for a reason; 500 is a defect. */
const refusals = [204, 400, 401, 403, 404, 409, 503];
/** Frames of one input on a connection. */
const mostFrames = 6;

async function relayTarget(
  seedsOf: (bench: RelayBench) => readonly Uint8Array[],
  mutate: Damage,
  tryIt: (bench: RelayBench, input: Uint8Array) => Promise<Outcome>,
): Promise<Target> {
  const benches = new RelayBenches();
  const seeds = seedsOf(await benches.next());
  return { seeds, mutate, run: async (input) => tryIt(await benches.next(), input), close: () => benches.renew() };
}

/** Requests about the group that is there. */
function groupRequests({ world: { alice, bob }, group }: RelayBench): readonly (readonly [RequestName, Uint8Array])[] {
  const { suite } = alice.account;
  const { domain } = alice.address;
  const info = { name: 'club', address: group, members: [] };
  const carol = { domain, userId: 'carol', role: 0 };
  const message = { sequence: 0, ciphertext: utf8('a text of the group'), signature: new Uint8Array(64) };
  const envelope = encodeEnvelope({ ...alice.envelope(alice.address, ''), to: group, payload: { kind: 'group', message } });
  const head = { suite, sender: alice.address, group: info };
  return [
    ['get_group', requests.get_group.encodeRequest({ group, sender: alice.address })],
    ['send_group_msg', requests.send_group_msg.encodeRequest({ envelope, allow: [], deny: [] })],
    ['send_group_msg', requests.send_group_msg.encodeRequest({ envelope, allow: [bob.address], deny: [alice.address] })],
    ['add_group_members', requests.add_group_members.encodeRequest({ ...head, sequence: 0, addingMembers: [carol], addingDevices: [] })],
    [
      'add_group_member_device',
      requests.add_group_member_device.encodeRequest({
        ...head,
        sequence: 0,
        addingDevice: { address: { ...bob.address, deviceId: 'desk' }, signingKey: new Uint8Array(0) },
      }),
    ],
    [
      'remove_group_members',
      requests.remove_group_members.encodeRequest({
        ...head,
        removingMembers: [{ domain, userId: bob.address.userId, role: 0 }],
        devices: [],
      }),
    ],
    ['leave_group', requests.leave_group.encodeRequest({ leaver: alice.address, group })],
  ];
}

/** Requests: who makes it (Alice, or somebody without a credential), number of the request, its body. */
export function relayRequestTarget(): Promise<Target> {
  const names = requestNames();
  const seedsOf = (bench: RelayBench): Uint8Array[] => {
    const good = names.map((name) => [name, bench.world.good(name)] as const);
    const all = [...good, ...groupRequests(bench)].flatMap(([name, body]) =>
      [0, 1].map((who) => concat([Uint8Array.of(who, names.indexOf(name)), body])),
    );
    return all;
  };
  return relayTarget(seedsOf, behindHead(2, messageDamage), async ({ world }, input) => {
    const isStranger = (input[0] ?? 0) % 8 === 1;
    const name = names[(input[1] ?? 0) % names.length]!;
    const body = input.slice(2);
    const line = isStranger ? await world.strangerLine() : await world.line();
    const id = world.nextId();
    line.send(encodeFrame({ kind: 'request', id, request: requests[name].code, body, commitCounter: 0 }));
    const answer = await line.until((frame) => (frame.kind === 'response' && frame.id === id) || frame.kind === 'goodbye');
    line.frames.length = 0;
    const outcome = judgeAnswer(world, name, body, isStranger, answer);
    await world.bobConsumes();
    return outcome;
  });
}

function judgeAnswer(world: RelayWorld, name: RequestName, body: Uint8Array, isStranger: boolean, answer: Frame | undefined): Outcome {
  const what = isStranger ? `stranger ${name}` : name;
  if (answer?.kind !== 'response' || answer.status !== 200) throw new Finding(`${what}: no answer, but ${answer?.kind ?? 'the end'}`);
  const response = requestRowOf(name).decodeResponse(answer.body);
  const changes = world.changes();
  const label = `${what} ${response.ok ? 200 : response.code}`;
  if (response.ok) {
    if (isStranger && name !== 'register_user') throw new Finding(`${what}: a stranger was served`);
    checkSpeaker(world, name, body);
    const tables = [...new Set(changes.map(({ table }) => table))].sort();
    return { label, features: [label, `${label} writes ${tables.join()}`, ...shapeOf(response.value, label)] };
  }
  if (!refusals.includes(response.code)) throw new Finding(`${what}: refused with ${response.code}: ${response.message}`);
  if (changes.length > 0)
    throw new Finding(`${what}: refused with ${response.code}, yet changed ${changes.map(({ table }) => table).join()}`);
  return { label, features: [`${label} ${response.message.replaceAll(/\d+/gu, '#')}`] };
}

/** Whatever was done was asked for by the device itself. */
function checkSpeaker({ alice }: RelayWorld, name: RequestName, body: Uint8Array): void {
  const decoded: object = requestRowOf(name).decodeRequest(body);
  const parts: unknown[] = Object.values(decoded);
  for (const inner of [decoded, ...parts]) {
    if (typeof inner !== 'object' || inner === null) continue;
    const { sender, from, leaver } = inner as { sender?: unknown; from?: unknown; leaver?: unknown };
    for (const speaker of [sender, from, leaver]) {
      const address = speaker as typeof alice.address | undefined;
      if (address !== undefined && !sameDevice(address, alice.address)) throw new Finding(`${name}: done in the name of somebody else`);
    }
  }
  if (name !== 'publish_spk' && name !== 'supply_opks') return;
  const { user } = requests[name].decodeRequest(body);
  if (!sameUser(user, alice.address) || !sameDevice(user, alice.address)) throw new Finding(`${name}: keys of somebody else were changed`);
}

const framesField = 1;

/** Several frames as one message. */
function packed(...frames: readonly Uint8Array[]): Uint8Array {
  return encodeFields(frames.map((frame) => delimited(framesField, frame)));
}

function unpacked(input: Uint8Array): Uint8Array[] {
  const fields = parseFields(input) ?? [delimited(framesField, input)];
  return fields.flatMap(({ value }) => (typeof value === 'bigint' ? [] : [value])).slice(0, mostFrames);
}

/** Frames on a connection: whether it is new (1 byte), and the frames, fields of one message. */
export function relayFrameTarget(): Promise<Target> {
  const seedsOf = ({ world: { alice } }: RelayBench): Uint8Array[] => {
    const hello = encodeFrame({ kind: 'hello', hello: alice.hello({ kind: 'token', token: alice.token }) });
    const nobody = encodeFrame({ kind: 'hello', hello: alice.hello({ kind: 'none' }) });
    const password = encodeFrame({ kind: 'hello', hello: alice.hello({ kind: 'password', password: alice.password }) });
    const sync = encodePush({
      tag: undefined,
      from: undefined,
      to: alice.address,
      payload: encodePayload({ kind: 'acquire-sync', value: { last: undefined } }),
      signatures: [],
    });
    const rest = [
      encodeFrame({ kind: 'heartbeat', number: 1 }),
      encodeFrame({ kind: 'push', body: sync }),
      encodeFrame({ kind: 'goodbye', reason: 'closing' }),
      encodeFrame({ kind: 'response', id: 1, status: 200, body: utf8('x') }),
      encodeFrame({ kind: 'request', id: 7, request: requests.get_group.code, body: utf8('x'), commitCounter: 0 }),
    ];
    return [
      ...[hello, nobody, password].map((first) => concat([Uint8Array.of(0), packed(first, ...rest.slice(0, 2))])),
      ...rest.map((frame) => concat([Uint8Array.of(1), packed(frame)])),
      ...rest.map((frame) => concat([Uint8Array.of(0), packed(frame, hello)])),
    ];
  };
  return relayTarget(seedsOf, behindHead(1, messageDamage), async ({ world }, input) => {
    const isNew = (input[0] ?? 0) % 2 === 0;
    const line = isNew ? await world.dial() : await world.line();
    for (const frame of unpacked(input.slice(1))) line.send(frame);
    await line.settle();
    const isAlive = await answers(world, line);
    const label = `${isNew ? 'new' : 'greeted'} ${isAlive ? 'goes on' : 'ended'}`;
    const kinds = line.frames.map((frame) =>
      frame.kind === 'hello-ack' ? `${label} hello ${frame.ack.code} ${frame.ack.reason}` : `${label} ${reasonOf(frame)}`,
    );
    if (isNew) line.close();
    line.frames.length = 0;
    await world.bobConsumes();
    return { label, features: [label, ...kinds] };
  });
}

function reasonOf(frame: Frame): string {
  if (frame.kind === 'goodbye') return `goodbye ${frame.reason}`;
  if (frame.kind === 'response') return `response ${frame.status}`;
  return frame.kind;
}

/** Whether the connection goes on; then a request on it is answered. */
async function answers(world: RelayWorld, line: Line): Promise<boolean> {
  if (line.isClosed) return false;
  const id = world.nextId();
  line.send(encodeFrame({ kind: 'request', id, request: requests.get_group.code, body: world.good('get_group'), commitCounter: 0 }));
  const answer = await line.until((frame) => (frame.kind === 'response' && frame.id === id) || frame.kind === 'goodbye');
  return answer?.kind === 'response';
}
