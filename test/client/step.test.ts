import { describe, expect, test } from '@jest/globals';
import { Secret, allocateSecret } from '../../lib/base/secret.js';
import { utf8 } from '../../lib/base/bytes.js';
import { Steps, type Transition } from '../../lib/client/step.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { MemoryTables, type UnsafeTestingFailure, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { Write } from '../../lib/store/store.js';

interface Bench {
  readonly steps: Steps;
  readonly store: GroupCommit;
  readonly tables: MemoryTables;
  readonly failures: (UnsafeTestingFailure | undefined)[];
  loads: number;
  loadFailures: unknown[];
  loadError: Error | undefined;
}

function put(name: string, value = name): Write {
  return { table: 'meta', key: utf8(name), value: utf8(value) };
}

async function bench(): Promise<Bench> {
  const tables = new MemoryTables();
  const failures: (UnsafeTestingFailure | undefined)[] = [];
  const store = new GroupCommit(() => openMemoryStore({ unsafeTestingTables: tables, unsafeTestingFailure: () => failures.shift() }));
  const state: Bench = {
    store,
    tables,
    failures,
    loads: 0,
    loadFailures: [],
    loadError: undefined,
    steps: new Steps({
      store,
      countCommit: () => ({ write: put('count'), durable: () => undefined }),
      load: () => {
        state.loads += 1;
        return state.loadError === undefined ? Promise.resolve() : Promise.reject(state.loadError);
      },
      onLoadFailure: (error) => {
        state.loadFailures.push(error);
      },
    }),
  };
  await state.steps.start();
  return state;
}

function secret(): Secret<'Test'> {
  return new Secret<'Test'>(allocateSecret(32));
}

function stored({ tables }: Bench): string[] {
  return [...tables.rows('meta').entries({ prefix: '', after: undefined, reverse: false })]
    .map(([key]) => key)
    .filter((key) => key !== 'count');
}

describe('a step', () => {
  test('memory moves when the writes are queued; old secrets go and effects happen when they are durable', async () => {
    const state = await bench();
    const old = secret();
    const order: string[] = [];
    const running = state.steps.run(['a'], (): Transition<number> => ({
      writes: [put('one')],
      result: 1,
      apply: () => order.push('applied'),
      retired: [old],
      after: () => order.push(`after ${stored(state).join()} ${old.length}`),
    }));
    void state.steps.run(['a'], () => {
      order.push(`second step ${old.length}`);
      return { writes: [], result: undefined };
    });
    expect(await running).toBe(1);
    await state.steps.close();
    expect(order).toEqual(['applied', 'second step 32', 'after one 0']);
  });

  test('a transition that throws changes nothing and holds up nobody', async () => {
    const state = await bench();
    const failing = state.steps.run(['a'], () => {
      throw new Error('refused');
    });
    const next = state.steps.run(['a'], () => ({ writes: [put('next')], result: 'next' }));
    await expect(failing).rejects.toThrow('refused');
    expect(await next).toBe('next');
    expect(stored(state)).toEqual(['next']);
  });

  test('a failed commit takes along what was queued behind it, and memory is loaded before the next step', async () => {
    const state = await bench();
    state.failures.push('disk-full');
    const created = secret();
    const effects: string[] = [];
    const first = state.steps.run(['a'], () => ({ writes: [put('one')], result: undefined, after: () => effects.push('one') }));
    const second = state.steps.run(['a'], () => ({
      writes: [put('two')],
      result: undefined,
      created: [created],
      after: () => effects.push('two'),
    }));
    const results = await Promise.allSettled([first, second]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(state.loads).toBe(2);
    await state.steps.run(['a'], () => ({ writes: [put('three')], result: undefined, after: () => effects.push('three') }));
    expect(effects).toEqual(['three']);
    expect(stored(state)).toEqual(['three']);
  });

  test('a transition that was under way when state was lost is refused, and what it made is wiped', async () => {
    const state = await bench();
    const created = secret();
    let go: () => void = () => undefined;
    const slow = state.steps.run(['a'], async () => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return { writes: [put('slow')], result: undefined, created: [created] };
    });
    state.failures.push('unavailable');
    await expect(state.steps.run(['b'], () => ({ writes: [put('lost')], result: undefined }))).rejects.toMatchObject({
      code: 'unavailable',
    });
    // Memory is not loaded while somebody works with it.
    expect(state.loads).toBe(1);
    go();
    await expect(slow).rejects.toMatchObject({ name: 'StoreError', code: 'conflict' });
    expect(created.length).toBe(0);
    await state.steps.settled();
    expect(state.loads).toBe(2);
    expect(stored(state)).toEqual([]);
  });

  test('while memory cannot be loaded every step is refused, and the first that can goes on', async () => {
    const state = await bench();
    state.failures.push('unavailable');
    state.loadError = new Error('still away');
    await expect(state.steps.run([], () => ({ writes: [put('lost')], result: undefined }))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(state.steps.run([], () => ({ writes: [put('no')], result: undefined }))).rejects.toThrow('still away');
    expect(state.loadFailures).toHaveLength(1);
    state.loadError = undefined;
    await state.steps.run([], () => ({ writes: [put('yes')], result: undefined }));
    expect(stored(state)).toEqual(['yes']);
  });

  test('a row that no store takes is refused before memory moves on, and what was made is wiped', async () => {
    const state = await bench();
    const tooLong = { table: 'meta', key: new Uint8Array(2_000), value: utf8('x') } as const;
    const created = secret();
    let applied = false;
    const refused = state.steps.run([], () => ({
      writes: [put('a'), tooLong],
      result: undefined,
      created: [created],
      apply: () => (applied = true),
    }));
    await expect(refused).rejects.toMatchObject({ code: 'key-length' });
    expect([applied, created.length, state.loads, stored(state)]).toEqual([false, 0, 1, []]);
  });

  test('closing waits for commits under way and refuses what comes later', async () => {
    const state = await bench();
    let done = false;
    const running = state.steps.run(['a'], () => ({ writes: [put('last')], result: undefined, after: () => (done = true) }));
    await state.steps.close();
    expect(done).toBe(true);
    await running;
    await expect(state.steps.run([], () => ({ writes: [], result: undefined }))).rejects.toMatchObject({ code: 'client-closed' });
  });
});
