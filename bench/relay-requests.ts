/** Messages per second that one connection can hand to a relay: recorded requests, so that no client's work is in the figure. */
import { type CipherSuite, Client, openMemoryStore } from '../lib/index.js';
import type { Case, Prepared } from './measure.js';
import { RecordingTransport, numberedCopies, pour } from './relay/recording.js';
import { startRelay } from './relay/start.js';
import { type Question, figureTask } from './task.js';

export const relayRequestsQuestion: Question = ([suite]) => [figureTask(caseOf(suite))];

const inFlight = 64;

/** Requests before the clock runs: a relay that has just started runs code that is not optimised yet, and goes on for weeks after that. */
const warmUp = 30_000;

function caseOf(suite: CipherSuite): Case {
  return {
    name: 'relay.requests',
    suite: suite.name,
    about: `messages of 64 bytes taken from one connection over WebSocket on loopback and committed to SQLite (WAL, synchronous=FULL), ${inFlight} requests in flight, the relay in a process of its own`,
    maxIterations: 10_000,
    isolated: true,
    prepare: () => prepare(suite),
  };
}

async function prepare(suite: CipherSuite): Promise<Prepared> {
  const relay = await startRelay();
  const transport = new RecordingTransport(relay.transport);
  const store = () => Promise.resolve(openMemoryStore());
  const account = { store, deviceId: 'd1', authCode: 'bench', suite, oneTimePreKeys: 1 };
  const receiver = await Client.register({ ...account, transport: relay.transport, userId: 'receiver' });
  const sender = await Client.register({ ...account, transport, userId: 'sender' });
  await sender.invite(receiver.address);
  const { messageId } = await sender.send(receiver.address, new Uint8Array(64).fill(0x61));
  await sender.flush();
  const { body, answer } = transport.last('send_one2one_msg');
  await Promise.all([sender.close(), receiver.close()]);
  if (transport.hello === undefined) throw new Error('the client has not connected');
  // As the client stands now: whoever says less is a store that was rolled back.
  const connection = await relay.transport.connect({
    hello: { ...transport.hello, commitCounter: Number.MAX_SAFE_INTEGER },
    onPush: () => undefined,
  });
  const message = {
    name: 'send_one2one_msg',
    // An id is 16 bytes in base64: its first twelve are enough to tell them apart.
    next: numberedCopies(body, messageId.slice(0, 16)),
    isGood: (said: Uint8Array) => Buffer.compare(said, answer) === 0,
  } as const;
  await pour(connection, message, warmUp, inFlight);
  return {
    run: (iterations) => pour(connection, message, iterations, inFlight),
    async close() {
      await connection.close();
      await relay.close();
    },
  };
}
