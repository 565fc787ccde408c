/** Everything a client is told by its peers and its relay: content under a good seal, pushes under a good signature, messages of groups, frames. */
import { concat, toHex, utf8 } from '../../lib/base/bytes.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { one } from '../../lib/crypto/job.js';
import { sendingChain } from '../../lib/group/epoch.js';
import type { GroupMessage } from '../../lib/group/group-message.js';
import { encodeFrame } from '../../lib/wire/frame.js';
import { type Content, decodeContent, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import { type EncodedPayload, type PushPayload, encodePayload, pushKinds } from '../../lib/wire/push.js';
import type { Party, PostedMessage } from '../group/party.js';
import {
  type Mutation,
  damagedPush,
  damagedRatchetPart,
  earlyMessage,
  editedEnvelope,
  groupMessage,
  replayedMessage,
} from '../mutation/client-mutants.js';
import type { Observation } from '../mutation/client-world.js';
import { controls } from '../mutation/control-mutants.js';
import type { Peer } from '../mutation/peer.js';
import { seededRun } from '../support/seeded-jobs.js';
import { type Bench, Benches, groupAddress, groupName, groupPush, judge, ofSession, senderOf } from './client-bench.js';
import { type Damage, behindHead, byteDamage, messageDamage } from './decoder-target.js';
import { FastDice } from './fast-dice.js';
import { recorded } from './recorded.js';
import { Finding, type Outcome, type Target } from './target.js';
import { chainSecret } from '../support/chain-secret.js';

/** Rows that one input may add; a world with more is not used again. */
const mostChanges = 200;

/** A target whose inputs meet a client, one world after another. */
async function clientTarget(
  seedsOf: (bench: Bench) => readonly Uint8Array[],
  mutate: Damage,
  tryIt: (bench: Bench, input: Uint8Array, benches: Benches) => Promise<Outcome>,
): Promise<Target> {
  const benches = new Benches();
  const seeds = seedsOf(await benches.next());
  return {
    seeds,
    mutate,
    run: async (input) => tryIt(await benches.next(), input, benches),
    close: () => benches.renew(),
  };
}

/** Whatever was not refused may have ended a session or the group. */
function note(benches: Benches, seen: Observation): void {
  const isSilent = seen.events.length === 0 || seen.events.some(({ type }) => type === 'undecryptable' || type === 'group-change-refused');
  if (!isSilent || seen.changes.length > mostChanges) benches.altered();
}

function contentsOf({ world, members, devices, alice }: Bench): Uint8Array[] {
  const group = { name: groupName, address: groupAddress, members };
  const sessionId = alice.epoch.sessionId;
  if (sessionId === undefined) throw new Error('the group has no session');
  const epoch = { suite: world.suite, sender: world.alice.address, sessionId, group, sequence: 0 };
  const key = copySecret(new Uint8Array(32).fill(3));
  const contents: Content[] = [
    { kind: 'common', bytes: utf8('a text') },
    { kind: 'sync', bytes: utf8('a copy') },
    { kind: 'user-devices', devices: { domain: groupAddress.domain, userId: 'erin', deviceIds: ['phone', 'desk'] } },
    { kind: 'user-devices', devices: { domain: groupAddress.domain, userId: 'mallory', deviceIds: ['phone'] } },
    { kind: 'group-pre-key-bundle', bundle: { ...epoch, oldSessionId: sessionId, seed: new Secret(key) } },
    {
      kind: 'group-update-key-bundle',
      bundle: { ...epoch, adding: true, chainKey: chainSecret(key), signingKey: devices[0]!.signingKey, addingDevices: devices.slice(1) },
    },
  ];
  return contents.map(encodeContent);
}

/** Content that a peer has sealed properly: number of the peer, encoded Plaintext. */
export function contentTarget(): Promise<Target> {
  const seedsOf = (bench: Bench): Uint8Array[] =>
    [...contentsOf(bench), ...recorded('content')].flatMap((content, index) =>
      [0, 1].map((peer) => concat([Uint8Array.of((peer + index) % 3), content])),
    );
  return clientTarget(seedsOf, behindHead(1, messageDamage), async ({ world }, input, benches) => {
    const peer = world.peers[(input[0] ?? 0) % world.peers.length]!;
    const content = input.slice(1);
    // A peer has no way to seal nothing.
    if (content.length === 0) return { label: 'nothing to seal', features: [] };
    const base = world.next(peer, content);
    const seen = await world.deliverPush(world.messagePush(base.envelope));
    peer.session = base.after;
    note(benches, seen);
    return judge(peer === world.sibling ? 'own device' : 'peer', seen, ofSession(peer));
  });
}

function groupChangesOf({ world, members, devices }: Bench): readonly PushPayload[] {
  const { suite, alice, dave } = world;
  const group = { name: groupName, address: groupAddress, members };
  const added = { domain: groupAddress.domain, userId: 'dave', role: 0 };
  const addedDevice = { address: dave.address, signingKey: dave.account.identity.signing.publicKey };
  const wider = { ...group, members: [...members, added] };
  const head = { suite, sender: alice.address };
  return [
    { kind: 'create-group', value: { ...head, group: { ...group, address: { ...groupAddress, groupId: 'another' } }, devices } },
    {
      kind: 'add-group-members',
      value: { ...head, sequence: 0, group: wider, addingMembers: [added], addingDevices: [addedDevice] },
    },
    {
      kind: 'add-group-member-device',
      value: {
        ...head,
        sequence: 0,
        group,
        addingDevice: { address: { ...alice.address, deviceId: 'desk' }, signingKey: addedDevice.signingKey },
      },
    },
    {
      kind: 'remove-group-members',
      value: {
        ...head,
        group: { ...group, members: members.slice(0, 2) },
        removingMembers: members.slice(2),
        devices: devices.filter(({ address }) => address.userId !== 'mallory'),
      },
    },
    { kind: 'leave-group', value: { leaver: world.mallory.address, group: groupAddress } },
  ];
}

/** Pushes that the relay has signed: number of the kind, number of the sender, encoded payload. */
export function signedPushTarget(): Promise<Target> {
  const kinds = pushKinds();
  const seedsOf = (bench: Bench): Uint8Array[] => {
    const good = [...controls(bench.world).map(({ payload }) => payload), ...groupChangesOf(bench)].map(encodePayload);
    const others = kinds.flatMap((kind) => recorded(kind).map((bytes): EncodedPayload => ({ kind, bytes })));
    return [...good, ...others].flatMap(({ kind, bytes }) =>
      kind === 'unknown' ? [] : [concat([Uint8Array.of(kinds.indexOf(kind), 0), bytes])],
    );
  };
  return clientTarget(seedsOf, behindHead(2, messageDamage), async (bench, input, benches) => {
    const { world } = bench;
    const kind = kinds[(input[0] ?? 0) % kinds.length]!;
    const from = senderOf(bench, input[1] ?? 0);
    const push = world.relay.signedPush({ from, to: world.address, payload: { kind, bytes: input.slice(2) } });
    const seen = await world.deliverPush(push);
    note(benches, seen);
    return judge(kind, seen);
  });
}

const sequenceLength = 4;
const groupModes = ['as it is', 'moved', 'signed', 'flipped', 'envelope'] as const;
const run = seededRun('messages of a group');

function messageOf(
  { world }: Bench,
  mode: (typeof groupModes)[number],
  posted: PostedMessage,
  sequence: number,
  rest: Uint8Array,
  peer: Peer,
): GroupMessage {
  const { message } = posted;
  switch (mode) {
    case 'moved':
      return { ...message, sequence };
    case 'signed': {
      const { privateKey } = peer.account.identity.signing;
      const signature = run(one({ operation: 'sign', scheme: world.suite.signature, privateKey, message: rest }));
      return { sequence, ciphertext: rest, signature };
    }
    case 'flipped': {
      const signature = Uint8Array.from(message.signature);
      signature[sequence % signature.length]! ^= 1;
      return { ...message, signature };
    }
    case 'as it is':
    case 'envelope':
      return message;
  }
}

/** Messages of the group: how, by whom, a sequence (4 bytes), and what is sealed, or signed, or stands where the envelope should. */
export function groupTarget(): Promise<Target> {
  const headLength = 2 + sequenceLength;
  const seedsOf = (bench: Bench): Uint8Array[] => {
    const { message } = bench.alice.send(utf8('a text'));
    const envelope = encodeEnvelope({
      ...bench.world.next(bench.world.alice, utf8('x')).envelope,
      to: groupAddress,
      payload: { kind: 'group', message },
    });
    return [
      ...[0, 1, 2, 3].flatMap((mode) => [0, 1].map((by) => concat([Uint8Array.of(mode, by, 0, 0, 0, 1), utf8('a text')]))),
      concat([Uint8Array.of(4, 0, 0, 0, 0, 0), envelope]),
    ];
  };
  return clientTarget(seedsOf, behindHead(headLength, messageDamage), async (bench, input, benches) => {
    const { world } = bench;
    const mode = groupModes[(input[0] ?? 0) % groupModes.length]!;
    const [party, peer]: readonly [Party, Peer] = (input[1] ?? 0) % 2 === 0 ? [bench.alice, world.alice] : [bench.mallory, world.mallory];
    const sequence = new DataView(concat([input.slice(2, headLength), new Uint8Array(sequenceLength)]).buffer).getUint32(0);
    const rest = input.slice(headLength);
    if (rest.length === 0 || sendingChain(party.epoch, peer.address) === undefined) return { label: 'nothing to seal', features: [] };
    const posted = party.send(rest);
    const push =
      mode === 'envelope'
        ? world.relay.plainPush({ from: peer.address, to: world.address, payload: { kind: 'message', bytes: rest } })
        : groupPush(bench, { ...posted, message: messageOf(bench, mode, posted, sequence, rest, peer) }, peer);
    const seen = await world.deliverPush(push);
    const [received] = seen.received;
    if (received !== undefined && (mode === 'signed' || mode === 'flipped'))
      throw new Finding(`${mode}: a forged message of the group was delivered`);
    if (received !== undefined && mode === 'as it is' && Buffer.compare(received.bytes, rest) !== 0) {
      throw new Finding('a message of the group is not the one that was sealed');
    }
    if (mode !== 'as it is') benches.altered();
    return judge(`group message ${mode}`, seen);
  });
}

/** Frames as they come: whether the input is a push inside a frame (1 byte), its bytes. */
export function clientFrameTarget(): Promise<Target> {
  const seedsOf = ({ world }: Bench): Uint8Array[] => {
    const push = world.messagePush(world.next(world.alice, encodeContent(world.text())).envelope);
    const frames = [
      encodeFrame({ kind: 'push', body: push }),
      encodeFrame({ kind: 'response', id: 3, status: 200, body: utf8('x') }),
      encodeFrame({ kind: 'heartbeat', number: 3 }),
      encodeFrame({ kind: 'goodbye', reason: 'closing' }),
      encodeFrame({ kind: 'request', id: 1, request: 2, body: utf8('x'), commitCounter: 4 }),
    ];
    const signed = controls(world).map(({ payload, from }) => world.signed(payload, from));
    return [
      ...frames.map((frame) => concat([Uint8Array.of(0), frame])),
      ...[push, ...signed].map((body) => concat([Uint8Array.of(1), body])),
    ];
  };
  return clientTarget(seedsOf, behindHead(1, messageDamage), async ({ world }, input, benches) => {
    const rest = input.slice(1);
    const seen = (input[0] ?? 0) % 2 === 0 ? await world.deliver(rest) : await world.deliverPush(rest);
    note(benches, seen);
    return judge('frame', seen);
  });
}

/** Mutations of messages of a session: the seal is good, what stands around it is not. */
const messageMutations: readonly Mutation[] = [
  damagedPush,
  damagedRatchetPart,
  damagedRatchetPart,
  editedEnvelope,
  editedEnvelope,
  groupMessage,
  earlyMessage,
  replayedMessage,
];

/** Messages of a session that were damaged after they were sealed: the input is the seed of all choices. What arrives is what was sealed, or nothing. */
export function messageMutationTarget(): Promise<Target> {
  const seedsOf = (): Uint8Array[] => Array.from({ length: 40 }, (_, index) => utf8(`message ${index}`));
  return clientTarget(seedsOf, byteDamage, async ({ world }, input, benches) => {
    world.dice = new FastDice(toHex(input));
    const mutant = await world.dice.pick(messageMutations)(world);
    world.changes();
    const seen = await world.deliver(mutant.frame);
    const what = `${mutant.group} ${mutant.name}`;
    // A replay is made of a message that was taken: nothing of it may arrive again.
    const content = mutant.base === undefined || mutant.group === 'replay' ? undefined : decodeContent(mutant.base.content);
    for (const { bytes } of seen.received) {
      if (content?.kind !== 'common' || Buffer.compare(bytes, content.bytes) !== 0)
        throw new Finding(`${what}: another message arrived than was sealed`);
    }
    if (mutant.base !== undefined && seen.received.length > 0) await world.wasTaken(mutant.base);
    note(benches, seen);
    const { label, features } = judge(mutant.group, seen);
    return { label, features: [...features, `${what}: ${label}`] };
  });
}
