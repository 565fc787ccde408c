/** `npm run fuzz -- --runs N --seed S [--target NAME] [--seconds T] [--jobs J] [--keep]`: a table, and `N passed, N failed` at the end. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../lib/base/package-root.js';
import { loadKept, saveKept } from './corpus.js';
import { distil } from './distil.js';
import { type Report, tableHead, tableRow } from './report.js';
import { type Lost, supervise } from './supervise.js';
import { addonWeight, targets } from './targets.js';

/** ms without a word after which a campaign counts as hanging; a machine under load pauses for seconds. */
const silence = 120_000;

/** Inputs of the addon that are kept. */
const mostCalls = 500;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    /** One target only. */
    target: { type: 'string' },
    /** Each target ends after so many seconds, whatever is left of its runs. */
    seconds: { type: 'string', default: '0' },
    /** Campaigns at a time. */
    jobs: { type: 'string', default: '2' },
    /** Adds what showed something new to the corpus. */
    keep: { type: 'boolean', default: false },
  },
});
const [runs = 0, seconds = 0, jobs = 0] = [values.runs, values.seconds, values.jobs].map(Number);
if (![runs, seconds, jobs].every((each) => Number.isSafeInteger(each) && each >= 0) || runs === 0 || jobs === 0) {
  throw new TypeError('--runs, --seconds and --jobs take whole numbers, --runs and --jobs from 1');
}

const addon = 'addon';
const weights = new Map([...Object.entries(targets).map(([name, { weight }]) => [name, weight] as const), [addon, addonWeight]]);
const names = values.target === undefined ? [...weights.keys()] : [values.target];
if (names.some((name) => !weights.has(name))) throw new TypeError(`--target is one of ${[...weights.keys()].join(', ')}`);
const all = names.reduce((sum, name) => sum + (weights.get(name) ?? 0), 0);

let passed = 0;
let failed = 0;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function argsOf(name: string, share: number): string[] {
  const options = [String(share), values.seed, values.seconds];
  if (name === addon) return [path.join(packageRoot(), 'test/fuzz/addon.mjs'), ...options];
  return ['--expose-gc', path.join(import.meta.dirname, 'child.js'), name, ...options, values.keep ? 'keep' : '-'];
}

let files = 0;

/** Writes the input where it can be tried again. */
function saved(name: string, input: Uint8Array): string {
  const folder = path.join(packageRoot(), 'build/fuzz');
  mkdirSync(folder, { recursive: true });
  files += 1;
  const file = path.join(folder, `${name}-${files}.bin`);
  writeFileSync(file, input);
  return file;
}

function tellLost(name: string, { how, executions, input }: Lost): void {
  failed += 1;
  passed += executions;
  const where = input === undefined ? 'it did not happen again' : `${input.length} bytes in ${saved(name, input)}`;
  print(`FAILED ${name}: ${how} after ${executions} executions or a few more; ${where}`);
}

async function tell(name: string, report: Report, took: number): Promise<void> {
  passed += report.executions - Math.min(report.failed, report.executions);
  print(tableRow(name, report, took));
  for (const { input, what } of report.found) {
    const bytes = Buffer.from(input, 'base64');
    print(`FAILED ${name}: ${what.slice(0, 600)}; ${bytes.length} bytes in ${saved(name, bytes)}`);
  }
  failed += report.failed;
  if (!values.keep) return;
  const kept = report.kept.map((text) => Uint8Array.from(Buffer.from(text, 'base64')));
  const found = targets[name];
  // What the addon's campaign keeps begins with what was kept before.
  saveKept(name, found === undefined ? kept.slice(0, mostCalls) : await distil(await found.open(), [...loadKept(name), ...kept]));
}

async function work(queue: string[]): Promise<void> {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const began = performance.now();
    const outcome = await supervise({ args: argsOf(name, Math.ceil((runs * (weights.get(name) ?? 0)) / all)), silence });
    if ('how' in outcome) tellLost(name, outcome);
    else await tell(name, outcome, (performance.now() - began) / 1_000);
  }
}

print(tableHead);
const queue = [...names];
await Promise.all(Array.from({ length: jobs }, () => work(queue)));
print(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
