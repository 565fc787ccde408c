/**
 * Messages per second that one client encrypts and commits, by store, with many sends in flight over many sessions. The relay is gone while
 * the clock runs: what is measured is encryption, encoding and the commit, not the network.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type CipherSuite, Client, type Store, type UserAddress, createInMemoryNetwork, limits, openMemoryStore } from '../lib/index.js';
import { openRelay } from '../lib/server/index.js';
import { openSqliteStore } from '../lib/store/sqlite/index.js';
import type { Case, Prepared } from './measure.js';
import { type Question, figureTask } from './task.js';

export const clientSendQuestion: Question = ([suite]) => stores.map((store) => figureTask(caseOf(suite, store)));

const peerCount = 100;
const inFlight = 1_000;
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
    prepare: () => prepare(suite, store),
  };
}

async function prepare(suite: CipherSuite, store: StoreRow): Promise<Prepared> {
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
  const sendOne = async (): Promise<void> => {
    const peer = peers[next++ % peers.length];
    if (peer !== undefined) await sender.send(peer, plaintext);
  };
  return {
    async run(iterations) {
      let left = iterations;
      const lane = async (): Promise<void> => {
        while (left-- > 0) await sendOne();
      };
      await Promise.all(Array.from({ length: Math.min(inFlight, iterations) }, lane));
    },
    async close() {
      await sender.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
