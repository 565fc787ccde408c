/** What comes of a group before its time waits, and only so much of it, and only so long. */
import { expect, test } from '@jest/globals';
import { asSessionId } from '../../lib/base/brand.js';
import { limits } from '../../lib/base/limits.js';
import { randomId } from '../../lib/base/random.js';
import type { Core } from '../../lib/client/core.js';
import { hold } from '../../lib/client/group-held.js';
import { receiveKeys, useReceivedKeys } from '../../lib/client/group-keys.js';
import { GroupQueueBook } from '../../lib/client/group-queues.js';
import { Plan } from '../../lib/client/plan.js';
import { handled } from '../../lib/client/push-outcome.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { Secret, allocateSecret } from '../../lib/base/secret.js';
import type { ReadySession } from '../../lib/session/session.js';
import type { ClientStore } from '../../lib/store/client-store.js';
import type { HeldGroupMessage, ReceivedGroupKeys } from '../../lib/store/client/group-queue-rows.js';
import type { GroupPreKeyBundle } from '../../lib/wire/group.js';
import { encodeContent } from '../../lib/wire/message.js';
import type { Transition } from '../../lib/client/step.js';
import { runInline } from '../../lib/crypto/execute.js';
import type { Computation } from '../../lib/crypto/job.js';
import { seededRandom } from '../server/relay-fixture.js';

const group = { domain: 'd', groupId: 'g', groupName: 'group' };
const other = { domain: 'd', groupId: 'h', groupName: 'other' };
const from = { domain: 'd', userId: 'mallory', deviceId: 'one' };
const session = { theirAddress: from, sessionId: asSessionId(randomId(seededRandom('session'))) } as ReadySession;
const oldest: HeldGroupMessage = { sequence: 0, group, envelope: new Uint8Array(0), heldAt: 0 };

interface Held {
  readonly core: Core;
  readonly queue: GroupQueueBook;
  readonly events: unknown[];
}

/** A client of whom only the queues are looked at. */
function client(name: 'held' | 'keys'): Held {
  const events: unknown[] = [];
  const store = { loadHeldGroupMessages: () => Promise.resolve([oldest]) } as unknown as ClientStore;
  const queue = new GroupQueueBook(store, name);
  const core = {
    groupHeld: Object.assign(queue, { isTried: () => false, markTried: () => undefined }),
    groupKeys: queue,
    groups: { peek: () => undefined },
    sessions: { givenUpBy: () => undefined },
    refusals: { add: () => ({ writes: [], apply: () => undefined }) },
    groupWork: { wake: () => undefined },
    store,
    options: { clock: { now: () => 1 } },
    events: { emit: (event: unknown) => events.push(event) },
  } as unknown as Core;
  return { core, queue, events };
}

function fill(queue: GroupQueueBook, whose: typeof group, count: number): void {
  queue.add(whose, count, () => ({ table: 'group', key: new Uint8Array(1), value: undefined })).apply();
}

/** Carries a plan out as a step does. */
function carryOut(plan: Plan): number {
  const transition = plan.finish(undefined);
  const { length } = transition.writes;
  transition.apply?.();
  transition.after?.();
  return length;
}

async function holdOne({ core }: Held, whose: typeof group): Promise<{ readonly held: boolean; readonly writes: number }> {
  const plan = new Plan();
  const held = await hold(core, plan, whose, new Uint8Array(10), false);
  return { held, writes: carryOut(plan) };
}

test('of one group the newest messages wait: the oldest gives way and is reported', async () => {
  const world = client('held');
  fill(world.queue, group, limits.heldGroupMessages - 1);
  expect(await holdOne(world, group)).toEqual({ held: true, writes: 1 });
  expect(world.events).toEqual([]);
  expect(await holdOne(world, group)).toEqual({ held: true, writes: 2 });
  expect(world.queue.count(group)).toBe(limits.heldGroupMessages);
  expect(world.events).toMatchObject([{ type: 'undecryptable', code: 'not-opened' }]);
});

test('of all groups so many messages wait and no more', async () => {
  const world = client('held');
  fill(world.queue, other, limits.heldGroupMessagesInAll - 1);
  expect(await holdOne(world, group)).toEqual({ held: true, writes: 1 });
  expect(await holdOne(world, group)).toEqual({ held: false, writes: 0 });
  expect(world.queue.total).toBe(limits.heldGroupMessagesInAll);
});

function keysOf(number: number): { readonly kind: 'group-pre-key-bundle'; readonly bundle: GroupPreKeyBundle } {
  const bundle = {
    suite: suiteByName('curve25519'),
    sender: from,
    sessionId: asSessionId(randomId(seededRandom(`keys ${number}`))),
    oldSessionId: undefined,
    group: { name: 'group', address: group, members: [] },
    sequence: 0,
    seed: new Secret<'GroupSeed'>(allocateSecret(32)),
  };
  return { kind: 'group-pre-key-bundle', bundle };
}

test.each([
  ['one group', group, limits.receivedGroupKeys],
  ['all groups', other, 2 * limits.receivedGroupKeys],
] as const)('of %s so many keys wait and no more', (_name, whose, bound) => {
  const world = client('keys');
  fill(world.queue, whose, bound - 1);
  const take = (number: number): unknown => {
    const plan = new Plan();
    const outcome = receiveKeys(world.core, plan, session, keysOf(number));
    return [outcome, carryOut(plan)];
  };
  expect(take(1)).toEqual([handled.succeeded, 1]);
  expect(take(2)).toEqual([handled.failedDecryption, 0]);
  expect(world.events).toMatchObject([
    { type: 'group-keys-received' },
    { type: 'group-change-refused', change: 'keys', code: 'too-many-keys' },
  ]);
  expect(world.queue.total).toBe(bound);
});

test('keys that nothing came for wait for their time and are then given up', async () => {
  const world = client('keys');
  const { kind, bundle } = keysOf(1);
  const content = encodeContent({ kind, bundle });
  const received: ReceivedGroupKeys = { sequence: 0, group, from, content, receivedAt: 1 };
  world.queue.add(group, 1, () => ({ table: 'group', key: new Uint8Array(1), value: undefined })).apply();
  let now = 1 + limits.heldGroupTime;
  const steps = {
    run: async <T>(_locks: readonly string[], transition: () => Promise<Transition<T>>): Promise<T> => {
      const made = await transition();
      made.apply?.();
      made.after?.();
      return made.result;
    },
  };
  const core = Object.assign(world.core, {
    steps,
    options: {
      clock: { now: () => now },
      asymmetric: { run: (computation: Computation<unknown>) => Promise.resolve(runInline(computation)) },
    },
    groups: { open: () => undefined, peek: () => undefined },
    account: {
      address: { domain: 'd', userId: 'bob', deviceId: 'one' },
      account: { identity: { signing: { publicKey: new Uint8Array(32) } } },
    },
    store: {
      loadReceivedGroupKeys: () => Promise.resolve(world.queue.count(group) === 0 ? [] : [{ ...received, content: content.slice() }]),
    },
  });
  await useReceivedKeys(core, group);
  expect(world.queue.count(group)).toBe(1);
  now += 1;
  await useReceivedKeys(core, group);
  expect(world.queue.count(group)).toBe(0);
  expect(world.events).toMatchObject([{ type: 'group-change-refused', change: 'keys', code: 'unannounced' }]);
});
