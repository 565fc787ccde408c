import { expect, test } from '@jest/globals';
import { GroupOrders } from '../../lib/client/group-orders.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';

const group = { domain: 'example.org', groupId: 'friends' };

test('who waits for a wish whose end was stored by a commit of unknown outcome is told so when the state is loaded again; others go on waiting', async () => {
  const commits = new GroupCommit(() => openMemoryStore());
  const orders = new GroupOrders(new ClientStore(commits));
  const first = orders.add(group, { kind: 'leave' });
  const second = orders.add(group, { kind: 'renew', epoch: 1 });
  await commits.commit([...first.writes, ...second.writes]);
  for (const { apply } of [first, second]) apply();
  const ended = orders.outcome(first.order, []);
  const waiting = orders.outcome(second.order, []);
  let ends = 0;
  orders.watch(() => (ends += 1));

  // The order goes, and nobody calls `done`.
  await commits.commit(orders.drop(first.order).writes);
  await orders.load();
  await expect(ended).rejects.toMatchObject({ name: 'StoreError', code: 'outcome-unknown' });
  expect(ends).toBeGreaterThan(0);

  orders.done(second.order, group);
  expect(await waiting).toEqual(group);
  await commits.close();
});
