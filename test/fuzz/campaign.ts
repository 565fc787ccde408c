/**
 * Runs a target with inputs made from good ones: seeds and corpus first, then mutations of them and of whatever showed something new. The same
 * seed and number of runs give the same inputs.
 */
import { performance } from 'node:perf_hooks';
import { FastDice } from './fast-dice.js';
import { Finding, type Outcome, type Target, describe } from './target.js';

/** Bytes of an input that is worth mutating further. */
const longestKept = 16_384;
/** Inputs that are mutated, at most: the newest win. */
const poolLength = 4_096;
/** Of so many mutations one has a further mutation on top, and so on. */
const againIn = 3;
/** Every so many executions the event loop gets a turn. */
const turnEvery = 1_000;
/** ms after which progress is told. */
const tellEvery = 1_000;
/** Measurements of the memory in one campaign. */
const measurements = 50;
/** Share and number of the executions in which memory may still grow: code is compiled, caches fill. */
const warmUp = { share: 0.2, most: 20_000 };
/** Bytes by which the heap and the process may grow after that. */
const mostHeapGrowth = 67_108_864;
const mostRssGrowth = 536_870_912;
/** Findings that are kept with their inputs. */
const findingsKept = 20;

/** An input and what it did that must not happen. */
export interface Found {
  readonly input: Uint8Array;
  readonly what: string;
}

/** Bytes. */
export interface MemoryUse {
  readonly heap: number;
  readonly rss: number;
}

export interface CampaignOptions {
  readonly target: Target;
  readonly corpus: readonly Uint8Array[];
  /** Executions; all seeds and the corpus are run even when they are more. */
  readonly runs: number;
  readonly seed: string;
  /** Whether to end early. */
  readonly isOver?: (() => boolean) | undefined;
  /** Told now and then how many executions are done. */
  readonly onProgress?: ((executions: number) => void) | undefined;
  /** Told each input before it is tried. */
  readonly onInput?: ((input: Uint8Array, number: number) => void) | undefined;
  /** Bytes of memory in use, of the heap and of the process, measured now and then. */
  readonly memory?: (() => MemoryUse) | undefined;
}

export interface CampaignResult {
  readonly executions: number;
  readonly failed: number;
  readonly found: readonly Found[];
  /** How often each outcome was seen. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly features: number;
  /** Inputs that showed something new, in order. */
  readonly kept: readonly Uint8Array[];
  /** Of the slowest execution, ms. */
  readonly slowest: number;
  /** Bytes by which the heap and the process grew once they were warm. */
  readonly heapGrowth: number;
  readonly rssGrowth: number;
}

/** The most by which the memory has grown since it was warm. */
class Growth {
  heap = 0;
  rss = 0;
  #base: MemoryUse | undefined;

  take(use: MemoryUse): void {
    this.#base ??= use;
    this.heap = Math.max(this.heap, use.heap - this.#base.heap);
    this.rss = Math.max(this.rss, use.rss - this.#base.rss);
  }
}

/** Runs the campaign, closes the target. Harm is in the result. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { target, corpus, seed } = options;
  const dice = new FastDice(seed);
  const first = [...target.seeds, ...corpus];
  const runs = Math.max(options.runs, first.length);
  const measureEvery = Math.ceil(runs / measurements);
  const warmAt = Math.min(runs * warmUp.share, warmUp.most);
  const pool: Uint8Array[] = [];
  const seen = new Set<string>();
  const outcomes = new Map<string, number>();
  const found: Found[] = [];
  const kept: Uint8Array[] = [];
  const growth = new Growth();
  let failed = 0;
  let slowest = 0;
  let executions = 0;
  let told = performance.now();

  const harm = (input: Uint8Array, error: unknown): void => {
    failed += 1;
    if (found.length < findingsKept) found.push({ input, what: describe(error) });
  };

  const learn = (input: Uint8Array, { label, features }: Outcome): void => {
    outcomes.set(label, (outcomes.get(label) ?? 0) + 1);
    const known = seen.size;
    for (const feature of features) seen.add(feature);
    if (seen.size === known || input.length > longestKept) return;
    kept.push(input);
    if (pool.length < poolLength) pool.push(input);
    else pool[kept.length % poolLength] = input;
  };

  const next = (): Uint8Array => {
    const given = first[executions];
    if (given !== undefined) return given;
    const pick = (): Uint8Array => dice.pick(pool.length === 0 ? first : pool);
    let input = pick();
    do input = target.mutate(input, dice, pick());
    while (dice.onceIn(againIn));
    return input;
  };

  let current: Uint8Array = new Uint8Array(0);
  const onRejection = (reason: unknown): void => harm(current, new Finding(`rejected and not handled: ${describe(reason)}`));
  process.on('unhandledRejection', onRejection);
  try {
    while (executions < runs && options.isOver?.() !== true) {
      current = next();
      options.onInput?.(current, executions);
      const began = performance.now();
      try {
        // Most targets are synchronous, and fast enough for an await to count.
        const outcome = target.run(current.slice());
        learn(current, outcome instanceof Promise ? await outcome : outcome);
      } catch (error) {
        harm(current, error);
      }
      const now = performance.now();
      slowest = Math.max(slowest, now - began);
      executions += 1;
      if (now - told > tellEvery) {
        told = now;
        options.onProgress?.(executions);
      }
      if (executions % measureEvery === 0 && executions > warmAt && options.memory !== undefined) growth.take(options.memory());
      // Whatever was rejected and not handled comes up in a turn of the loop.
      if (executions % turnEvery === 0 || executions === runs) await turn();
    }
    await target.close?.();
  } catch (error) {
    harm(current, error);
  } finally {
    process.off('unhandledRejection', onRejection);
  }
  if (growth.heap > mostHeapGrowth || growth.rss > mostRssGrowth) {
    harm(new Uint8Array(0), new Finding(`the heap grew by ${growth.heap} bytes, the process by ${growth.rss}`));
  }
  return { executions, failed, found, outcomes, features: seen.size, kept, slowest, heapGrowth: growth.heap, rssGrowth: growth.rss };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
