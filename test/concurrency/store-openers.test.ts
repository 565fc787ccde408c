import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import { Child } from '../process/child.js';
import { Scratch } from '../store/scratch.js';

jest.setTimeout(60_000);

/** How often openers race for one store. */
const rounds = 6;

interface Opened {
  readonly code: string;
  readonly message?: string;
}

/** One opener: a process, or a thread of it. */
interface Opener {
  readonly child: Child;
  readonly thread?: number;
}

describe('a store that several open', () => {
  let scratch: Scratch;
  let children: Child[];

  beforeEach(() => {
    scratch = new Scratch();
    children = [];
  });

  afterEach(async () => {
    await Promise.all(children.map((child) => child.kill()));
    scratch.remove();
  });

  const start = async (): Promise<Child> => {
    const child = new Child([join(import.meta.dirname, 'opener.mjs')]);
    children.push(child);
    await child.line('ready');
    return child;
  };

  const open = async ({ child, thread }: Opener, path: string, slot = 'store'): Promise<Opened> =>
    (await child.do('open', { path, slot, thread })) as Opened;

  const close = ({ child, thread }: Opener, slot = 'store'): Promise<unknown> => child.do('close', { slot, thread });

  /** Lets all openers open the store at once, again and again; every round needs one winner, and what it writes is there for the next. */
  const race = async (openers: readonly Opener[], path: string): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      const results = await Promise.all(openers.map((opener) => open(opener, path)));
      const codes = results.map(({ code }) => code).sort();
      expect([round, codes]).toEqual([round, [...Array<string>(openers.length - 1).fill('locked'), 'open']]);
      const winner = openers[results.findIndex(({ code }) => code === 'open')]!;
      const { child, thread } = winner;
      expect(await child.do('get', { slot: 'store', thread })).toBe(round === 0 ? null : `round ${round - 1}`);
      await child.do('put', { slot: 'store', thread, text: `round ${round}` });
      await Promise.all(openers.map((opener) => close(opener)));
    }
  };

  test('processes that start at the same moment: one gets it, all others are refused, however often', async () => {
    const openers = await Promise.all([start(), start(), start()]);
    await race(
      openers.map((child) => ({ child })),
      scratch.path('store.db'),
    );
  });

  test('threads of one process that start at the same moment: one gets it, all others are refused, however often', async () => {
    const child = await start();
    await race(
      [0, 1].map((thread) => ({ child, thread })),
      scratch.path('store.db'),
    );
  });

  for (const [who, thread] of [
    ['the same thread', undefined],
    ['another thread of the process', 1],
  ] as const) {
    test(`a second opener in ${who} is refused, and the store stays closed to other processes`, async () => {
      const path = scratch.path('store.db');
      const holder = await start();
      const stranger = await start();
      expect(await open({ child: holder }, path)).toEqual({ code: 'open' });
      const again = await open({ child: holder, ...(thread === undefined ? {} : { thread }) }, path, 'again');
      expect(again.code).toBe('locked');
      expect(again.message).toContain(`process ${holder.pid} on `);
      expect((await open({ child: stranger }, path)).code).toBe('locked');
      await holder.do('put', { slot: 'store', text: 'mine' });
      await close({ child: holder });
      expect(await open({ child: stranger }, path)).toEqual({ code: 'open' });
      expect(await stranger.do('get', { slot: 'store' })).toBe('mine');
    });
  }

  test('the note of an owner that was killed keeps nobody out and misleads nobody', async () => {
    const path = scratch.path('store.db');
    const [victim, next, late] = await Promise.all([start(), start(), start()]);
    await open({ child: victim }, path);
    await victim.do('put', { slot: 'store', text: 'durable' });
    await victim.kill();
    expect(readFileSync(`${path}.owner`, 'utf8')).toContain(`"pid":${victim.pid}`);
    expect(await open({ child: next }, path)).toEqual({ code: 'open' });
    expect(await next.do('get', { slot: 'store' })).toBe('durable');
    expect((await open({ child: late }, path)).message).toContain(`process ${next.pid} on `);
    await close({ child: next });
    expect(existsSync(`${path}.owner`)).toBe(false);
  });

  test('an opening that is given up leaves the store free, and one given up after it was open stays closed', async () => {
    const path = scratch.path('store.db');
    const given = new Error('given up');
    for (let turns = 0; turns < 12; turns += 1) {
      const controller = new AbortController();
      const opening = openSqliteStore({ path, signal: controller.signal }).then(
        (store) => store.close(),
        (error: unknown) => {
          expect(error).toBe(given);
        },
      );
      for (let turn = 0; turn < turns * turns * 20; turn += 1) await new Promise(setImmediate);
      controller.abort(given);
      await opening;
      await (await openSqliteStore({ path })).close();
    }
  });
});
