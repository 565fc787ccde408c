/** Groups without a store, by size: sending, receiving and both against a C loop of the signatures, and what creating a group costs its creator. */
import {
  type CipherSuite,
  type DeviceAddress,
  type Group as GroupState,
  type GroupDevice,
  type GroupMember,
  type GroupMessage,
  type MemberChain,
  type ReadySession,
  type Self,
  Secret,
  type SigningKeyPair,
  SkippedMessageKeys,
  type Wipeable,
  aeadTagLength,
  allocateSecret,
  announcedGroup,
  asSessionId,
  chainOf,
  currentEpoch,
  defaultSuite,
  encodeContent,
  encryptMessage,
  generateSigningKeyPair,
  groupRoles,
  groupSeedLength,
  isSignedBy,
  openEpoch,
  openGroupMessage,
  randomId,
  runInline,
  sealGroupMessages,
  systemRandom,
  takeSeed,
  wipeAll,
} from '../lib/core.js';
import { handshake, party } from './handshake.js';
import { type Case, type Prepared, surveyShare } from './measure.js';
import { loadRawLoops } from './native/raw-loops.js';
import { olmGroup } from './peers/olm.js';
import { type Question, figureTask } from './task.js';

const domain = 'bench.example';
const groupAddress = { domain, groupId: 'group' };
const plaintext = new Uint8Array(64).fill(0x61);
const groupSizes = [3, 10, 50, 250];
const createdGroupSize = 250;
/** Messages made ahead, some 5 kB each. */
const mostAhead = 10_000;

export const groupQuestion: Question = (suites) =>
  suites.flatMap((suite) => [...groupSizes.flatMap((size) => messageCases(suite, size)), createCase(suite)]).map(figureTask);

/** What all cases of a suite have. */
function rowOf(suite: CipherSuite): Pick<Case, 'suite' | 'share'> {
  return { suite: suite.name, ...(suite === defaultSuite ? {} : { share: surveyShare }) };
}

function deviceAddress(number: number): DeviceAddress {
  return { domain, userId: `user-${number}`, deviceId: 'd1' };
}

function members(count: number): GroupMember[] {
  return Array.from({ length: count }, (_, number) => {
    const { userId } = deviceAddress(number);
    return { domain, userId, role: number === 0 ? groupRoles.manager : groupRoles.member };
  });
}

function newSeed(): Secret<'GroupSeed'> {
  const bytes = allocateSecret(groupSeedLength);
  systemRandom.fill(bytes);
  return new Secret(bytes);
}

/** A member of the group: the chain of the one device that sends, as this one knows it. */
interface Receiver {
  chain: MemberChain;
  readonly skipped: SkippedMessageKeys;
}

function messageCases(suite: CipherSuite, size: number): Case[] {
  const receivers = size - 1;
  return [
    {
      ...rowOf(suite),
      name: `group.${size}.64B`,
      about: `64 bytes sealed and signed once, then verified and opened by ${receivers} devices; raw is one signature and ${receivers} verifications alone`,
      prepare: async () => ({ ...deliveries(suite, size), peers: [await olmGroup(receivers)] }),
    },
    {
      ...rowOf(suite),
      name: `group.${size}.send.64B`,
      about: `64 bytes sealed and signed once for a group of ${size} devices`,
      prepare: () => sends(suite, size),
    },
    {
      ...rowOf(suite),
      name: `group.${size}.receive.64B`,
      about: `a message to a group of ${size} devices, verified and opened by one of them`,
      maxIterations: mostAhead,
      prepare: () => receipts(suite, size),
    },
  ];
}

/** The device that sends. */
interface Sender {
  chain: MemberChain;
  readonly key: SigningKeyPair;
}

function newGroup(suite: CipherSuite, size: number): readonly [Sender, readonly Receiver[]] {
  const key = generateSigningKeyPair(suite.signature);
  // Only the sender's is ever used.
  const devices = signingKeys(key.publicKey, generateSigningKeyPair(suite.signature).publicKey, size);
  const [chain, receivers] = founded(suite, devices);
  return [{ chain, key }, receivers];
}

/** `size` devices with different signing keys: `own`, and variations of `other`. */
function signingKeys(own: Uint8Array, other: Uint8Array, size: number): GroupDevice[] {
  return Array.from({ length: size }, (_, number): GroupDevice => {
    const signingKey = number === 0 ? own : Uint8Array.from(other, (byte, index) => (index === 0 ? number : byte));
    return { address: deviceAddress(number), signingKey };
  });
}

function send(suite: CipherSuite, sender: Sender): GroupMessage {
  const sealed = runInline(sealGroupMessages(suite, sender.chain, sender.key.privateKey, [plaintext]));
  sender.chain = sealed.chain;
  wipeAll(sealed.retired);
  const [message] = sealed.messages;
  if (message === undefined) throw new Error('nothing was sealed');
  return message;
}

function deliveries(suite: CipherSuite, size: number): Prepared {
  const [sender, receivers] = newGroup(suite, size);
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i += 1) {
        const message = send(suite, sender);
        for (const receiver of receivers) receive(suite, receiver, message);
      }
    },
    raw(iterations) {
      const { code } = suite.signature;
      const sealedLength = plaintext.length + aeadTagLength;
      const { rawSignature } = loadRawLoops();
      return rawSignature(code, 'sign', sealedLength, iterations) + rawSignature(code, 'verify', sealedLength, iterations * (size - 1));
    },
  };
}

function sends(suite: CipherSuite, size: number): Prepared {
  const [sender] = newGroup(suite, size);
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i += 1) send(suite, sender);
    },
  };
}

function receipts(suite: CipherSuite, size: number): Prepared {
  const [sender, [receiver]] = newGroup(suite, size);
  if (receiver === undefined) throw new Error('the group has nobody else');
  let sent: GroupMessage[] = [];
  return {
    before(iterations) {
      sent = Array.from({ length: iterations }, () => send(suite, sender));
    },
    run() {
      for (const message of sent) receive(suite, receiver, message);
    },
  };
}

function receive(suite: CipherSuite, receiver: Receiver, message: GroupMessage): void {
  const { chain, skipped } = receiver;
  if (!runInline(isSignedBy(suite, chain.signingKey, message))) throw new Error('the signature is wrong');
  const opened = runInline(openGroupMessage(chain, 0, skipped, message));
  receiver.chain = opened.chain;
  skipped.apply(opened.skippedChange);
  wipeAll(opened.retired);
  if (opened.plaintext.length !== plaintext.length) throw new Error('the plaintext has changed on its way');
}

/** The sender's chain, at itself and at every other device. */
function founded(suite: CipherSuite, devices: readonly GroupDevice[]): [MemberChain, Receiver[]] {
  const [creator, ...others] = devices;
  if (creator === undefined) throw new Error('the group has no devices');
  const group = { name: 'bench', address: groupAddress, members: members(devices.length) };
  const seed = newSeed();
  const sessionId = asSessionId(randomId(systemRandom));
  const opened = runInline(openEpoch(creator, { suite, ...group, devices, sessionId, seed }));
  const [keysFor] = opened.keys;
  if (keysFor?.kind !== 'group-pre-key-bundle') throw new Error('the group has nobody else');
  const receivers = others.map((self): Receiver => {
    const { group: announced } = announcedGroup(self, undefined, { suite, sender: creator.address, group, devices });
    const outcome = runInline(takeSeed(self, announced, creator.address, keysFor.bundle));
    if (outcome.kind !== 'taken') throw new Error('the seed was not taken');
    return { chain: senderChain(outcome.change.group), skipped: new SkippedMessageKeys() };
  });
  seed.wipe();
  return [senderChain(opened.group), receivers];
}

function senderChain(group: GroupState): MemberChain {
  const epoch = currentEpoch(group);
  const chain = epoch === undefined ? undefined : chainOf(epoch, deviceAddress(0));
  if (chain === undefined) throw new Error('the group has no chain of its sender');
  return chain;
}

function createCase(suite: CipherSuite): Case {
  return {
    ...rowOf(suite),
    name: `group.create.${createdGroupSize}`,
    about: `a group of ${createdGroupSize} devices at its creator: all chains, and the bundle encrypted over ${createdGroupSize - 1} existing sessions`,
    prepare: () => creations(suite),
  };
}

function creations(suite: CipherSuite): Prepared {
  const own = generateSigningKeyPair(suite.signature);
  const other = generateSigningKeyPair(suite.signature).publicKey;
  const self: Self = { address: deviceAddress(0), signingKey: own.publicKey };
  const devices = signingKeys(own.publicKey, other, createdGroupSize);
  const session = handshake(party(suite, 'alice'), party(suite, 'bob')).initiator.session;
  const sessions: ReadySession[] = devices.slice(1).map(() => session);
  const group = { name: 'bench', address: groupAddress, members: members(createdGroupSize) };
  const create = (): void => {
    const seed = newSeed();
    const sessionId = asSessionId(randomId(systemRandom));
    const opened = runInline(openEpoch(self, { suite, ...group, devices, sessionId, seed }));
    const secrets: Wipeable[] = [seed, ...opened.created];
    for (const keys of opened.keys) {
      const content = encodeContent(keys);
      for (const each of sessions) {
        // The sessions are as good as new for every group: what is measured is the work, not their growing old.
        const { session: after, message } = encryptMessage(each, content);
        secrets.push(after.ratchet.sender.chainKey.key);
        if (message.ciphertext.length <= content.length) throw new Error('nothing was sealed');
      }
      content.fill(0);
    }
    wipeAll(secrets);
  };
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i += 1) create();
    },
  };
}
