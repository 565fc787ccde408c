import { parseArgs } from 'node:util';
import { runStories } from './run-stories.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    'no-shrink': { type: 'boolean', default: false },
    restores: { type: 'boolean', default: false },
  },
});
const [runs, seed, only] = [values.runs, values.seed, values.only ?? '1'].map(Number);
if (
  runs === undefined ||
  seed === undefined ||
  only === undefined ||
  ![runs, seed, only].every((each) => Number.isSafeInteger(each) && each > 0)
) {
  throw new TypeError('--runs, --seed and --only take whole numbers from 1');
}
const { passed, failed } = await runStories({
  runs,
  seed,
  ...(values.only === undefined ? {} : { only }),
  shrinks: !values['no-shrink'],
  restores: values.restores,
  print: (line) => process.stdout.write(`${line}\n`),
});
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
