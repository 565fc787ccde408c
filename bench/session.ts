/** One-to-one sessions without a store: messages, ratchet steps and handshakes per second, against a C loop of the same cryptography. */
import { type CipherSuite, defaultSuite, encodeContent } from '../lib/core.js';
import { type Pair, handshake, party } from './handshake.js';
import { type Case, type Prepared, surveyShare } from './measure.js';
import { deliver, receive, send } from './message.js';
import { loadRawLoops } from './native/raw-loops.js';
import { olmHandshake, olmPingpong, olmRoundtrip } from './peers/olm.js';
import { type Question, figureTask } from './task.js';

export const sessionQuestion: Question = (suites) => suites.flatMap(casesOf).map(figureTask);

const plaintext = new Uint8Array(64).fill(0x61);
const contentLength = encodeContent({ kind: 'common', bytes: plaintext }).length;
/** Messages made ahead, some 2 kB each. */
const mostAhead = 20_000;
/** Of the default suite, and of others: theirs may take long to make. */
const [mostSessions, mostOtherSessions] = [100, 10];
/** Bytes of associated data in all sessions of a case: with large keys there are fewer. */
const mostAssociatedData = 33_554_432;

/** How a suite's case differs from another one. */
type Row = Pick<Case, 'name' | 'about' | 'maxIterations'> & Pick<Case, 'prepare'>;

function casesOf(suite: CipherSuite): Case[] {
  const associatedDataLength = 2 * suite.agreement.publicKeyLength;
  const sessions = Math.max(
    1,
    Math.min(suite === defaultSuite ? mostSessions : mostOtherSessions, Math.floor(mostAssociatedData / associatedDataLength)),
  );
  const rawMessage = (iterations: number): number => loadRawLoops().rawRoundtrip(associatedDataLength, contentLength, iterations);
  const rows: Row[] = [
    {
      name: 'session.roundtrip.64B',
      about: `plaintext to encoded E2eeMsg and back, no ratchet step, spread over ${sessions} sessions`,
      prepare: async () => ({ ...roundtrips(suite, sessions), raw: rawMessage, peers: [await olmRoundtrip()] }),
    },
    {
      name: 'session.roundtrip.64B.single',
      about: 'as session.roundtrip.64B, in one session',
      prepare: async () => ({ ...roundtrips(suite, 1), raw: rawMessage, peers: [await olmRoundtrip()] }),
    },
    {
      name: 'session.encrypt.64B',
      about: 'plaintext to encoded E2eeMsg, no ratchet step, in one session',
      prepare: () => encryptions(suite),
    },
    {
      name: 'session.decrypt.64B',
      about: 'encoded E2eeMsg to plaintext, no ratchet step, in one session',
      maxIterations: mostAhead,
      prepare: () => decryptions(suite),
    },
    {
      name: 'session.pingpong.64B',
      about: 'as session.roundtrip.64B in one session, each message answered: a ratchet step on every message',
      prepare: async () => ({
        ...pingpong(suite),
        ...(suite.agreement.kind === 'kem'
          ? { raw: (iterations) => loadRawLoops().rawPingpong(suite.agreement.code, associatedDataLength, contentLength, iterations) }
          : {}),
        peers: [await olmPingpong()],
      }),
    },
    {
      name: 'session.handshake',
      about: 'invite, accept and completion with a one-time pre-key, both cores, without the relay and its signatures',
      prepare: async () => ({
        ...handshakes(suite),
        ...(suite.agreement.kind === 'kem'
          ? { raw: (iterations) => loadRawLoops().rawHandshake(suite.signature.code, suite.agreement.code, true, iterations) }
          : {}),
        peers: [await olmHandshake()],
      }),
    },
  ];
  return rows.map((row) => ({ ...row, suite: suite.name, ...(suite === defaultSuite ? {} : { share: surveyShare }) }));
}

/** `count` sessions whose chains are not the first ones: the initiator's first message makes the responder's ratchet step. */
function sessionsOf(suite: CipherSuite, count: number): Pair[] {
  const [alice, bob] = [party(suite, 'alice'), party(suite, 'bob')];
  return Array.from({ length: count }, () => {
    const pair = handshake(alice, bob);
    deliver(pair.initiator, pair.responder, plaintext);
    return pair;
  });
}

function onePair(suite: CipherSuite): Pair {
  const [pair] = sessionsOf(suite, 1);
  if (pair === undefined) throw new Error('there is no session');
  return pair;
}

function roundtrips(suite: CipherSuite, sessions: number): Prepared {
  const pairs = sessionsOf(suite, sessions);
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i += 1) {
        const pair = pairs[i % pairs.length];
        if (pair !== undefined) deliver(pair.initiator, pair.responder, plaintext);
      }
    },
  };
}

function encryptions(suite: CipherSuite): Prepared {
  const { initiator } = onePair(suite);
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i += 1) send(initiator, plaintext);
    },
  };
}

function decryptions(suite: CipherSuite): Prepared {
  const { initiator, responder } = onePair(suite);
  let sent: Uint8Array[] = [];
  return {
    before(iterations) {
      sent = Array.from({ length: iterations }, () => send(initiator, plaintext));
    },
    run() {
      for (const message of sent) receive(responder, message, plaintext.length);
    },
  };
}

function pingpong(suite: CipherSuite): Prepared {
  const { initiator, responder } = onePair(suite);
  let isInitiatorNext = false;
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i += 1) {
        if (isInitiatorNext) deliver(initiator, responder, plaintext);
        else deliver(responder, initiator, plaintext);
        isInitiatorNext = !isInitiatorNext;
      }
    },
  };
}

function handshakes(suite: CipherSuite): Prepared {
  const [alice, bob] = [party(suite, 'alice'), party(suite, 'bob')];
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i += 1) handshake(alice, bob);
    },
  };
}
