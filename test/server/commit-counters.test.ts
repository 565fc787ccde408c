import { afterEach, expect, test } from '@jest/globals';
import { executeJobs, type JobRunner } from '../../lib/crypto/execute.js';
import { MemoryTables } from '../../lib/store/memory/memory-store.js';
import { tables } from '../../lib/store/store.js';
import type { Transport } from '../../lib/transport/transport.js';
import { World } from '../support/scenario.js';
import { settled } from '../transport/fake-clock.js';
import type { FixtureOptions, RelayFixture, TestDevice } from './relay-fixture.js';
import { device, expectOk, join, startRelay } from './relay-fixture.js';

const incarnation = new Uint8Array(16).fill(1);

let fixture: RelayFixture | undefined;
let world: World | undefined;

afterEach(async () => {
  await fixture?.relay.close();
  fixture = undefined;
  const premature = await world?.end();
  world = undefined;
  expect(premature ?? []).toEqual([]);
});

async function start(options: FixtureOptions = {}): Promise<RelayFixture> {
  fixture = await startRelay({ ...options, limits: { lowOneTimePreKeys: 0, ...options.limits } });
  return fixture;
}

/** Everything that is durable at this moment, as a process that dies now leaves it. */
function copyOf(original: MemoryTables): MemoryTables {
  const copy = new MemoryTables();
  for (const table of tables) {
    for (const [key, value] of original.rows(table).entries({ prefix: '', after: undefined, reverse: false })) {
      copy.rows(table).set(key, value.slice());
    }
  }
  return copy;
}

/** A client whose store stands at `counter.value`. */
function counted(inner: Transport, counter: { value: number }): Transport {
  return { connect: (options) => inner.connect({ ...options, commitCounter: () => counter.value }) };
}

async function connectAt(relay: RelayFixture, who: TestDevice, value: number, name = incarnation): Promise<{ value: number }> {
  const counter = { value };
  const hello = who.hello({ kind: 'token', token: who.token }, { incarnation: name, commitCounter: value });
  await who.connect(counted(relay.network.transport, counter), hello);
  return counter;
}

function countersIn(relay: RelayFixture): number {
  return [...relay.tables.rows('token').entries({ prefix: '', after: undefined, reverse: false })].length;
}

async function aliceAndBob(relay: RelayFixture): Promise<[TestDevice, TestDevice]> {
  const alice = device('alice');
  await alice.register(relay.network.transport, 'code');
  return [alice, await join(relay, 'bob')];
}

test('a backup made in the middle of a connection is refused, also by a relay that died right after the next message', async () => {
  const relay = await start();
  const [alice, bob] = await aliceAndBob(relay);
  const counter = await connectAt(relay, alice, 10);
  const before = relay.commits;
  counter.value = 14;
  expectOk(await alice.send(bob.address, 'sent after the backup at 13'));
  // In the transaction of the message, not in one of its own.
  expect(relay.commits - before).toBe(1);
  const survivor = await startRelay({ tables: copyOf(relay.tables), clock: relay.clock, limits: { lowOneTimePreKeys: 0 } });
  try {
    for (const running of [relay, survivor]) {
      await expect(connectAt(running, alice, 13)).rejects.toMatchObject({ code: 'store-rolled-back' });
      await connectAt(running, alice, 14);
    }
  } finally {
    await survivor.relay.close();
  }
});

test('every request with an effect stores the counter with it', async () => {
  const relay = await start();
  const [alice, bob] = await aliceAndBob(relay);
  await alice.connect(relay.network.transport, alice.hello({ kind: 'token', token: alice.token }));
  expectOk(await bob.send(alice.address, 'to be consumed'));
  const [push] = await alice.received(1);
  const counter = await connectAt(relay, alice, 1);
  const { suite } = alice.account;
  const fresh = { id: 500, publicKey: new Uint8Array(suite.agreement.publicKeyLength) };
  const effects = [
    () => alice.request('invite', { invite: alice.invite(bob.address) }),
    () => alice.request('accept', { accept: alice.accept(bob.address) }),
    () => alice.request('get_pre_key_bundle', { domain: bob.address.domain, userId: 'bob', deviceId: 'phone' }),
    () => alice.request('supply_opks', { suite, user: alice.address, oneTimePreKeys: [fresh] }),
    () => alice.request('consume_proto_msg', { pushId: push?.tag?.id ?? '', outcome: 1 }),
    () =>
      alice.request('update_user', { update: { user: alice.address, modified: 1, operation: 0, change: { kind: 'name', name: 'Alice' } } }),
    () => alice.send(bob.address, 'a message'),
  ];
  for (const effect of effects) {
    counter.value += 10;
    expect(await effect()).toMatchObject({ ok: true });
    const survivor = await startRelay({ tables: copyOf(relay.tables), clock: relay.clock });
    await expect(connectAt(survivor, alice, counter.value - 1)).rejects.toMatchObject({ code: 'store-rolled-back' });
    await survivor.relay.close();
  }
});

test('a counter that came with requests without an effect is stored at the next heartbeat or at the end, once', async () => {
  const relay = await start({ limits: { heartbeatInterval: 1_000 } });
  const [alice] = await aliceAndBob(relay);
  const counter = await connectAt(relay, alice, 1);
  for (let index = 0; index < 50; index += 1) {
    counter.value += 1;
    expect(await alice.request('consume_proto_msg', { pushId: `${'A'.repeat(22)}==`, outcome: 1 })).toMatchObject({ ok: false, code: 404 });
  }
  const before = relay.commits;
  await relay.clock.advance(1_000);
  expect(relay.commits - before).toBe(1);
  await relay.clock.advance(5_000);
  expect(relay.commits - before).toBe(1);
  counter.value += 1;
  await alice.request('consume_proto_msg', { pushId: `${'A'.repeat(22)}==`, outcome: 1 });
  await alice.connection?.close();
  await settled();
  await expect(connectAt(relay, alice, counter.value - 1)).rejects.toMatchObject({ code: 'store-rolled-back' });
});

test('a request that is long in work does not keep the counter from others that are done before it', async () => {
  const held: (() => void)[] = [];
  let isHeld = false;
  const runJobs: JobRunner = async (jobs) => {
    if (isHeld) await new Promise<void>((resolve) => held.push(resolve));
    return executeJobs(jobs);
  };
  const relay = await start({ runJobs });
  const [alice, bob] = await aliceAndBob(relay);
  const carol = await join(relay, 'carol');
  const counter = await connectAt(relay, alice, 1);
  const long = [
    () => alice.request('invite', { invite: alice.invite(bob.address) }),
    () => alice.request('accept', { accept: alice.accept(bob.address) }),
    () =>
      alice.request('update_user', { update: { user: alice.address, modified: 1, operation: 0, change: { kind: 'name', name: 'Alice' } } }),
  ];
  for (const ask of long) {
    counter.value += 10;
    isHeld = true;
    // The relay signs what it passes on.
    const answer = ask();
    await settled();
    expect(held).toHaveLength(1);
    expectOk(await alice.send(carol.address, 'overtakes'));
    const survivor = await startRelay({ tables: copyOf(relay.tables), clock: relay.clock });
    const old = device('alice');
    old.token = alice.token;
    await expect(connectAt(survivor, old, counter.value - 1)).rejects.toMatchObject({ code: 'store-rolled-back' });
    await survivor.relay.close();
    isHeld = false;
    for (const go of held.splice(0)) go();
    expectOk(await answer);
  }
});

test('a counter whose commit failed is stored with the next one', async () => {
  const relay = await start();
  const [alice, bob] = await aliceAndBob(relay);
  const counter = await connectAt(relay, alice, 1);
  counter.value = 20;
  relay.failure = 'unavailable';
  const accept = alice.accept(bob.address);
  expect(await alice.request('accept', { accept })).toMatchObject({ ok: false, code: 503 });
  relay.failure = undefined;
  expectOk(await alice.request('accept', { accept }));
  const survivor = await startRelay({ tables: copyOf(relay.tables), clock: relay.clock });
  await expect(connectAt(survivor, alice, 19)).rejects.toMatchObject({ code: 'store-rolled-back' });
  await survivor.relay.close();
});

test('a new store begins to count anew, and nothing of a removed device stays', async () => {
  const relay = await start();
  const [alice, bob] = await aliceAndBob(relay);
  const counter = await connectAt(relay, alice, 1);
  counter.value = 30;
  expectOk(await alice.send(bob.address, 'one'));
  await connectAt(relay, alice, 0, new Uint8Array(16).fill(2));
  await connectAt(relay, alice, 1, new Uint8Array(16).fill(2));
  await expect(connectAt(relay, alice, 31)).rejects.toMatchObject({ code: 'store-rolled-back' });
  expect(countersIn(relay)).toBe(3);
  await relay.relay.removeDevice('alice', 'phone');
  await settled();
  expect(countersIn(relay)).toBe(1);
});

test('a client whose store was copied in the middle of its connection and restored later is refused and recovers', async () => {
  world = await World.create('copied while connected', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'one');
  await bob.hears(1);
  await alice.isQuiet();
  const backup: MemoryTables = alice.snapshot();
  await alice.send(bob, 'two');
  await bob.hears(2);
  await alice.isQuiet();
  // No further hello of the original: only its requests have told the relay.
  await alice.close();
  const restored = await world.device('alice', 'one', { seed: 'restored' }, backup).open();
  await world.passes(() => restored.eventsOf('store-rolled-back').length > 0, 'the relay refuses the copy');
  await restored.send(bob, 'three');
  await world.passes(() => bob.received.length === 3, 'the message arrives');
  expect(bob.texts).toEqual(['one', 'two', 'three']);
  expect(bob.eventsOf('undecryptable')).toEqual([]);
});
