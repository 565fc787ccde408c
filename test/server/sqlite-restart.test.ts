/** A relay over its SQLite file: what it knew before it was stopped, it knows afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Relay } from '../../lib/server/relay.js';
import { openRelay } from '../../lib/server/relay.js';
import { openSqliteStore } from '../../lib/store/sqlite/index.js';
import type { InMemoryNetwork } from '../../lib/transport/in-memory.js';
import { createInMemoryNetwork } from '../../lib/transport/in-memory.js';
import { FakeClock, settled } from '../transport/fake-clock.js';
import { create, found, groupText, leave, manager, member, say, take } from './group-fixture.js';
import { type TestDevice, device, domain, expectOk, payloadOf, textOf } from './relay-fixture.js';

let directory: string;
let relay: Relay | undefined;
let clock: FakeClock;
let network: InMemoryNetwork;

beforeEach(() => {
  directory = mkdtempSync(joinPath(tmpdir(), 'skissm-relay-'));
  clock = new FakeClock();
  network = createInMemoryNetwork({ clock });
});

afterEach(async () => {
  await relay?.close();
  relay = undefined;
  rmSync(directory, { recursive: true });
});

async function open(): Promise<Relay> {
  const opened = await openRelay({
    store: () => openSqliteStore({ path: joinPath(directory, 'relay.db') }),
    domain,
    registration: 'closed',
    clock,
    limits: { lowOneTimePreKeys: 0 },
  });
  relay = opened;
  network.listen((channel) => {
    opened.accept(channel);
  });
  return opened;
}

test('keys, tokens, invitations, mailboxes, pre-keys and counters of stores survive a restart', async () => {
  const first = await open();
  const { certificate, rootCertificate } = first;
  const alice = device('alice');
  const bob = device('bob');
  await alice.register(network.transport, await first.createInvitation());
  await bob.register(network.transport, await first.createInvitation());
  const spare = await first.createInvitation();
  const incarnation = new Uint8Array(16).fill(3);
  let commitCounter = 5;
  const connectAlice = (counter: number): Promise<unknown> =>
    alice.connect(
      { connect: (options) => network.transport.connect({ ...options, commitCounter: () => commitCounter }) },
      alice.hello({ kind: 'token', token: alice.token }, { incarnation, commitCounter: counter }),
    );
  await connectAlice(5);
  await bob.connect(network.transport);
  commitCounter = 9;
  for (const text of ['one', 'two', 'three']) expectOk(await alice.send(bob.address, text));
  const pushes = await bob.received(3);
  expectOk(await bob.request('consume_proto_msg', { pushId: pushes[1]?.tag?.id ?? '', outcome: 1 }));
  const lookUp = { domain, userId: 'bob', deviceId: 'phone' };
  const taken = expectOk(await alice.request('get_pre_key_bundle', lookUp)).bundles[0]?.bundle.oneTimePreKey?.id;
  await first.close();

  const second = await open();
  expect(second.certificate).toEqual(certificate);
  expect(second.rootCertificate).toEqual(rootCertificate);
  await expect(connectAlice(8)).rejects.toMatchObject({ code: 'store-rolled-back' });
  await connectAlice(9);
  bob.pushes.length = 0;
  await bob.connect(network.transport);
  expect((await bob.received(2)).map(textOf)).toEqual(['one', 'three']);
  expectOk(await alice.send(bob.address, 'four'));
  expect((await bob.received(3)).map(textOf)).toEqual(['one', 'three', 'four']);
  expect(bob.pushes[0]?.tag).toEqual(pushes[0]?.tag);
  const next = expectOk(await alice.request('get_pre_key_bundle', lookUp)).bundles[0]?.bundle.oneTimePreKey?.id;
  expect(next).toBe((taken ?? 0) + 1);
  await device('carol').register(network.transport, spare);
  await expect(device('dave').register(network.transport, spare)).rejects.toThrow('403');
  await settled();
});

test('groups, their marks, pending leaves, shared bodies and answers to changes survive a restart', async () => {
  const first = await open();
  const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((userId) => device(userId)) as [TestDevice, TestDevice, TestDevice];
  for (const one of [alice, bob, carol]) {
    await one.register(network.transport, await first.createInvitation());
    await one.connect(network.transport);
  }
  const group = await found(alice, [bob, carol], [manager(alice), manager(bob), member(carol)]);
  expectOk(await say(alice, group, 'x'.repeat(3_000)));
  await take(bob, 1);
  const ask = () => create(alice, [manager(alice), member(carol)], 'another');
  const made = expectOk(await ask());
  expectOk(await leave(carol, group));
  await first.close();

  const second = await open();
  for (const one of [alice, bob, carol]) {
    one.pushes.length = 0;
    await one.connect(network.transport);
  }
  expect(expectOk(await ask())).toEqual(made);
  expect((await take(carol, 2)).map(({ payload }) => payload.kind)).toEqual(['message', 'create-group']);
  expect(payloadOf((await alice.received(1))[0], 'leave-group').leaver.userId).toBe('carol');
  expect(await say(carol, group, 'hello')).toMatchObject({ code: 403 });
  expectOk(await say(bob, group, 'y'.repeat(3_000)));
  expect(groupText((await take(carol, 1))[0])).toHaveLength(3_000);
  await second.removeDevice('alice', 'phone');
  const kinds = (await take(bob, 2)).map(({ payload }) => payload.kind);
  expect(kinds.sort()).toEqual(['leave-group', 'remove-user-device']);
  await second.close();

  relay = undefined;
  const store = await openSqliteStore({ path: joinPath(directory, 'relay.db') });
  expect(await store.list('body', { prefix: new Uint8Array(0) })).toEqual([]);
  const left = await store.list('mailbox', { prefix: new Uint8Array(0) });
  expect(left).toHaveLength(1);
  await store.close();
});
