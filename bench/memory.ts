/** What one session takes in memory at one of its ends: the core's state, as a client keeps it in its cache. */
import type { CipherSuite } from '../lib/core.js';
import { type Side, handshake, party } from './handshake.js';
import { deliver } from './message.js';
import type { Quantity } from './report.js';
import type { Question } from './task.js';

export const memoryQuestion: Question = (suites) =>
  suites.map((suite) => ({
    name: 'memory.session',
    subject: suite.name,
    run: () => Promise.resolve({ quantities: [sessionsOf(suite)] }),
  }));

const [fewestSessions, mostSessions] = [4, 1_000];
/** Bytes of public keys in all sessions: with large keys there are fewer. */
const mostKeys = 16_777_216;
/** Milliseconds for making them: with slow keys there are fewer. */
const mostTime = 4_000;
const plaintext = new Uint8Array(64).fill(0x61);

function sessionsOf(suite: CipherSuite): Quantity {
  const most = Math.min(mostSessions, Math.floor(mostKeys / suite.agreement.publicKeyLength));
  const [alice, bob] = [party(suite, 'alice'), party(suite, 'bob')];
  const make = (): Side => {
    const { initiator, responder } = handshake(alice, bob);
    deliver(initiator, responder, plaintext);
    return initiator;
  };
  // What the first one brings along for all.
  const kept: Side[] = [make()];
  const before = inUse();
  const start = performance.now();
  let count = 0;
  for (; count < fewestSessions || (count < most && performance.now() - start < mostTime); count += 1) kept.push(make());
  const value = (inUse() - before) / count;
  if (kept.length !== count + 1) throw new Error('a session was lost');
  return {
    name: 'memory.session',
    suite: suite.name,
    value,
    unit: 'bytes',
    about: `heap and array buffers of the initiator's end after its first message, over ${count} sessions`,
  };
}

/** Bytes in use after a collection; too many when the process may not ask for one. */
function inUse(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
