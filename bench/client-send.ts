/**
 * Messages per second that one client encrypts and commits, by store, with many sends in flight over many sessions. The relay is gone while
 * the clock runs: what is measured is encryption, encoding and the commit, not the network.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type CipherSuite, Client, type Store, type UserAddress, createInMemoryNetwork, limits, openMemoryStore } from '../lib/index.js';
import { openRelay } from '../lib/server/index.js';
import { openSqliteStore } from '../lib/store/sqlite/index.js';
import type { Case, Prepared } from './measure.js';
import { type Question, figureTask } from './task.js';

export const clientSendQuestion: Question = ([suite]) =>
  stores.flatMap((store) => [figureTask(caseOf(suite, store)), figureTask(manyCaseOf(suite, store))]);

const peerCount = 100;
const inFlight = 256;
const perCall = 100;
const plaintext = new Uint8Array(64).fill(0x61);
const openMemory = (): Promise<Store> => Promise.resolve(openMemoryStore());

interface StoreRow {
  readonly name: string;
  readonly what: string;
  open(folder: string): Promise<Store>;
}

const stores: readonly StoreRow[] = [
  { name: 'memory', what: 'put into the store in memory', open: openMemory },
  {
    name: 'sqlite',
    what: 'committed to SQLite (WAL, synchronous=FULL)',
    open: (folder) => openSqliteStore({ path: path.join(folder, 'client.db') }),
  },
];

function caseOf(suite: CipherSuite, store: StoreRow): Case {
  return {
    name: `client.send.${store.name}.64B`,
    suite: suite.name,
    about: `64 bytes encrypted, encoded and ${store.what}, ${inFlight} sends in flight, ${peerCount} sessions`,
    maxIterations: 10_000,
    isolated: true,
    prepare: () => prepare(suite, store, sendEach),
  };
}

function manyCaseOf(suite: CipherSuite, store: StoreRow): Case {
  return {
    name: `client.sendMany.${store.name}.64B`,
    suite: suite.name,
    about: `64 bytes encrypted, encoded and ${store.what}, ${perCall} messages a call, ${inFlight} in flight, ${peerCount} sessions`,
    maxIterations: 10_000,
    isolated: true,
    prepare: () => prepare(suite, store, sendTogether),
  };
}

/** How messages are given to the client. */
interface Sending {
  /** Messages in one call. */
  readonly count: number;
  /** Sends one to each of so many peers. */
  send(sender: Client, peers: readonly UserAddress[]): Promise<unknown>;
}

const sendEach: Sending = {
  count: 1,
  send: async (sender, [peer]) => (peer === undefined ? undefined : sender.send(peer, plaintext)),
};

const sendTogether: Sending = {
  count: perCall,
  send: (sender, peers) => sender.sendMany(peers.map((to) => ({ to, bytes: plaintext }))),
};

async function prepare(suite: CipherSuite, store: StoreRow, sending: Sending): Promise<Prepared> {
  const folder = mkdtempSync(path.join(tmpdir(), 'skissm-bench-'));
  const unlimited = { count: 1_000_000, per: 1_000 };
  const relay = await openRelay({
    store: openMemory,
    domain: 'bench.example',
    registration: 'open',
    limits: { registrations: unlimited, connectionsPerAddress: 1_000, frameLength: limits.largeKeyFrameLength },
  });
  const network = createInMemoryNetwork({ maxFrameLength: limits.largeKeyFrameLength });
  network.listen((channel) => {
    relay.accept(channel);
  });
  const register = (userId: string, open: () => Promise<Store>): Promise<Client> =>
    Client.register({ store: open, transport: network.transport, userId, deviceId: 'd1', authCode: 'bench', suite, oneTimePreKeys: 1 });

  const sender = await register('sender', () => store.open(folder));
  const peers: UserAddress[] = [];
  for (let i = 0; i < peerCount; i += 1) {
    const peer = await register(`peer-${i}`, openMemory);
    const ready = new Promise<void>((resolve) =>
      sender.on('session-ready', () => {
        resolve();
      }),
    );
    const { address } = peer;
    await sender.invite(address);
    await ready;
    await peer.close();
    peers.push(address);
  }
  network.listen(undefined);
  await relay.close();

  let next = 0;
  const take = (count: number): UserAddress[] => {
    const taken = Array.from({ length: count }, (_, position) => peers[(next + position) % peers.length]);
    next += count;
    return taken.filter((peer) => peer !== undefined);
  };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  return {
    async run(iterations) {
      let left = iterations;
      const lane = async (): Promise<void> => {
        while (left > 0) {
          const count = Math.min(sending.count, left);
          left -= count;
          await sending.send(sender, take(count));
        }
      };
      delay.enable();
      await Promise.all(Array.from({ length: Math.ceil(Math.min(inFlight, iterations) / sending.count) }, lane));
      delay.disable();
    },
    // The histogram holds the whole time between two looks, of which the timer wants one millisecond.
    loopDelayP99Ms: () => Math.max(0, delay.percentile(99) / 1e6 - 1),
    async close() {
      await sender.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
