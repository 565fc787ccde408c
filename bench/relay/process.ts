/** A relay over SQLite in a process of its own, on a port that the system chooses. It ends with the process that started it. */
import path from 'node:path';
import { UsageError, limits } from '../../lib/index.js';
import { type RelayLimits, listen, openRelay } from '../../lib/server/index.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new UsageError('option', 'the relay needs a folder');

const unlimited = { count: 1_000_000_000, per: 1_000 };
/** What keeps a runaway or a stranger small would be measured instead of the relay. */
const wide: Partial<RelayLimits> = {
  requests: unlimited,
  registrations: unlimited,
  bundlesPerTarget: unlimited,
  invitesPerTarget: unlimited,
  mailboxRows: 10_000_000,
  mailboxBytes: 2 ** 40,
  senderRows: 10_000_000,
  senderBytes: 2 ** 40,
  frameLength: limits.largeKeyFrameLength,
};
const relay = await openRelay({
  store: () => openSqliteStore({ path: path.join(folder, 'relay.db') }),
  domain: 'bench.example',
  registration: 'open',
  limits: wide,
});
const { url } = await listen(relay, { host: '127.0.0.1', port: 0 });
process.once('disconnect', () => {
  void relay.close();
});
process.send?.({ url });
