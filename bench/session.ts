/** One-to-one sessions without a store: messages, ratchet steps and handshakes per second, against a C loop of the same cryptography. */
import {
  type Account,
  type CipherSuite,
  type DeviceAddress,
  type OneTimePreKey,
  type PreKeyBundle,
  type ReadySession,
  SkippedMessageKeys,
  accept,
  asMessageId,
  asSessionId,
  complete,
  createAccount,
  currentSignedPreKey,
  decodeContent,
  decodeEnvelope,
  defaultSuite,
  encodeContent,
  encodeEnvelope,
  encryptMessage,
  decryptMessage,
  identityKeyOf,
  initiate,
  oneTimePreKeyPublic,
  randomId,
  runInline,
  signedPreKeyPublic,
  systemRandom,
  wipeAll,
} from '../lib/core.js';
import type { Case, Group } from './measure.js';
import { loadRawLoops } from './native/raw-loops.js';

const plaintextLength = 64;
const sessionCount = 100;

export const sessionCases: Group = {
  names: ['session.roundtrip.64B', 'session.roundtrip.64B.single', 'session.pingpong.64B', 'session.handshake'],
  prepare: () => Promise.resolve({ cases: casesOf(defaultSuite), close: () => Promise.resolve() }),
};

/** One side of a session; what a client would keep in its cache. */
interface Side {
  session: ReadySession;
  readonly skipped: SkippedMessageKeys;
}

interface Party {
  readonly account: Account;
  readonly oneTimePreKey: OneTimePreKey;
}

function casesOf(suite: CipherSuite): Case[] {
  const raw = loadRawLoops();
  const [alice, bob] = [party(suite, 'alice'), party(suite, 'bob')];
  const pairs = Array.from({ length: sessionCount }, () => handshake(alice, bob));
  const single = pairs.slice(0, 1);
  const plaintext = new Uint8Array(plaintextLength).fill(0x61);
  const contentLength = encodeContent({ kind: 'common', bytes: plaintext }).length;
  const associatedDataLength = 2 * suite.agreement.publicKeyLength;
  // The first message of the initiator makes the responder's ratchet step; the chains measured are the ones after it.
  for (const { initiator, responder } of pairs) deliver(initiator, responder, plaintext);
  const row = { suite: suite.name };
  const roundtrip = (among: readonly Pair[]) => (iterations: number) => {
    for (let i = 0; i < iterations; i += 1) {
      const pair = among[i % among.length];
      if (pair !== undefined) deliver(pair.initiator, pair.responder, plaintext);
    }
  };
  const turns = handshake(alice, bob);
  return [
    {
      ...row,
      name: 'session.roundtrip.64B',
      about: `plaintext to encoded E2eeMsg and back, no ratchet step, spread over ${sessionCount} sessions`,
      run: roundtrip(pairs),
      raw: (iterations) => raw.rawRoundtrip(associatedDataLength, contentLength, iterations),
    },
    {
      ...row,
      name: 'session.roundtrip.64B.single',
      about: 'as session.roundtrip.64B, in one session',
      run: roundtrip(single),
      raw: (iterations) => raw.rawRoundtrip(associatedDataLength, contentLength, iterations),
    },
    {
      ...row,
      name: 'session.pingpong.64B',
      about: 'as session.roundtrip.64B in one session, each message answered: a ratchet step on every message',
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) {
          if (i % 2 === 0) deliver(turns.initiator, turns.responder, plaintext);
          else deliver(turns.responder, turns.initiator, plaintext);
        }
      },
      raw: (iterations) => raw.rawPingpong(suite.agreement.code, associatedDataLength, contentLength, iterations),
    },
    {
      ...row,
      name: 'session.handshake',
      about: 'invite, accept and completion with a one-time pre-key, both cores, without the relay and its signatures',
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) handshake(alice, bob);
      },
      raw: (iterations) => raw.rawHandshake(suite.signature.code, suite.agreement.code, true, iterations),
    },
  ];
}

function party(suite: CipherSuite, userId: string): Party {
  const address: DeviceAddress = { domain: 'bench.example', userId, deviceId: 'd1' };
  const { account, oneTimePreKeys } = runInline(createAccount({ suite, address, oneTimePreKeys: 1, now: 0 }));
  const [oneTimePreKey] = oneTimePreKeys;
  if (oneTimePreKey === undefined) throw new Error('the account has no one-time pre-key');
  return { account, oneTimePreKey };
}

interface Pair {
  readonly initiator: Side;
  readonly responder: Side;
}

function handshake(alice: Party, bob: Party): Pair {
  const bundle: PreKeyBundle = {
    address: bob.account.address,
    suite: bob.account.suite,
    identityKey: identityKeyOf(bob.account.identity),
    signedPreKey: signedPreKeyPublic(currentSignedPreKey(bob.account)),
    oneTimePreKey: oneTimePreKeyPublic(bob.oneTimePreKey),
  };
  const sessionId = asSessionId(randomId(systemRandom));
  const invited = runInline(initiate({ account: alice.account, bundle, sessionId, now: 0 }));
  const invite = { ...invited.invite, identityKey: alice.account.identity.agreement.publicKey };
  const accepted = runInline(accept({ account: bob.account, oneTimePreKey: bob.oneTimePreKey, invite, now: 0 }));
  const completed = runInline(complete({ account: alice.account, session: invited.session, accept: accepted.accept }));
  if (completed === undefined) throw new Error('the accept does not fit the invite');
  wipeAll(completed.retired);
  return {
    initiator: { session: completed.session, skipped: new SkippedMessageKeys() },
    responder: { session: accepted.session, skipped: new SkippedMessageKeys() },
  };
}

const messageId = asMessageId(randomId(systemRandom));

/** One message from plaintext bytes to plaintext bytes, through the encoded envelope. */
function deliver(from: Side, to: Side, plaintext: Uint8Array): void {
  const content = encodeContent({ kind: 'common', bytes: plaintext });
  const sent = encryptMessage(from.session, content);
  content.fill(0);
  from.session = sent.session;
  wipeAll(sent.retired);
  const encoded = encodeEnvelope({
    from: from.session.ourAddress,
    to: from.session.theirAddress,
    messageId,
    sessionId: from.session.sessionId,
    notification: 0,
    payload: { kind: 'one-to-one', message: sent.message },
  });
  const envelope = decodeEnvelope(encoded);
  if (envelope.payload.kind !== 'one-to-one') throw new Error('the envelope has changed its kind');
  const received = runInline(decryptMessage(to.session, to.skipped, envelope.payload.message));
  to.session = received.session;
  to.skipped.apply(received.skippedChange);
  wipeAll(received.retired);
  const opened = decodeContent(received.plaintext);
  if (opened.kind !== 'common' || opened.bytes.length !== plaintext.length) throw new Error('the plaintext has changed on its way');
}
