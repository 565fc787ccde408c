/** `npm run suites`: a conversation in every cipher suite, one line each. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type CipherSuite, suites } from '../../lib/index.js';
import { converse } from './conversation.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    'side-by-side': { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(`usage: npm run suites -- [options]
  --only TEXT        only suites with TEXT in their names
  --side-by-side N   conversations at a time (one per core)
`);
} else {
  const sideBySide = Number(values['side-by-side']);
  if (!Number.isSafeInteger(sideBySide) || sideBySide < 1) throw new TypeError('--side-by-side takes a whole number from 1');
  const left = suites().filter(({ name }) => name.includes(values.only));
  const width = Math.max(...left.map(({ name }) => name.length));
  const result = { passed: 0, failed: 0 };
  const play = async (suite: CipherSuite): Promise<void> => {
    const start = performance.now();
    const wrong = await converse(suite).then(
      () => undefined,
      (error: unknown) => String(error),
    );
    result[wrong === undefined ? 'passed' : 'failed'] += 1;
    const seconds = ((performance.now() - start) / 1_000).toFixed(2);
    const reference = suite.isInReference ? 'the reference speaks it' : 'the reference does not speak it';
    process.stdout.write(`${suite.name.padEnd(width)}  ${seconds.padStart(7)} s  ${wrong ?? `works; ${reference}`}\n`);
  };
  const playOn = async (): Promise<void> => {
    for (let suite = left.shift(); suite !== undefined; suite = left.shift()) await play(suite);
  };
  await Promise.all(Array.from({ length: sideBySide }, playOn));
  process.stdout.write(`${result.passed} passed, ${result.failed} failed\n`);
  process.exitCode = result.failed === 0 && result.passed > 0 ? 0 : 1;
}
