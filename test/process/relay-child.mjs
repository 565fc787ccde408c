/** A relay in a process of its own that may die where it is told; its single argument is a JSON object: `store`, `port`, `trace`, `death`. */
import { listen, openRelay } from '../../dist/lib/server/index.js';
import { openSqliteStore } from '../../dist/lib/store/sqlite/index.js';
import { Deaths } from './deaths.mjs';
import { openTrace, print, serve } from './lines.mjs';

const { store, port, trace, death } = JSON.parse(process.argv[2]);
const deaths = new Deaths(death, openTrace(trace));
const relay = await openRelay({
  store: deaths.store(() => openSqliteStore({ path: store }), store),
  domain: 'example.org',
  registration: 'open',
});
const { url, port: bound } = await listen(relay, { host: '127.0.0.1', port });
serve({
  async close() {
    await relay.close();
    process.stdin.destroy();
  },
});
print({ ready: url, port: bound });
