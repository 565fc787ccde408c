import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StoreError } from '../../lib/base/errors.js';
import { GroupCommit, type GroupCommitOptions } from '../../lib/store/group-commit.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { Write } from '../../lib/store/store.js';
import { bytes, put, shown } from './contract.js';
import { ScriptedStore, settle } from './scripted-store.js';

const all = { prefix: bytes('') };

describe('group commit', () => {
  let stores: ScriptedStore[];
  let group: GroupCommit;
  /** What became of each commit, in the order in which it was settled. */
  let log: string[];

  const start = (options?: GroupCommitOptions): void => {
    stores = [];
    log = [];
    group = new GroupCommit(async () => {
      const store = await ScriptedStore.open();
      stores.push(store);
      return store;
    }, options);
  };

  const commit = (name: string, ...writes: Write[]): void => {
    group.commit(writes.length > 0 ? writes : [put(name, '1')]).then(
      () => log.push(name),
      (error: unknown) => log.push(`${name}: ${error instanceof StoreError ? error.code : 'no StoreError'}`),
    );
  };

  beforeEach(() => {
    start();
  });

  test('commits made together share a transaction, those made while it runs form the next one', async () => {
    commit('a');
    commit('b');
    await settle();
    commit('c');
    commit('d');
    await settle();
    expect(stores[0]!.transactions).toEqual([['a=1', 'b=1']]);
    stores[0]!.proceed();
    await settle();
    expect(log).toEqual(['a', 'b']);
    expect(stores[0]!.transactions).toEqual([
      ['a=1', 'b=1'],
      ['c=1', 'd=1'],
    ]);
    stores[0]!.proceed();
    await settle();
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  test('nothing resolves before its transaction is durable', async () => {
    commit('a');
    await settle();
    expect(stores[0]!.transactions.length).toBe(1);
    expect(log).toEqual([]);
    stores[0]!.proceed();
    await settle();
    expect(log).toEqual(['a']);
  });

  test('all of one transaction hear of it in one turn of the event loop unless fewer are asked for', async () => {
    for (let i = 0; i < 100; i += 1) commit(`${i}`);
    await settle();
    stores[0]!.proceed();
    let turns = 0;
    setImmediate(() => {
      turns += 1;
    });
    while (turns === 0 && log.length < 100) await Promise.resolve();
    expect(log).toHaveLength(100);
  });

  test('many whose commit is durable hear of it in order, a few in each turn of the event loop', async () => {
    start({ toldPerTurn: 16 });
    const names = Array.from({ length: 100 }, (_, i) => `${i}`);
    for (const name of names) commit(name);
    await settle();
    stores[0]!.proceed();
    let turns = 0;
    for (; log.length < names.length; turns += 1) {
      const told = log.length;
      await settle();
      expect(log.length - told).toBeLessThan(40);
    }
    expect(turns).toBeGreaterThan(2);
    expect(log).toEqual(names);
  });

  test('whose commit is durable hears of it before those hear of a failure whose commits came later, and before the store has closed', async () => {
    start({ toldPerTurn: 16 });
    const names = Array.from({ length: 100 }, (_, i) => `${i}`);
    for (const name of names) commit(name);
    await settle();
    commit('late');
    stores[0]!.proceed();
    while (stores[0]!.transactions.length < 2) await Promise.resolve();
    stores[0]!.fail('unavailable');
    await settle();
    expect(log).toEqual([...names, 'late: unavailable']);

    log = [];
    for (const name of names) commit(name);
    await settle();
    stores[0]!.release();
    await group.close();
    expect(log).toEqual(names);
  });

  test('a batch holds at most so many commits and so many bytes, and a larger commit goes alone', async () => {
    start({ maxCommits: 2, maxBytes: 10 });
    for (const name of ['a', 'b', 'c']) commit(name);
    commit('large', put('large', 'x'.repeat(30)));
    commit('d', put('d', 'x'.repeat(6)));
    commit('e', put('e', 'x'.repeat(6)));
    await settle();
    stores[0]!.release();
    await settle();
    expect(log).toEqual(['a', 'b', 'c', 'large', 'd', 'e']);
    expect(stores[0]!.transactions.map((writes) => writes.map((write) => write.split('=')[0]))).toEqual([
      ['a', 'b'],
      ['c'],
      ['large'],
      ['d'],
      ['e'],
    ]);
  });

  test('readers see queued and running commits at once', async () => {
    await Promise.all([group.ready(), settle()]);
    commit('first', put('a', '1'), put('b', '1'), put('d', '1'));
    await settle();
    commit('second', put('a', '2'), put('b', undefined), put('c', '2'));
    expect(await group.get('meta', bytes('a'))).toEqual(bytes('2'));
    expect(await group.get('meta', bytes('b'))).toBeUndefined();
    expect(shown(await group.list('meta', all))).toEqual(['a=2', 'c=2', 'd=1']);
    expect(shown(await group.list('meta', { ...all, limit: 2, reverse: true }))).toEqual(['d=1', 'c=2']);
    expect(log).toEqual([]);
  });

  test('a value read is a copy: wiping it changes neither the queue nor the store', async () => {
    commit('a', put('a', 'value'));
    (await group.get('meta', bytes('a')))!.fill(0);
    (await group.list('meta', all))[0]!.value.fill(0);
    await settle();
    stores[0]!.release();
    await settle();
    expect(await group.get('meta', bytes('a'))).toEqual(bytes('value'));
  });

  test('a row written several times in one transaction goes to the driver once, and the replaced value is wiped', async () => {
    const replaced = bytes('old');
    commit('first', { table: 'meta', key: bytes('a'), value: replaced }, put('b', '1'));
    commit('second', put('a', 'new'), put('b', undefined));
    await settle();
    expect(stores[0]!.transactions).toEqual([['a=new', '-b']]);
    expect([...replaced]).toEqual([0, 0, 0]);
  });

  test('a failed transaction takes everything queued behind it along, and the store goes on', async () => {
    commit('before');
    await settle();
    stores[0]!.proceed();
    await settle();
    commit('failing', put('a', '1'));
    await settle();
    const behind = bytes('secret');
    commit('behind', { table: 'meta', key: bytes('a'), value: behind });
    commit('far behind', put('b', '3'));
    const resets: number[] = [];
    group.onReset(() => resets.push(group.generation));
    expect(group.generation).toBe(0);
    stores[0]!.fail('disk-full');
    await settle();
    expect(log).toEqual(['before', 'failing: disk-full', 'behind: dropped', 'far behind: dropped']);
    expect(resets).toEqual([1]);
    expect([...behind]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(shown(await group.list('meta', all))).toEqual(['before=1']);
    commit('after');
    await settle();
    stores[0]!.proceed();
    await settle();
    expect(log.at(-1)).toBe('after');
    expect(stores.length).toBe(1);
    expect(shown(await group.list('meta', all))).toEqual(['after=1', 'before=1']);
  });

  test('whoever reads while a transaction fails sees the queued rows or none, never wiped ones', async () => {
    const failing = new GroupCommit(() => openMemoryStore({ unsafeTestingFailure: () => 'disk-full' }));
    await failing.ready();
    const run = { isOver: false };
    failing.commit([put('a', 'value')]).catch(() => {
      run.isOver = true;
    });
    // A reader in every turn of the microtask queue, so that one of them comes between the failure and the news of it.
    const reads: Promise<string>[] = [];
    while (!run.isOver) {
      reads.push(failing.list('meta', all).then((rows) => shown(rows).join()));
      await Promise.resolve();
    }
    const seen = new Set(await Promise.all(reads));
    expect(seen.has('a=value')).toBe(true);
    expect([...seen].filter((found) => !['a=value', ''].includes(found))).toEqual([]);
  });

  test('listeners hear of the reset before those who wait for a commit, and not after they were removed', async () => {
    const remove = group.onReset(() => log.push(`reset ${group.generation}`));
    commit('a');
    await settle();
    stores[0]!.fail('unavailable');
    await settle();
    remove();
    commit('b');
    await settle();
    stores[0]!.fail('unavailable');
    await settle();
    expect(log).toEqual(['reset 1', 'a: unavailable', 'b: unavailable']);
    expect(group.generation).toBe(2);
  });

  test('a commit that builds on an earlier generation is refused', async () => {
    const before = group.generation;
    commit('a');
    await settle();
    stores[0]!.fail('unavailable');
    await settle();
    await expect(group.commit([put('b', '1')], before)).rejects.toMatchObject({ name: 'StoreError', code: 'stale' });
    expect(await group.get('meta', bytes('b'))).toBeUndefined();
  });

  test('after an unknown outcome the store is opened again before anything else is committed', async () => {
    commit('unknown');
    await settle();
    commit('behind');
    stores[0]!.fail('outcome-unknown');
    await settle();
    expect(log).toEqual(['unknown: outcome-unknown', 'behind: dropped']);
    expect(group.generation).toBe(1);
    expect(stores.length).toBe(1);
    commit('after');
    await settle();
    expect(stores.length).toBe(2);
    expect(stores[0]!.transactions.length).toBe(1);
    expect(stores[1]!.transactions).toEqual([['after=1']]);
    stores[1]!.release();
    await settle();
    expect(log.at(-1)).toBe('after');
  });

  test('a reader that has opened the store again before the unknown outcome is told keeps it: none stays open that nobody uses', async () => {
    commit('a');
    await settle();
    // A driver that closes itself refuses readers at once, and the commit when the file is free again.
    await stores[0]!.close();
    await expect(group.get('meta', bytes('x'))).rejects.toMatchObject({ code: 'unavailable' });
    expect(await group.get('meta', bytes('x'))).toBeUndefined();
    stores[0]!.fail('outcome-unknown');
    await settle();
    expect(log).toEqual(['a: outcome-unknown']);
    commit('b');
    await settle();
    stores[1]!.proceed();
    await settle();
    expect([stores.length, log.at(-1)]).toEqual([2, 'b']);
    await group.close();
    expect(stores.map(({ closed }) => closed)).toEqual([true, true]);
  });

  test('a store that cannot be opened fails what waits for it and is tried again at the next call', async () => {
    let broken = true;
    const retrying = new GroupCommit(async () => {
      if (broken) throw new StoreError('locked', 'scripted');
      return openMemoryStore();
    });
    await expect(retrying.ready()).rejects.toMatchObject({ code: 'locked' });
    await expect(retrying.commit([put('a', '1')])).rejects.toMatchObject({ code: 'locked' });
    await expect(retrying.get('meta', bytes('a'))).rejects.toMatchObject({ code: 'locked' });
    broken = false;
    await retrying.commit([put('a', '2')]);
    expect(await retrying.get('meta', bytes('a'))).toEqual(bytes('2'));
  });

  test('a driver that has closed itself is opened again for the next call', async () => {
    await group.ready();
    await stores[0]!.close();
    await expect(group.get('meta', bytes('a'))).rejects.toMatchObject({ code: 'unavailable' });
    expect(await group.get('meta', bytes('a'))).toBeUndefined();
    expect(stores.length).toBe(2);
    stores[1]!.release();
    await stores[1]!.close();
    await expect(group.commit([put('a', '1')])).rejects.toMatchObject({ code: 'unavailable' });
    expect(group.generation).toBe(1);
  });

  test("one commit's wrong argument does not touch the others", async () => {
    commit('a');
    const wrong = group.commit([put('b', '1'), put('', '1')]);
    commit('c');
    await expect(wrong).rejects.toMatchObject({ name: 'UsageError', code: 'key-length' });
    await settle();
    stores[0]!.release();
    await settle();
    expect(log).toEqual(['a', 'c']);
    expect(group.generation).toBe(0);
    expect(shown(await group.list('meta', all))).toEqual(['a=1', 'c=1']);
  });

  test('close makes everything queued durable first', async () => {
    commit('a');
    await settle();
    commit('b');
    const closed = group.close();
    await expect(group.commit([put('c', '1')])).rejects.toMatchObject({ code: 'closed' });
    stores[0]!.release();
    await closed;
    expect(log).toEqual(['a', 'b']);
    expect(stores[0]!.closed).toBe(true);
  });

  test('close of a group that was never used opens nothing', async () => {
    await group.close();
    expect(stores).toEqual([]);
  });

  test('a page over queued deletions asks the driver for as many rows more', async () => {
    await group.ready();
    stores[0]!.release();
    await group.commit(['a', 'b', 'c', 'd', 'e'].map((name) => put(name, '1')));
    commit('later', put('a', undefined), put('c', undefined));
    expect(shown(await group.list('meta', { ...all, limit: 2 }))).toEqual(['b=1', 'd=1']);
    expect(stores[0]!.ranges.at(-1)!.limit).toBe(4);
    expect(shown(await group.list('meta', { ...all, limit: 2, after: bytes('b') }))).toEqual(['d=1', 'e=1']);
    expect(shown(await group.list('meta', { ...all, limit: Number.MAX_SAFE_INTEGER }))).toEqual(['b=1', 'd=1', 'e=1']);
  });

  test('what is queued over what is stored reads like both in a plain store', async () => {
    const keys = fc.string({ unit: fc.constantFrom('a', 'b', '\u00ff'), minLength: 1, maxLength: 4 });
    const writes = fc.array(fc.record({ key: keys, value: fc.option(fc.constantFrom('', '1', '2'), { nil: undefined }) }), {
      maxLength: 12,
    });
    const range = fc.record({
      prefix: fc.oneof(fc.constant(''), keys).map(bytes),
      after: fc.option(keys, { nil: undefined }),
      limit: fc.option(fc.nat(6), { nil: undefined }),
      reverse: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(writes, writes, writes, range, async (stored, running, queued, { prefix, after, limit, reverse }) => {
        start();
        const plain = await openMemoryStore();
        const asWrites = (list: typeof stored): Write[] => list.map(({ key, value }) => put(key, value));
        await group.ready();
        const durable = group.commit(asWrites(stored));
        await settle();
        stores[0]!.proceed();
        await durable;
        const rest = [group.commit(asWrites(running))];
        await settle();
        rest.push(group.commit(asWrites(queued)));
        for (const list of [stored, running, queued]) await plain.commit(asWrites(list));
        const selected = {
          prefix,
          reverse,
          ...(after === undefined ? {} : { after: bytes(after) }),
          ...(limit === undefined ? {} : { limit }),
        };
        const expected = shown(await plain.list('meta', selected));
        expect(shown(await group.list('meta', selected))).toEqual(expected);
        stores[0]!.release();
        await Promise.all(rest);
        expect(shown(await group.list('meta', selected))).toEqual(expected);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
