import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runFaults } from './run-faults.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '1' },
    only: { type: 'string' },
    'side-by-side': { type: 'string', default: String(availableParallelism()) },
    'stop-at-failure': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(`usage: npm run faults -- [options]
  --runs N           stories to play (60)
  --seed S           which ones (1)
  --first K          begins with story K of them (1)
  --only K           only story K of them
  --side-by-side N   stories at a time (one per core)
  --stop-at-failure  end at the first story that goes wrong
  --keep             leave the files of stories that go wrong
`);
} else {
  const number = (name: string, text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`--${name} takes a whole number from 1`);
    return value;
  };
  const { passed, failed } = await runFaults({
    runs: number('runs', values.runs),
    seed: number('seed', values.seed),
    first: number('first', values.first),
    ...(values.only === undefined ? {} : { only: number('only', values.only) }),
    sideBySide: number('side-by-side', values['side-by-side']),
    stopsAtFailure: values['stop-at-failure'],
    keeps: values.keep,
    print: (line) => process.stdout.write(`${line}\n`),
  });
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}
