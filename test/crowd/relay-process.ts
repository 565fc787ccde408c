/** The relay of a crowd in a process of its own, over SQLite and WebSocket. */
import path from 'node:path';
import { noBytes } from '../../lib/base/bytes.js';
import { listen, openRelay } from '../../lib/server/index.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import type { Store, Table } from '../../lib/store/store.js';
import { type CrowdSettings, type RelayCommand, domain, startedWith, tell } from './protocol.js';

/** Rows read at once when they are counted. */
const page = 256;

const { folder, clients } = startedWith() as CrowdSettings;
const file = path.join(folder, 'relay.db');
const many = { count: 1_000 * clients, per: 60_000 };
const relay = await openRelay({
  store: () => openSqliteStore({ path: file }),
  domain,
  registration: 'open',
  // All clients come from one address, and what is remembered of each device fills up early, so that growth is seen.
  limits: {
    registrations: many,
    refusedHellos: many,
    strangersPerAddress: 2 * clients + 1,
    strangers: 2 * clients + 1,
    recentMessages: 32,
  },
});
const { port } = await listen(relay, { host: '127.0.0.1', port: 0 });

process.on('message', (command: RelayCommand) => {
  if (command === 'memory') {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    tell({ memory: { rss, heapUsed, external } });
  } else {
    void close();
  }
});
tell({ port });

async function close(): Promise<void> {
  await relay.close();
  const store = await openSqliteStore({ path: file });
  const left = { pushes: await countRows(store, 'mailbox'), bodies: await countRows(store, 'body') };
  await store.close();
  tell({ left });
  process.disconnect();
}

async function countRows(store: Store, table: Table): Promise<number> {
  let count = 0;
  let after: Uint8Array | undefined;
  for (;;) {
    const rows = await store.list(table, { prefix: noBytes, limit: page, ...(after === undefined ? {} : { after }) });
    count += rows.length;
    after = rows.at(-1)?.key;
    if (rows.length < page) return count;
  }
}
