import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import type { Core } from '../../lib/client/core.js';
import { takeGroupAnswer } from '../../lib/client/group-answers.js';
import { GroupOrders } from '../../lib/client/group-orders.js';
import type { QueuedRequest } from '../../lib/client/lane.js';
import { Steps } from '../../lib/client/step.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { putOutboxEntry } from '../../lib/store/client/queue-rows.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { requests } from '../../lib/wire/request.js';

const group = { domain: 'example.org', groupId: 'friends' };
const leaver = { domain: 'example.org', userId: 'alice', deviceId: 'one' };
const accepted = requests.leave_group.encodeResponse({ ok: true, message: '', value: { leaver, group } });

describe('an answer that comes while the state is being loaded', () => {
  let commits: GroupCommit;
  let store: ClientStore;
  let orders: GroupOrders;
  let steps: Steps;
  let loaded: () => void;
  let request: QueuedRequest & { readonly kind: 'leave_group' };

  beforeEach(async () => {
    commits = new GroupCommit(() => openMemoryStore());
    store = new ClientStore(commits);
    orders = new GroupOrders(store);
    const gate = new Promise<void>((resolve) => {
      loaded = resolve;
    });
    steps = new Steps({
      store: commits,
      countCommit: () => ({ write: { table: 'meta', key: utf8('count'), value: utf8('1') }, durable: () => undefined }),
      load: async () => {
        await orders.load();
        // Other parts are not there yet.
        await gate;
      },
      onLoadFailure: (error) => {
        throw error;
      },
    });
    const added = orders.add(group, { kind: 'leave' });
    const body = requests.leave_group.encodeRequest({ leaver, group });
    const entry = { kind: 'leave_group', device: undefined, sessionId: undefined, group, origin: undefined, body, refusals: 0 } as const;
    const { sequence } = added.order;
    await commits.commit([
      ...added.writes,
      ...orders.mark(added.order, true).writes,
      putOutboxEntry({ ...entry, order: sequence, sequence: 7 }),
    ]);
    request = { ...entry, order: sequence, sequence: 7, messageId: undefined };
  });

  afterEach(async () => {
    await steps.close();
    await commits.close();
  });

  function answer(): Promise<string> {
    const core = { orders, steps } as unknown as Core;
    return takeGroupAnswer(core, request, accepted, () => 'retry');
  }

  async function left(): Promise<{ readonly orders: number; readonly requests: number }> {
    let count = 0;
    await store.walkOutbox(() => (count += 1));
    return { orders: (await store.loadGroupOrders()).length, requests: count };
  }

  test('does not end the request of an order that has only not been loaded: it is asked again', async () => {
    const starting = steps.start();
    const outcome = answer();
    loaded();
    await starting;
    expect(await outcome).toBe('retry');
    expect(await left()).toEqual({ orders: 1, requests: 1 });
  });

  test('ends the request of an order that is over', async () => {
    await orders.load();
    const [order] = orders.of(group);
    if (order === undefined) throw new Error('the order is not there');
    await commits.commit(orders.drop(order).writes);
    const starting = steps.start();
    const outcome = answer();
    loaded();
    await starting;
    expect(await outcome).toBe('done');
    expect(await left()).toEqual({ orders: 0, requests: 0 });
  });
});
