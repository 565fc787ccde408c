import { describe, expect, test } from '@jest/globals';
import fc, { type Scheduler } from 'fast-check';
import { utf8, fromUtf8 } from '../../lib/base/bytes.js';
import { Secret, allocateSecret } from '../../lib/base/secret.js';
import { Steps, type Transition } from '../../lib/client/step.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import type { Write } from '../../lib/store/store.js';
import { ScheduledStore, endings } from './scheduled-store.js';

const keys = ['a', 'b', 'c'] as const;

interface Call {
  /** Counters that the step raises. */
  readonly keys: readonly (typeof keys)[number][];
  /** How often it waits before it knows what to write. */
  readonly awaits: number;
  /** What is special about it: `throws`; `refused` has a row that no store takes; `idle` writes nothing. */
  readonly kind: 'plain' | 'throws' | 'refused' | 'idle';
}

const call: fc.Arbitrary<Call> = fc.record({
  keys: fc.subarray([...keys], { minLength: 1 }),
  awaits: fc.nat(2),
  kind: fc.constantFrom('plain', 'plain', 'plain', 'plain', 'throws', 'refused', 'idle'),
});

function put(name: string, value: string): Write {
  return { table: 'meta', key: utf8(name), value: utf8(value) };
}

/** Counters in a store, in memory, and what goes wrong with either. */
class Counters {
  readonly troubles: string[] = [];
  readonly effects: string[] = [];
  readonly secrets = new Map<string, { readonly retired: Secret<'Old'>; readonly created: Secret<'New'> }>();
  readonly steps: Steps;
  readonly store: GroupCommit;
  readonly #driver: ScheduledStore;
  readonly #scheduler: Scheduler;
  readonly #held = new Set<string>();
  #memory = new Map<string, number>();

  constructor(scheduler: Scheduler, driver: ScheduledStore) {
    this.#scheduler = scheduler;
    this.#driver = driver;
    this.store = new GroupCommit(driver.open, { maxCommits: 3 });
    this.steps = new Steps({
      store: this.store,
      countCommit: () => ({ write: put('count', ''), durable: () => undefined }),
      load: () => this.#load(),
      onLoadFailure: () => undefined,
    });
  }

  /** What is durable. */
  get durable(): Map<string, string> {
    return new Map(this.#driver.rows('meta').map(({ key, value }) => [fromUtf8(key), fromUtf8(value)]));
  }

  get memory(): ReadonlyMap<string, number> {
    return this.#memory;
  }

  async #load(): Promise<void> {
    const next = new Map<string, number>();
    for (const key of keys) {
      const value = await this.store.get('meta', utf8(`counter ${key}`));
      if (value === undefined) continue;
      const durable = this.durable.get(`counter ${key}`);
      if (durable !== fromUtf8(value)) this.troubles.push(`loaded ${fromUtf8(value)} for ${key}, durable is ${durable}`);
      next.set(key, Number(fromUtf8(value)));
    }
    this.#memory = next;
  }

  run(name: string, { keys: raised, awaits, kind }: Call): Promise<string> {
    return this.steps.run(raised, async (): Promise<Transition<string>> => {
      for (const key of raised) {
        if (this.#held.has(key)) this.troubles.push(`two steps hold ${key}`);
        this.#held.add(key);
      }
      try {
        const seen = this.#memory;
        for (let turn = 0; turn < awaits; turn += 1) await this.#scheduler.schedule(Promise.resolve(), `inside ${name}`);
        if (seen !== this.#memory) this.troubles.push(`${name}: memory was loaded under a transition`);
        if (kind === 'throws') throw new Error('the transition throws');
        if (kind === 'idle') return { writes: [], result: name, after: () => this.effects.push(name) };
        const next = raised.map((key) => [key, (this.#memory.get(key) ?? 0) + 1] as const);
        const writes = next.map(([key, value]) => put(`counter ${key}`, String(value)));
        writes.push(put(`step ${name}`, raised.join('')));
        if (kind === 'refused') writes.push(put('x'.repeat(2_000), ''));
        const secrets = { retired: new Secret<'Old'>(allocateSecret(8)), created: new Secret<'New'>(allocateSecret(8)) };
        this.secrets.set(name, secrets);
        return {
          writes,
          result: name,
          apply: () => {
            for (const [key, value] of next) this.#memory.set(key, value);
          },
          retired: [secrets.retired],
          created: [secrets.created],
          after: () => {
            if (!this.durable.has(`step ${name}`)) this.troubles.push(`${name} had its effect before it was durable`);
            this.effects.push(name);
          },
        };
      } finally {
        for (const key of raised) this.#held.delete(key);
      }
    });
  }
}

describe('steps, whatever the order in which their awaits are resumed and whatever commits fail', () => {
  test('lose no count, have effects and results only when durable, and never build on state that is gone', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(call, { minLength: 4, maxLength: 12 }),
        fc.array(fc.constantFrom(...endings), { maxLength: 6 }),
        async (scheduler, calls, failures) => {
          const driver = new ScheduledStore(scheduler, failures);
          const counters = new Counters(scheduler, driver);
          await scheduler.waitFor(counters.steps.start());
          const resolved: string[] = [];
          const running = calls.map(async (each, number) => {
            await scheduler.schedule(Promise.resolve(), `start ${number}`);
            await counters.run(String(number), each).then(
              (name) => {
                if (each.kind !== 'idle' && !counters.durable.has(`step ${name}`))
                  counters.troubles.push(`${name} resolved before it was durable`);
                resolved.push(name);
              },
              () => undefined,
            );
          });
          await scheduler.waitFor(Promise.all(running));
          await scheduler.waitFor(counters.steps.settled());
          const durable = counters.durable;
          const stored = [...durable].filter(([name]) => name.startsWith('step '));
          for (const key of keys) {
            const steps = stored.filter(([, raised]) => raised.includes(key)).length;
            expect([key, Number(durable.get(`counter ${key}`) ?? 0), counters.memory.get(key) ?? 0]).toEqual([key, steps, steps]);
          }
          expect(counters.troubles).toEqual([]);
          expect([...counters.effects].sort()).toEqual([...resolved].sort());
          for (const [name, { retired, created }] of counters.secrets) {
            const isDone = resolved.includes(name);
            expect([name, retired.length]).toEqual([name, isDone ? 0 : 8]);
            if (isDone) expect(created.length).toBe(8);
          }
          const closing = counters.steps.close();
          await scheduler.waitFor(closing);
          await expect(counters.run('late', { keys: ['a'], awaits: 0, kind: 'plain' })).rejects.toMatchObject({ code: 'client-closed' });
        },
      ),
      { seed: 20_261, numRuns: 400 },
    );
  });
});
