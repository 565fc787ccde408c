/** One campaign in a process of its own: `node --expose-gc child.js TARGET RUNS SEED SECONDS KEEP [TRACE FROM]`; KEEP is `keep` or `-`. */
import { writeFileSync } from 'node:fs';
import { type CampaignResult, runCampaign } from './campaign.js';
import { loadCorpus } from './corpus.js';
import type { Line, Report } from './report.js';
import { targets } from './targets.js';

const [, , name = '', runs = '0', seed = '', seconds = '0', keep = '-', trace, from = '0'] = process.argv;
const found = targets[name];
if (found === undefined) throw new TypeError(`there is no target ${name}`);
// Errors are thrown by the million here, and where they come from is told for the few that are reported.
Error.stackTraceLimit = 4;

const base64 = (input: Uint8Array): string => Buffer.from(input).toString('base64');

function say(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function memory(): { readonly heap: number; readonly rss: number } {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

function reportOf(result: CampaignResult, corpus: readonly Uint8Array[], kept: readonly Uint8Array[]): Report {
  const { executions, failed, outcomes, features, slowest, heapGrowth, rssGrowth } = result;
  return {
    executions,
    failed,
    found: result.found.map(({ input, what }) => ({ input: base64(input), what })),
    outcomes: outcomes.size,
    features,
    corpus: corpus.length,
    slowest,
    heapGrowth,
    rssGrowth,
    kept: kept.map(base64),
  };
}

const corpus = loadCorpus(name);
const end = Number(seconds) === 0 ? Infinity : Date.now() + 1_000 * Number(seconds);
const target = await found.open();
const result = await runCampaign({
  target,
  corpus,
  runs: Number(runs),
  seed: `${seed} ${name}`,
  isOver: () => Date.now() > end,
  onProgress: (progress) => say({ progress }),
  onInput: (input, number) => {
    if (trace !== undefined && number >= Number(from)) writeFileSync(trace, input);
  },
  memory,
});
const last: Line = { result: reportOf(result, corpus, keep === 'keep' ? result.kept : []) };
// A pipe takes a long line bit by bit.
process.stdout.write(`${JSON.stringify(last)}\n`, () => process.exit(0));
