/**
 * Messages per second that one client encrypts and commits to SQLite, with many sends in flight over many sessions. The relay is gone while
 * the clock runs: what is measured is encryption, encoding and the durable commit, not the network.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, type UserAddress, createInMemoryNetwork, defaultSuite, openMemoryStore } from '../lib/index.js';
import { openRelay } from '../lib/server/index.js';
import { openSqliteStore } from '../lib/store/sqlite/index.js';
import type { Group } from './measure.js';

const domain = 'bench.example';
const peerCount = 100;
const inFlight = 1_000;
const plaintext = new Uint8Array(64).fill(0x61);

export const clientCases: Group = {
  names: ['client.send.sqlite.64B'],
  async prepare() {
    const folder = mkdtempSync(path.join(tmpdir(), 'skissm-bench-'));
    const unlimited = { count: 1_000_000, per: 1_000 };
    const relay = await openRelay({
      store: () => Promise.resolve(openMemoryStore()),
      domain,
      registration: 'open',
      limits: { registrations: unlimited, connectionsPerAddress: 1_000 },
    });
    const network = createInMemoryNetwork();
    network.listen((channel) => {
      relay.accept(channel);
    });
    const register = (userId: string, store: () => Promise<Awaited<ReturnType<typeof openSqliteStore>>>): Promise<Client> =>
      Client.register({ store, transport: network.transport, userId, deviceId: 'd1', authCode: 'bench', oneTimePreKeys: 1 });

    const sender = await register('sender', () => openSqliteStore({ path: path.join(folder, 'client.db') }));
    const peers: UserAddress[] = [];
    for (let i = 0; i < peerCount; i += 1) {
      const peer = await register(`peer-${i}`, () => Promise.resolve(openMemoryStore()));
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
      cases: [
        {
          name: 'client.send.sqlite.64B',
          suite: defaultSuite.name,
          about: `64 bytes encrypted, encoded and committed to SQLite (WAL, synchronous=FULL), ${inFlight} sends in flight, ${peerCount} sessions`,
          maxIterations: 10_000,
          async run(iterations) {
            let left = iterations;
            const lane = async (): Promise<void> => {
              while (left-- > 0) await sendOne();
            };
            await Promise.all(Array.from({ length: Math.min(inFlight, iterations) }, lane));
          },
        },
      ],
      async close() {
        await sender.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
