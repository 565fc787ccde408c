import { parseArgs } from 'node:util';
import { UsageError, suiteByName } from '../../lib/index.js';
import { runCrowd } from './run-crowd.js';

/** Below so many messages a run is over before the relay's caches have found their size. */
const messagesForMemory = 20_000;

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100' },
    messages: { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: '4' },
    'cut-bytes': { type: 'string' },
    suite: { type: 'string', default: 'curve25519' },
  },
});

const messages = whole('messages', 1);
// A registration with a hundred one-time pre-keys has to get through now and then.
const cutBytes = 98_304 + 1_000 * suiteByName(values.suite).agreement.publicKeyLength;
const { failed } = await runCrowd({
  clients: whole('clients', 2),
  messages,
  seed: whole('seed', 1),
  processes: whole('processes', 1),
  cutBytes: values['cut-bytes'] === undefined ? cutBytes : whole('cut-bytes', 1_024),
  suite: values.suite,
  judgesMemory: messages >= messagesForMemory,
  print: (line) => process.stdout.write(`${line}\n`),
});
process.exitCode = failed === 0 ? 0 : 1;

function whole(name: 'clients' | 'messages' | 'seed' | 'processes' | 'cut-bytes', least: number): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < least) throw new UsageError('option', `--${name} takes a whole number from ${least}`);
  return number;
}
