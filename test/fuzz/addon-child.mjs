/**
 * A campaign against one build of the addon: `node addon-child.mjs FOLDER RUNS SEED SECONDS [TRACE FROM]`. Plain Node, so that it runs under a
 * sanitizer; lines as those of child.ts. An input is a tape of choices; one that leads to something new is kept and mutated.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { AddonCalls } from './addon-calls.mjs';
import { Tape } from './tape.mjs';

const [, , release, runsText, seed, secondsText, trace, fromText = '0'] = process.argv;
const runs = Number(runsText);
const end = Number(secondsText) === 0 ? Infinity : performance.now() + 1_000 * Number(secondsText);
const corpusFolder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'corpus');
/** Bytes of a tape: the choices of a few calls. */
const tapeLength = 64;
const tellEvery = 1_000;
/** Executions in which memory may still grow. */
const warmAt = Math.min(runs / 5, 20_000);
const findingsKept = 20;
const poolLength = 4_096;
const mostHeapGrowth = 67_108_864;
const mostRssGrowth = 536_870_912;

function load(name) {
  const file = path.join(corpusFolder, name);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Uint8Array.from(Buffer.from(line, 'base64')));
}

function mutated(choices, tape, donor) {
  const bytes = Uint8Array.from(tape);
  for (let left = 1 + choices.below(4); left > 0; left -= 1) {
    const at = choices.below(bytes.length);
    if (choices.onceIn(4)) bytes.set(donor.subarray(at), at);
    else bytes[at] = choices.below(256);
  }
  return bytes;
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const calls = new AddonCalls(createRequire(import.meta.url)(path.resolve(release, 'skissm.node')));
const choices = new Tape(Buffer.from(`${seed} addon`));
const corpus = [...load('addon.txt'), ...load('addon.fixed.txt')];
const pool = [];
const seen = new Set();
const outcomes = new Set();
const found = [];
const kept = [];
let failed = 0;
let slowest = 0;
let told = performance.now();
let base;
let executions = 0;
for (; executions < Math.max(runs, corpus.length) && performance.now() < end; executions += 1) {
  const fresh = Uint8Array.from({ length: tapeLength }, () => choices.below(256));
  const input =
    corpus[executions] ?? (pool.length === 0 || choices.onceIn(4) ? fresh : mutated(choices, choices.pick(pool), choices.pick(pool)));
  if (trace !== undefined && executions >= Number(fromText)) writeFileSync(trace, input);
  const began = performance.now();
  try {
    const features = await calls.run(input);
    const known = seen.size;
    for (const feature of features) {
      seen.add(feature);
      outcomes.add(feature.slice(feature.lastIndexOf(': ') + 2));
    }
    if (seen.size > known) {
      kept.push(input);
      pool[(kept.length - 1) % poolLength] = input;
    }
  } catch (error) {
    failed += 1;
    if (found.length < findingsKept) found.push({ input: Buffer.from(input).toString('base64'), what: String(error) });
  }
  const now = performance.now();
  slowest = Math.max(slowest, now - began);
  if (now - told > tellEvery) {
    told = now;
    say({ progress: executions });
    if (executions > warmAt) base ??= process.memoryUsage();
  }
}
const { heapUsed, rss } = process.memoryUsage();
const heapGrowth = base === undefined ? 0 : Math.max(0, heapUsed - base.heapUsed);
const rssGrowth = base === undefined ? 0 : Math.max(0, rss - base.rss);
if (heapGrowth > mostHeapGrowth || rssGrowth > mostRssGrowth) {
  failed += 1;
  found.push({ input: '', what: `the heap grew by ${heapGrowth} bytes, the process by ${rssGrowth}` });
}
const numbers = { executions, failed, outcomes: outcomes.size, features: seen.size, corpus: corpus.length, slowest, heapGrowth, rssGrowth };
const result = { ...numbers, found, kept: kept.map((input) => Buffer.from(input).toString('base64')) };
// A pipe takes a long line bit by bit.
process.stdout.write(`${JSON.stringify({ result })}\n`, () => process.exit(0));
