/** What was kept and what has found defects is replayed, and some fresh inputs are tried; `npm run fuzz` tries as many as it is asked for. */
import { describe, expect, test } from '@jest/globals';
import { addon } from '../native/addon-under-test.js';
import { AddonCalls } from './addon-calls.mjs';
import { runCampaign } from './campaign.js';
import { loadCorpus } from './corpus.js';
import { FastDice } from './fast-dice.js';
import { targets } from './targets.js';

const seed = process.env['SKISSM_SEED'] ?? 'skissm';
/** Fresh inputs per thousand of a target's share: a few thousand in all. */
const freshPerShare = 4;
const patience = 300_000;

describe.each(Object.entries(targets))('%s', (name, { weight, open }) => {
  test(
    'does nothing that it must not, whatever the input',
    async () => {
      const target = await open();
      const corpus = loadCorpus(name);
      const runs = target.seeds.length + corpus.length + freshPerShare * weight;
      const { executions, found } = await runCampaign({ target, corpus, runs, seed: `${seed} ${name}` });
      const harm = found.map(({ input, what }) => `${what}\n${Buffer.from(input).toString('base64')}`);
      expect(harm).toEqual([]);
      expect(executions).toBe(runs);
      expect(corpus.length).toBeGreaterThan(0);
    },
    patience,
  );
});

test(
  'the shipped addon answers every call with a result or a coded error',
  async () => {
    const calls = new AddonCalls(addon);
    const corpus = loadCorpus('addon');
    const dice = new FastDice(seed);
    const inputs = [...corpus, ...Array.from({ length: 300 }, () => dice.bytes(64))];
    const harm: string[] = [];
    for (const input of inputs) {
      await calls.run(input).catch((error: unknown) => harm.push(`${String(error)}\n${Buffer.from(input).toString('base64')}`));
    }
    expect(harm).toEqual([]);
    expect(corpus.length).toBeGreaterThan(0);
  },
  patience,
);
