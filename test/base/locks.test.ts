import { describe, expect, test } from '@jest/globals';
import { Locks, type Release } from '../../lib/base/locks.js';

async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('locks', () => {
  test('claims on one name are served in the order of the calls', async () => {
    const locks = new Locks();
    const served: number[] = [];
    const claims = [0, 1, 2, 3].map(async (number) => {
      const release = await locks.acquire(['a']);
      served.push(number);
      await turn();
      release();
    });
    await Promise.all(claims);
    expect(served).toEqual([0, 1, 2, 3]);
    expect(locks.isTaken('a')).toBe(false);
  });

  test('claims without a name in common do not wait for each other', async () => {
    const locks = new Locks();
    await locks.acquire(['a']);
    await expect(locks.acquire(['b'])).resolves.toBeInstanceOf(Function);
  });

  test('a claim on several names is served when it is first on each, and holds its place on all from the call on', async () => {
    const locks = new Locks();
    const releaseA = await locks.acquire(['a']);
    const served: string[] = [];
    const both = locks.acquire(['b', 'a']).then((release) => {
      served.push('both');
      return release;
    });
    const behind = locks.acquire(['b']).then((release) => {
      served.push('behind');
      return release;
    });
    await turn();
    expect(served).toEqual([]);
    releaseA();
    const release: Release = await both;
    await turn();
    expect(served).toEqual(['both']);
    release();
    release();
    (await behind)();
    expect(served).toEqual(['both', 'behind']);
    expect([locks.isTaken('a'), locks.isTaken('b')]).toEqual([false, false]);
  });

  test('claims on the same names in any order never block each other for ever', async () => {
    const locks = new Locks();
    const names = ['a', 'b', 'c', 'd'];
    let inside = 0;
    const work = Array.from({ length: 200 }, async (_, number) => {
      const keys = names.filter((_name, position) => ((number * 7 + 3) >> position) % 2 === 1);
      const release = await locks.acquire(number % 2 === 0 ? keys : keys.reverse());
      inside += 1;
      if (number % 5 === 0) await turn();
      release();
    });
    await Promise.all(work);
    expect(inside).toBe(200);
    expect(names.some((name) => locks.isTaken(name))).toBe(false);
  });

  test('a name given twice counts once, and no name at all is served at once', async () => {
    const locks = new Locks();
    const release = await locks.acquire(['a', 'a']);
    release();
    expect(locks.isTaken('a')).toBe(false);
    (await locks.acquire([]))();
  });
});
