import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Scratch } from '../store/scratch.js';

jest.setTimeout(60_000);

type Told = Readonly<Record<string, unknown>>;

/** A thread with what it has told. */
class Thread {
  readonly told: Told[] = [];
  readonly worker: Worker;
  readonly #waiting = new Set<() => void>();
  #error: Error | undefined;

  constructor(data: object) {
    this.worker = new Worker(join(import.meta.dirname, 'thread.mjs'), { workerData: data });
    this.worker.on('message', (message: Told) => {
      this.told.push(message);
      this.#wake();
    });
    this.worker.on('error', (error: Error) => {
      this.#error = error;
      this.#wake();
    });
  }

  /** What was told of one name. */
  all(name: string): unknown[] {
    return this.told.filter((message) => name in message).map((message) => message[name]);
  }

  /** Waits until `count` things of a name were told. */
  async tells(name: string, count = 1): Promise<unknown[]> {
    while (this.all(name).length < count) {
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
    return this.all(name);
  }

  async close(): Promise<void> {
    this.worker.postMessage({ go: false });
    await this.tells('closed');
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function lines(from: string): string[] {
  return Array.from({ length: 60 }, (_, number) => `${from} ${number}`);
}

describe('a relay and clients in threads of one process', () => {
  let scratch: Scratch;
  let threads: Thread[];
  let url = '';

  const start = (data: object): Thread => {
    const thread = new Thread({ url, ...data });
    threads.push(thread);
    return thread;
  };

  const client = async (task: 'register' | 'open', userId: string, to: string, texts = lines(userId)): Promise<Thread> => {
    const thread = start({ task, store: scratch.path(`${userId}.db`), userId, to, texts });
    await thread.tells('ready');
    return thread;
  };

  beforeEach(async () => {
    scratch = new Scratch();
    threads = [];
    const relay = start({ task: 'relay', store: scratch.path('relay.db') });
    url = String((await relay.tells('ready'))[0]);
  });

  afterEach(async () => {
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
    scratch.remove();
  });

  test('exchange everything once and in order, each with its own addon and pool', async () => {
    const [alice, bob] = await Promise.all([client('register', 'alice', 'bob'), client('register', 'bob', 'alice')]);
    alice.worker.postMessage({ go: true });
    bob.worker.postMessage({ go: true });
    expect(await bob.tells('got', 60)).toEqual(lines('alice'));
    expect(await alice.tells('got', 60)).toEqual(lines('bob'));
    await Promise.all([alice.close(), bob.close()]);
  });

  test('one that is terminated in the middle of its work harms nobody, its store opens again, and nothing it had stored is lost', async () => {
    const bob = await client('register', 'bob', 'alice', ['welcome back']);
    let alice = await client('register', 'alice', 'bob', lines('life 0'));
    const sent: unknown[] = [];
    for (let life = 1; life <= 4; life += 1) {
      alice.worker.postMessage({ go: true });
      // Each life is cut a little later: while the first invite is made, while jobs run, while commits and frames are under way.
      await alice.tells('sent', life * 10 - 9);
      await alice.worker.terminate();
      sent.push(...alice.all('sent'));
      alice = await client('open', 'alice', 'bob', lines(`life ${life}`));
    }
    alice.worker.postMessage({ go: true });
    await alice.tells('sent', 60);
    sent.push(...alice.all('sent'));
    while (!sent.every((text) => bob.all('got').includes(text))) await bob.tells('got', bob.all('got').length + 1);
    const got = bob.all('got');
    expect(new Set(got).size).toBe(got.length);
    for (let life = 0; life <= 4; life += 1) {
      const ofLife = got.filter((text) => String(text).startsWith(`life ${life} `));
      expect(ofLife).toEqual(lines(`life ${life}`).slice(0, ofLife.length));
    }
    bob.worker.postMessage({ go: true });
    expect((await alice.tells('got')).at(-1)).toBe('welcome back');
    await Promise.all([alice.close(), bob.close()]);
  });

  test('one that is terminated as soon as it starts does so cleanly, whatever it was at', async () => {
    for (let turns = 0; turns < 6; turns += 1) {
      const early = start({
        task: 'register',
        store: scratch.path(`early-${turns}.db`),
        userId: `early-${turns}`,
        to: 'nobody',
        texts: [],
      });
      for (let turn = 0; turn < turns * 400; turn += 1) await new Promise(setImmediate);
      await early.worker.terminate();
      await client('register', `early-${turns}`, 'nobody', []);
    }
  });
});
