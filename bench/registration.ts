/** Registrations per second: at the relay alone, and whole, with the making of the keys. */
import { type CipherSuite, Client, openMemoryStore } from '../lib/index.js';
import type { Case, Prepared } from './measure.js';
import { RecordingTransport, numberedCopies, pour } from './relay/recording.js';
import { startRelay } from './relay/start.js';
import { type Question, figureTask } from './task.js';

export const registrationQuestion: Question = ([suite]) => casesOf(suite).map(figureTask);

const inFlight = 16;
const userId = 'user-0000000';
const store = () => Promise.resolve(openMemoryStore());

function casesOf(suite: CipherSuite): Case[] {
  return [
    {
      name: 'register',
      suite: suite.name,
      about: `devices with their usual one-time pre-keys registered over one WebSocket on loopback: keys checked, signature verified, committed to SQLite; ${inFlight} in flight, the relay in a process of its own`,
      maxIterations: 200,
      prepare: () => atRelay(suite),
    },
    {
      name: 'register.client',
      suite: suite.name,
      about: 'one after the other, whole: all keys made in the thread pool, stored in memory, registered as above, and connected',
      maxIterations: 50,
      prepare: () => whole(suite),
    },
  ];
}

async function atRelay(suite: CipherSuite): Promise<Prepared> {
  const relay = await startRelay();
  const transport = new RecordingTransport(relay.transport);
  const client = await Client.register({ store, transport, userId, deviceId: 'd1', authCode: 'bench', suite });
  await client.close();
  const { body, answer } = transport.last('register_user');
  const connection = await relay.transport.connect({
    hello: {
      version: transport.hello?.version ?? 0,
      address: { domain: '', userId: '', deviceId: '' },
      credential: { kind: 'none' },
      incarnation: new Uint8Array(0),
      commitCounter: 0,
      lastPushId: '',
      greeting: new Uint8Array(0),
      previousGreeting: new Uint8Array(0),
    },
    onPush: () => undefined,
  });
  const registration = {
    name: 'register_user',
    next: numberedCopies(body, userId),
    // It carries a certificate of some kilobytes; a refusal carries a sentence.
    isGood: (said: Uint8Array) => said.length > answer.length / 2,
  } as const;
  return {
    run: (iterations) => pour(connection, registration, iterations, inFlight),
    async close() {
      await connection.close();
      await relay.close();
    },
  };
}

async function whole(suite: CipherSuite): Promise<Prepared> {
  const relay = await startRelay();
  const { transport } = relay;
  let users = 0;
  const made: Client[] = [];
  return {
    async before() {
      await Promise.all(made.splice(0).map((client) => client.close()));
    },
    async run(iterations) {
      for (let i = 0; i < iterations; i += 1) {
        users += 1;
        made.push(await Client.register({ store, transport, userId: `user-${users}`, deviceId: 'd1', authCode: 'bench', suite }));
      }
    },
    async close() {
      await Promise.all(made.map((client) => client.close()));
      await relay.close();
    },
  };
}
