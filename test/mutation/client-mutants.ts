/** Damaged messages: from the bytes of a frame to the content under the seal. */
import { sameDevice } from '../../lib/base/address.js';
import { asSessionId } from '../../lib/base/brand.js';
import { concat, toBase64, utf8 } from '../../lib/base/bytes.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import type { RatchetMessage } from '../../lib/ratchet/ratchet.js';
import { encodeFrame } from '../../lib/wire/frame.js';
import { type Content, type Envelope, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import type { ClientMutant } from './client-oracle.js';
import type { Base, ClientWorld } from './client-world.js';
import { type Mutated, damage, damageBytes, damageFields } from './mutators.js';
import { delimited, encodeFields, encodeField, parseFields } from './raw-fields.js';
import { domain } from './stand-in-relay.js';
import { chainSecret } from '../support/chain-secret.js';

/** Makes one damaged frame; may deliver good messages first. */
export type Mutation = (world: ClientWorld) => ClientMutant | Promise<ClientMutant>;

/** A push in a good frame. */
export function inFrame(push: Uint8Array): Uint8Array {
  return encodeFrame({ kind: 'push', body: push });
}

/** The bytes of the frame itself are damaged. */
export const damagedFrame: Mutation = async (world) => {
  const base = await world.base();
  const frame = inFrame(world.messagePush(base.envelope));
  const { name, bytes } = damage(frame, world.dice, encodeFrame({ kind: 'goodbye', reason: 'closing' }));
  return { group: 'frame', name, frame: bytes, base };
};

/** A push of a message is damaged anywhere. */
export const damagedPush: Mutation = async (world) => {
  const base = await world.base();
  const donor = world.messagePush(world.dice.pick(world.taken));
  const { name, bytes } = damage(world.messagePush(base.envelope), world.dice, donor);
  return { group: 'message push', name, frame: inFrame(bytes), base };
};

/** Only what belongs to the ratchet is damaged; addresses and session stay good. */
export const damagedRatchetPart: Mutation = async (world) => {
  const base = await world.base();
  const fields = parseFields(encodeEnvelope(base.envelope))!;
  const part = fields.find(({ number }) => number === 11);
  if (part === undefined || typeof part.value === 'bigint') throw new Error('an envelope has no ratchet part');
  const { value } = part;
  const { name, bytes } = world.dice.onceIn(2) ? damageFields(value, world.dice) : damageBytes(value, world.dice, value);
  const envelope = encodeFields(fields.map((field) => (field === part ? delimited(11, bytes) : field)));
  return messageMutant(world, 'ratchet part', { name, bytes: envelope }, base);
};

function messageMutant(world: ClientWorld, group: string, { name, bytes }: Mutated, base: Base): ClientMutant {
  const push = world.relay.plainPush({ from: base.envelope.from, to: world.address, payload: { kind: 'message', bytes } });
  return { group, name, frame: inFrame(push), base };
}

type EnvelopeEdit = (
  world: ClientWorld,
  base: Base,
  message: RatchetMessage,
) => Partial<Envelope> & { readonly message?: Partial<RatchetMessage> };

function messageOf({ payload }: Envelope): RatchetMessage {
  if (payload.kind !== 'one-to-one') throw new Error('the message is not one-to-one');
  return payload.message;
}

function flipped(bytes: Uint8Array, { dice }: ClientWorld): Uint8Array {
  const out = Uint8Array.from(bytes);
  out[dice.below(out.length)]! ^= 1 << dice.below(8);
  return out;
}

function otherPeer({ peers, dice }: ClientWorld, { peer }: Base): ClientWorld['alice'] {
  return dice.pick(peers.filter((other) => other !== peer));
}

function beginsChain({ taken }: ClientWorld, { peer }: Base, { ratchetKey }: RatchetMessage): boolean {
  return !taken.some(
    (envelope) => sameDevice(envelope.from, peer.address) && Buffer.compare(messageOf(envelope).ratchetKey, ratchetKey) === 0,
  );
}

/** One-sided changes of what a message says: well formed, so that only the later layers can refuse it. */
const envelopeEdits: { readonly [name: string]: EnvelopeEdit } = {
  'ciphertext flipped': (world, _base, { ciphertext }) => ({ message: { ciphertext: flipped(ciphertext, world) } }),
  'ciphertext cut': ({ dice }, _base, { ciphertext }) => ({
    message: { ciphertext: ciphertext.subarray(0, 1 + dice.below(ciphertext.length - 1)) },
  }),
  'ciphertext extended': ({ dice }, _base, { ciphertext }) => ({
    message: { ciphertext: concat([ciphertext, dice.bytes(1 + dice.below(20))]) },
  }),
  'ciphertext of another message': ({ dice, taken }) => ({ message: { ciphertext: messageOf(dice.pick(taken)).ciphertext } }),
  'ciphertext of another session': (world, base) => ({
    message: { ciphertext: messageOf(world.next(otherPeer(world, base), utf8('other')).envelope).ciphertext },
  }),
  'ratchet key flipped': (world, _base, { ratchetKey }) => ({ message: { ratchetKey: flipped(ratchetKey, world) } }),
  'ratchet key replaced': ({ dice }, _base, { ratchetKey }) => ({ message: { ratchetKey: dice.bytes(ratchetKey.length) } }),
  'ratchet key of another session': (world, base) => ({
    message: { ratchetKey: messageOf(world.next(otherPeer(world, base), utf8('other')).envelope).ratchetKey },
  }),
  'ratchet key of another length': ({ dice }, _base, { ratchetKey }) => ({
    message: { ratchetKey: dice.onceIn(2) ? ratchetKey.subarray(1) : concat([ratchetKey, dice.bytes(1)]) },
  }),
  'sequence altered': ({ dice }, _base, { sequence }) => ({
    message: {
      sequence: dice.pick([
        sequence + 1,
        sequence + 2,
        sequence + 300,
        Math.max(0, sequence - 1),
        sequence + 65_537,
        0x7fff_ffff,
        0xffff_fffe,
        0xffff_ffff,
      ]),
    },
  }),
  'root sequence altered': ({ dice }, _base, { rootSequence }) => ({
    message: {
      rootSequence: dice.pick([
        rootSequence + 1,
        rootSequence + 2,
        Math.max(0, rootSequence - 1),
        Math.max(0, rootSequence - 2),
        0x8000_0000,
        0xffff_ffff,
      ]),
    },
  }),
  'sending sequence altered': (world, base, message) => {
    const { sendingMessageSequence: sent } = message;
    // At a ratchet step a great number costs as many useless keys as may be kept, which slows the run down; weaknesses P2 has a test of its own.
    const values = beginsChain(world, base, message) ? [0, 1, sent + 5] : [0, 1, sent + 5, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff];
    return { message: { sendingMessageSequence: world.dice.pick(values) } };
  },
  'all counters at their end': () => ({
    message: { sequence: 0xffff_ffff, rootSequence: 0xffff_ffff, sendingMessageSequence: 0xffff_ffff },
  }),
  'sender is another peer': (world, base) => ({ from: otherPeer(world, base).address }),
  'sender is another device': (_world, { envelope: { from } }) => ({ from: { ...from, deviceId: `${from.deviceId} 2` } }),
  'sender is the receiver': ({ address }) => ({ from: address }),
  'sender of another domain': (_world, { envelope: { from } }) => ({ from: { ...from, domain: 'elsewhere.test' } }),
  'sender under another name': ({ dice }, { envelope: { from } }) => ({ from: { ...from, userName: `name ${dice.below(100)}` } }),
  'receiver is another user': ({ mallory }) => ({ to: mallory.address }),
  'receiver is another own device': ({ sibling }) => ({ to: sibling.address }),
  'receiver is a group': () => ({ to: { domain, groupId: 'group' } }),
  'receiver is every device': ({ address }) => ({ to: { ...address, deviceId: '' } }),
  'addresses swapped': ({ address }, { envelope: { from } }) => ({ from: address, to: from }),
  'session unknown': ({ dice }) => ({ sessionId: asSessionId(toBase64(dice.bytes(16))) }),
  'session of another peer': (world, base) => ({ sessionId: otherPeer(world, base).ready.sessionId }),
  'session under way': ({ carol }) => ({ sessionId: carol.ready.sessionId }),
  'message id replaced': (_world, { peer }) => ({ messageId: peer.messageId() }),
  'notification out of range': ({ dice }) => ({ notification: dice.pick([-1, 13, 0x7fff_ffff, -0x8000_0000]) }),
};

/** Edits that leave a message valid, and are therefore made less often. */
const harmlessEdits = [
  'sending sequence altered',
  'sender under another name',
  'receiver is every device',
  'message id replaced',
  'notification out of range',
];

/** A message says something else than what was sealed. */
export const editedEnvelope: Mutation = async (world) => {
  const { dice } = world;
  const base = await world.base();
  const names = Object.keys(envelopeEdits).filter((name) => !harmlessEdits.includes(name) || dice.onceIn(4));
  const name = dice.pick(names);
  const { message, ...head } = envelopeEdits[name]!(world, base, messageOf(base.envelope));
  const envelope: Envelope = {
    ...base.envelope,
    ...head,
    payload: { kind: 'one-to-one', message: { ...messageOf(base.envelope), ...message } },
  };
  return messageMutant(world, 'envelope', { name, bytes: encodeEnvelope(envelope) }, base);
};

/** A group's message in the place of a one-to-one message. */
export const groupMessage: Mutation = async (world) => {
  const base = await world.base();
  const { ciphertext } = messageOf(base.envelope);
  const payload = { kind: 'group', message: { sequence: world.dice.below(3), ciphertext, signature: world.dice.bytes(64) } } as const;
  return messageMutant(world, 'envelope', { name: 'group message', bytes: encodeEnvelope({ ...base.envelope, payload }) }, base);
};

/** A message for the session whose accept has not come. */
export const earlyMessage: Mutation = (world) => {
  const base = world.next(world.carol, encodeContent(world.text()));
  const ciphertext = flipped(messageOf(base.envelope).ciphertext, world);
  const envelope: Envelope = { ...base.envelope, payload: { kind: 'one-to-one', message: { ...messageOf(base.envelope), ciphertext } } };
  return messageMutant(world, 'early message', { name: 'ciphertext flipped', bytes: encodeEnvelope(envelope) }, base);
};

/** A message that was taken comes again in a push of its own. */
export const replayedMessage: Mutation = async (world) => {
  if (world.dice.onceIn(3)) await world.deliverGood(await world.late());
  const envelope = world.dice.onceIn(2) ? world.taken.at(-1)! : world.dice.pick(world.taken);
  const peer = world.peers.find(({ address }) => sameDevice(address, envelope.from)) ?? world.alice;
  const base = { ...world.next(peer, utf8('never sent')), envelope };
  const replay = world.dice.onceIn(2) ? envelope : { ...envelope, messageId: peer.messageId() };
  return messageMutant(world, 'replay', { name: 'taken message under a new tag', bytes: encodeEnvelope(replay) }, base);
};

function contents(world: ClientWorld): readonly Content[] {
  const { alice, suite, dice } = world;
  const group = { name: 'group', address: { domain, groupId: 'group' }, members: [{ domain, userId: 'alice', role: 0 }] };
  const epoch = { suite, sender: alice.address, sessionId: asSessionId(toBase64(dice.bytes(16))), group, sequence: 1 };
  return [
    world.text(),
    { kind: 'sync', bytes: utf8('a copy') },
    { kind: 'user-devices', devices: { domain, userId: 'erin', deviceIds: ['phone', 'desk'] } },
    { kind: 'user-devices', devices: { domain, userId: 'frank', deviceIds: [] } },
    { kind: 'group-pre-key-bundle', bundle: { ...epoch, oldSessionId: undefined, seed: new Secret(copySecret(dice.bytes(32))) } },
    {
      kind: 'group-update-key-bundle',
      bundle: {
        ...epoch,
        adding: true,
        chainKey: chainSecret(dice.bytes(suite.hash.digestLength), suite.hash),
        signingKey: dice.bytes(32),
        addingDevices: [],
      },
    },
  ];
}

/** Malformed or forbidden content, sealed by the peer as it should be: the session is good, what it carries is not. */
export const sealedContent: Mutation = (world) => {
  const { dice } = world;
  const peer = dice.pick(world.peers);
  const { name, content } = badContent(world, peer === world.sibling);
  const base = world.next(peer, content);
  return { ...messageMutant(world, 'sealed content', { name, bytes: encodeEnvelope(base.envelope) }, base), sealed: true };
};

function badContent(world: ClientWorld, isOwn: boolean): { readonly name: string; readonly content: Uint8Array } {
  const { dice } = world;
  const version = encodeField(delimited(1, utf8('\u0001')));
  const crafted: readonly (readonly [string, Uint8Array])[] = [
    ['no version', encodeField(delimited(2, utf8('text')))],
    ['no payload', version],
    ['payload of a later schema', concat([version, encodeField(delimited(99, utf8('text')))])],
    ['payload of the wrong type', concat([version, encodeField({ number: 2, wire: 0, value: 5n })])],
    ['noise', dice.bytes(1 + dice.below(100))],
    [
      'too many devices',
      encodeContent({
        kind: 'user-devices',
        devices: { domain, userId: 'erin', deviceIds: Array.from({ length: 65 }, (_, index) => `device ${index}`) },
      }),
    ],
    ['devices of nobody', concat([version, encodeField(delimited(11, encodeField(delimited(1, utf8(domain)))))])],
    ['name with a NUL', encodeContent({ kind: 'user-devices', devices: { domain, userId: 'e\0rin', deviceIds: [] } })],
    ['empty group bundle', concat([version, encodeField(delimited(12, new Uint8Array(0)))])],
    ['empty group update', concat([version, encodeField(delimited(13, new Uint8Array(0)))])],
  ];
  // Well formed, but only an own device may say it.
  if (!isOwn && dice.onceIn(4)) {
    const content = dice.pick<Content>([
      { kind: 'sync', bytes: utf8('not yours') },
      { kind: 'user-devices', devices: { domain, userId: 'erin', deviceIds: ['phone'] } },
    ]);
    return { name: `${content.kind} of another user`, content: encodeContent(content) };
  }
  if (dice.onceIn(2)) {
    const [name, content] = dice.pick(crafted);
    return { name, content };
  }
  for (;;) {
    const encoded = encodeContent(dice.pick(contents(world)));
    const { name, bytes } = dice.onceIn(3) ? damageBytes(encoded, dice, encoded) : damageFields(encoded, dice);
    if (bytes.length > 0 && Buffer.compare(bytes, encoded) !== 0) return { name, content: bytes };
  }
}
