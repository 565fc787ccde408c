/** Groups without a store: one message to 49 devices against a C loop of its signatures, and what creating a group costs its creator. */
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
  SkippedMessageKeys,
  type Wipeable,
  accept,
  allocateSecret,
  announcedGroup,
  asSessionId,
  chainOf,
  complete,
  createAccount,
  currentEpoch,
  currentSignedPreKey,
  defaultSuite,
  encodeContent,
  encryptMessage,
  generateSigningKeyPair,
  groupRoles,
  groupSeedLength,
  identityKeyOf,
  initiate,
  isSignedBy,
  openEpoch,
  openGroupMessage,
  randomId,
  runInline,
  sealGroupMessages,
  signedPreKeyPublic,
  systemRandom,
  takeSeed,
  wipeAll,
} from '../lib/core.js';
import type { Case, Group } from './measure.js';
import { loadRawLoops } from './native/raw-loops.js';

const domain = 'bench.example';
const groupAddress = { domain, groupId: 'group' };
const plaintextLength = 64;
const messageGroupSize = 50;
const createdGroupSize = 250;

export const groupCases: Group = {
  names: ['group.50.64B', 'group.create.250'],
  prepare: () => Promise.resolve({ cases: [messageCase(defaultSuite), createCase(defaultSuite)], close: () => Promise.resolve() }),
};

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

function messageCase(suite: CipherSuite): Case {
  const raw = loadRawLoops();
  const keys = Array.from({ length: messageGroupSize }, () => generateSigningKeyPair(suite.signature));
  const devices = keys.map(({ publicKey }, number): GroupDevice => ({ address: deviceAddress(number), signingKey: publicKey }));
  const signing = keys[0];
  const [sender, receivers] = founded(suite, devices);
  if (signing === undefined) throw new Error('the group has no sender');
  const plaintext = new Uint8Array(plaintextLength).fill(0x61);
  let sending = sender;

  const deliver = (): void => {
    const sealed = runInline(sealGroupMessages(suite, sending, signing.privateKey, [plaintext]));
    sending = sealed.chain;
    wipeAll(sealed.retired);
    const [message] = sealed.messages;
    if (message === undefined) throw new Error('nothing was sealed');
    for (const receiver of receivers) receive(suite, receiver, message);
  };
  return {
    name: 'group.50.64B',
    suite: suite.name,
    about: `64 bytes sealed and signed once, then verified and opened by ${messageGroupSize - 1} devices; raw is one signature and ${messageGroupSize - 1} verifications alone`,
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) deliver();
    },
    raw: (iterations) => {
      const { code } = suite.signature;
      const sealedLength = plaintextLength + 16;
      return (
        raw.rawSignature(code, 'sign', sealedLength, iterations) +
        raw.rawSignature(code, 'verify', sealedLength, iterations * (messageGroupSize - 1))
      );
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
  if (opened.plaintext.length !== plaintextLength) throw new Error('the plaintext has changed on its way');
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
  const own = generateSigningKeyPair(suite.signature);
  const other = generateSigningKeyPair(suite.signature).publicKey;
  const self: Self = { address: deviceAddress(0), signingKey: own.publicKey };
  const devices = members(createdGroupSize).map((_, number): GroupDevice => {
    const signingKey = number === 0 ? own.publicKey : Uint8Array.from(other, (byte, index) => (index === 0 ? number : byte));
    return { address: deviceAddress(number), signingKey };
  });
  const session = readySession(suite);
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
    name: 'group.create.250',
    suite: suite.name,
    about: `a group of ${createdGroupSize} devices at its creator: all chains, and the bundle encrypted over ${createdGroupSize - 1} existing sessions`,
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) create();
    },
  };
}

/** A session that can send. */
function readySession(suite: CipherSuite): ReadySession {
  const account = (userId: string) =>
    runInline(createAccount({ suite, address: { domain, userId, deviceId: 'd1' }, oneTimePreKeys: 1, now: 0 })).account;
  const [alice, bob] = [account('alice'), account('bob')];
  const bundle = {
    address: bob.address,
    suite,
    identityKey: identityKeyOf(bob.identity),
    signedPreKey: signedPreKeyPublic(currentSignedPreKey(bob)),
  };
  const invited = runInline(initiate({ account: alice, bundle, sessionId: asSessionId(randomId(systemRandom)), now: 0 }));
  const invite = { ...invited.invite, identityKey: alice.identity.agreement.publicKey };
  const accepted = runInline(accept({ account: bob, oneTimePreKey: undefined, invite, now: 0 }));
  const completed = runInline(complete({ account: alice, session: invited.session, accept: accepted.accept }));
  if (completed === undefined) throw new Error('the accept does not fit the invite');
  wipeAll(completed.retired);
  return completed.session;
}
