import { describe, expect, test } from '@jest/globals';
import { PushBook } from '../../lib/client/push-book.js';
import { Steps } from '../../lib/client/step.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { utf8 } from '../../lib/base/bytes.js';
import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import type { Connection } from '../../lib/transport/transport.js';
import { requests } from '../../lib/wire/request.js';
import { FakeClock, settled } from '../transport/fake-clock.js';

interface Bench {
  readonly pushes: PushBook;
  readonly steps: Steps;
  readonly tables: MemoryTables;
  readonly clock: FakeClock;
  readonly consumed: { readonly id: string; readonly outcome: number }[];
  code: number;
  connected: boolean;
  /** Answers are held back, until each is let go. */
  holds: boolean;
  readonly held: (() => void)[];
}

async function bench(tables = new MemoryTables()): Promise<Bench> {
  const store = new GroupCommit(() => openMemoryStore({ unsafeTestingTables: tables }));
  const clock = new FakeClock();
  const connection: Connection = {
    welcome: {
      code: 200,
      reason: '',
      token: '',
      tokenExpiresAt: 0,
      serverTime: 0,
      pushWindow: 1,
      heartbeatInterval: 0,
      maxFrameLength: 1,
      storeSince: 0,
    },
    closed: new Promise(() => undefined),
    push: () => undefined,
    close: () => Promise.resolve(),
    request: (_name, body) => {
      const { pushId, outcome } = requests.consume_proto_msg.decodeRequest(body);
      state.consumed.push({ id: pushId, outcome });
      const { code } = state;
      const answer = requests.consume_proto_msg.encodeResponse(
        code === 200 ? { ok: true, message: '', value: {} } : { ok: false, code, message: '' },
      );
      if (!state.holds) return Promise.resolve(answer);
      return new Promise((resolve) => {
        state.held.push(() => {
          resolve(answer);
        });
      });
    },
  };
  const steps: Steps = new Steps({
    store,
    countCommit: () => ({ write: { table: 'meta', key: utf8('count'), value: utf8('1') }, durable: () => undefined }),
    load: () => pushes.load(),
    onLoadFailure: (error) => {
      throw error;
    },
  });
  const pushes = new PushBook({
    store: new ClientStore(store),
    clock,
    random: { fill: (out) => out.fill(0) },
    steps: () => steps,
    connection: () => (state.connected ? connection : undefined),
    onError: (error) => {
      throw error;
    },
  });
  const state: Bench = { pushes, steps, tables, clock, consumed: [], code: 200, connected: true, holds: false, held: [] };
  await steps.start();
  return state;
}

async function handle({ steps, pushes }: Bench, id: string, state: 1 | 2 | 3 = 1): Promise<void> {
  const change = pushes.add(id, state);
  await steps.run([], () => ({
    writes: change.writes,
    apply: () => change.apply(),
    result: undefined,
    after: () => pushes.consume(id, true),
  }));
}

describe('pushes that were handled', () => {
  test('are told to the relay when they are durable, with how they went', async () => {
    const state = await bench();
    await handle(state, 'a', 1);
    await handle(state, 'b', 3);
    await settled();
    expect(state.consumed).toEqual([
      { id: 'a', outcome: 1 },
      { id: 'b', outcome: 3 },
    ]);
    expect(state.pushes.unconsumed).toBe(0);
  });

  test('are told again after a restart, because the answer may have been lost; 404 counts as done', async () => {
    const state = await bench();
    state.connected = false;
    await handle(state, 'a');
    await settled();
    expect(state.consumed).toEqual([]);
    const again = await bench(state.tables);
    again.code = 404;
    again.pushes.onConnected();
    await settled();
    expect(again.consumed).toEqual([{ id: 'a', outcome: 1 }]);
    expect(again.pushes.unconsumed).toBe(0);
  });

  test('are tried again when the relay could not take the consume', async () => {
    const state = await bench();
    state.code = 503;
    await handle(state, 'a');
    await settled();
    expect(state.pushes.unconsumed).toBe(1);
    state.code = 200;
    await state.clock.advance(60_000);
    expect(state.pushes.unconsumed).toBe(0);
  });

  test('are consumed in whatever order the relay answers twice, when the state was loaded anew in between', async () => {
    const state = await bench();
    state.holds = true;
    await handle(state, 'a');
    await state.pushes.load();
    expect(state.consumed.map(({ id }) => id)).toEqual(['a', 'a']);
    // The second finds nothing to delete, and waits for no commit.
    for (const letGo of state.held.reverse()) {
      letGo();
      await settled();
    }
    expect(state.pushes.unconsumed).toBe(0);
    state.holds = false;
    state.pushes.onConnected();
    state.pushes.onConnected();
    await settled();
    expect(state.pushes.isKnown('a')).toBe(false);
  });

  test('are recognised until two more connections have passed, then forgotten', async () => {
    const state = await bench();
    state.pushes.onConnected();
    await handle(state, 'a');
    await settled();
    for (const known of [true, true, false]) {
      expect(state.pushes.isKnown('a')).toBe(known || false);
      if (!known) break;
      state.pushes.onConnected();
      await settled();
    }
    expect(state.tables.rows('push').size).toBe(0);
  });

  test('do not pile up over a connection that lasts', async () => {
    const state = await bench();
    for (let number = 0; number < 5_000; number += 1) {
      const change = state.pushes.add(`push ${number}`, 1);
      await state.steps.run([], () => ({
        writes: change.writes,
        apply: () => change.apply(),
        result: undefined,
        after: () => state.pushes.consume(`push ${number}`, true),
      }));
    }
    await settled();
    await state.steps.close();
    expect(state.consumed).toHaveLength(5_000);
    expect(state.tables.rows('push').size).toBeLessThan(4_700);
    expect(state.pushes.isKnown('push 4999')).toBe(true);
    expect(state.pushes.isKnown('push 0')).toBe(false);
  }, 60_000);
});
