import { expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import type { GroupAddress } from '../../lib/base/address.js';
import type { Core } from '../../lib/client/core.js';
import { retryHeld } from '../../lib/client/group-message.js';
import { HeldMessages } from '../../lib/client/held-messages.js';
import { groupLock } from '../../lib/client/lock-names.js';
import { Plan } from '../../lib/client/plan.js';
import { Steps } from '../../lib/client/step.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { putHeldGroupMessage } from '../../lib/store/client/group-queue-rows.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import { openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { turns } from '../support/scenario-gates.js';

const group: GroupAddress = { domain: 'example.test', groupId: 'group' };

test('a message that is being held while those before it are tried again is tried as well', async () => {
  const commits = new GroupCommit(() => openMemoryStore());
  const store = new ClientStore(commits);
  const groupHeld = new HeldMessages(store);
  const steps = new Steps({
    store: commits,
    countCommit: () => ({ write: { table: 'meta', key: utf8('count'), value: utf8('1') }, durable: () => undefined }),
    load: () => groupHeld.load(),
    onLoadFailure: () => undefined,
  });
  await steps.start();
  const refusals: number[] = [];
  const core = {
    groupHeld,
    store,
    steps,
    groups: { peek: () => ({ shape: 7 }) },
    events: { emit: () => refusals.push(1) },
    refusals: { add: () => ({ writes: [], apply: () => undefined }) },
    peers: { find: () => undefined },
    options: { clock: { now: () => 0 }, logger: { debug: () => undefined } },
  } as unknown as Core;
  // One that no version can read is given up when it is tried.
  const hold = (gate: Promise<void>): Promise<void> =>
    steps.run([groupLock(group)], async () => {
      const plan = new Plan().add(
        groupHeld.add(group, 1, (sequence) => putHeldGroupMessage({ sequence, group, envelope: utf8('unreadable'), heldAt: 0 })),
      );
      await gate;
      return plan.finish(undefined);
    });
  await hold(Promise.resolve());
  let open: (() => void) | undefined;
  const holding = hold(
    new Promise((resolve) => {
      open = resolve;
    }),
  );
  // It has its number, and is not stored yet.
  await turns(1);
  expect(groupHeld.next(group)).toBe(2);
  const retried = retryHeld(core, group);
  await turns(3);
  open?.();
  await Promise.all([holding, retried]);
  await retryHeld(core, group);
  expect([groupHeld.count(group), refusals.length]).toEqual([0, 2]);
  await commits.close();
});
