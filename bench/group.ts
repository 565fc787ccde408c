/** Groups without a store: one message to 49 devices against a C loop of its signatures, and what creating a group costs its creator. */
import {
  type CipherSuite,
  type DeviceAddress,
  type Group as GroupState,
  type GroupDevice,
  type GroupMember,
  type MemberChain,
  type ReadySession,
  type Self,
  type SigningKeyPair,
  Secret,
  SkippedMessageKeys,
  type Wipeable,
  accept,
  allocateSecret,
  announcedGroup,
  asMessageId,
  asSessionId,
  chainOf,
  complete,
  createAccount,
  currentEpoch,
  currentSignedPreKey,
  decodeEnvelope,
  defaultSuite,
  encodeContent,
  encodeEnvelope,
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
  systemRandom(bytes);
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
  const [sender, receivers] = founded(suite, devices, keys);
  if (signing === undefined) throw new Error('the group has no sender');
  const plaintext = new Uint8Array(plaintextLength).fill(0x61);
  const messageId = asMessageId(randomId(systemRandom));
  const sessionId = asSessionId(randomId(systemRandom));
  const from = deviceAddress(0);
  let sending = sender;

  const deliver = (): void => {
    const sealed = runInline(sealGroupMessages(suite, sending, signing.privateKey, [plaintext]));
    sending = sealed.chain;
    wipeAll(sealed.retired);
    const [message] = sealed.messages;
    if (message === undefined) throw new Error('nothing was sealed');
    const payload = { kind: 'group', message } as const;
    const encoded = encodeEnvelope({ from, to: groupAddress, messageId, sessionId, notification: 0, payload });
    for (const receiver of receivers) receive(suite, receiver, encoded);
  };
  return {
    name: 'group.50.64B',
    suite: suite.name,
    about: `64 bytes sealed and signed once, encoded, then decoded, verified and opened by ${messageGroupSize - 1} devices; raw is one signature and ${messageGroupSize - 1} verifications`,
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

function receive(suite: CipherSuite, receiver: Receiver, encoded: Uint8Array): void {
  const { payload } = decodeEnvelope(encoded);
  const { chain, skipped } = receiver;
  if (payload.kind !== 'group') throw new Error('the envelope has changed its kind');
  if (!runInline(isSignedBy(suite, chain.signingKey, payload.message))) throw new Error('the signature is wrong');
  const opened = runInline(openGroupMessage(chain, 0, skipped, payload.message));
  receiver.chain = opened.chain;
  skipped.apply(opened.skippedChange);
  wipeAll(opened.retired);
  if (opened.plaintext.length !== plaintextLength) throw new Error('the plaintext has changed on its way');
}

/** The sender's chain, at itself and at every other device. */
function founded(suite: CipherSuite, devices: readonly GroupDevice[], keys: readonly SigningKeyPair[]): [MemberChain, Receiver[]] {
  const address = deviceAddress(0);
  const found = keys.map(({ publicKey }, number) => {
    const self: Self = { address: deviceAddress(number), signingKey: publicKey };
    return number === 0 ? undefined : self;
  });
  const creator: Self = { address, signingKey: devices[0]?.signingKey ?? new Uint8Array(0) };
  const group = { name: 'bench', address: groupAddress, members: members(devices.length) };
  const seed = newSeed();
  const sessionId = asSessionId(randomId(systemRandom));
  const opened = runInline(openEpoch(creator, { suite, ...group, devices, sessionId, seed }));
  const [keysFor] = opened.keys;
  if (keysFor?.kind !== 'group-pre-key-bundle') throw new Error('the group has nobody else');
  const receivers = found
    .filter((self) => self !== undefined)
    .map((self): Receiver => {
      const { group: announced } = announcedGroup(self, undefined, { suite, sender: address, group, devices });
      const outcome = runInline(takeSeed(self, announced, address, keysFor.bundle));
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
    oneTimePreKey: undefined,
  };
  const invited = runInline(initiate({ account: alice, bundle, sessionId: asSessionId(randomId(systemRandom)), now: 0 }));
  const invite = { ...invited.invite, identityKey: alice.identity.agreement.publicKey };
  const accepted = runInline(accept({ account: bob, oneTimePreKey: undefined, invite, now: 0 }));
  const completed = runInline(complete({ account: alice, session: invited.session, accept: accepted.accept }));
  if (completed === undefined) throw new Error('the accept does not fit the invite');
  wipeAll(completed.retired);
  return completed.session;
}
