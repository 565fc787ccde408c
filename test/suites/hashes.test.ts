import { expect, test } from '@jest/globals';
import { fromUtf8, utf8 } from '../../lib/base/bytes.js';
import { type CipherSuite, suites } from '../../lib/crypto/cipher-suite.js';
import { Client, type ReceivedMessage, createInMemoryNetwork, openMemoryStore } from '../../lib/index.js';
import { openRelay } from '../../lib/server/index.js';
import { MemoryTables } from '../../lib/store/memory/memory-store.js';

/** The classical suites: one for each hash, and quick. */
const classical = suites().filter(({ signature, agreement }) => signature.code === 0 && agreement.code === 0);

/** A user whose store outlives its client. */
class Person {
  readonly #tables = new MemoryTables();
  readonly #transport: ReturnType<typeof createInMemoryNetwork>['transport'];
  #client: Client | undefined;
  #messages: AsyncIterator<ReceivedMessage> | undefined;

  constructor(transport: ReturnType<typeof createInMemoryNetwork>['transport']) {
    this.#transport = transport;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('nobody is there');
    return this.#client;
  }

  #options() {
    return { store: () => Promise.resolve(openMemoryStore({ unsafeTestingTables: this.#tables })), transport: this.#transport };
  }

  async register(userId: string, suite: CipherSuite): Promise<void> {
    const who = { userId, deviceId: 'one', authCode: 'open' };
    this.#begin(await Client.register({ ...this.#options(), ...who, suite, oneTimePreKeys: 2 }));
  }

  async restart(): Promise<void> {
    await this.client.close();
    this.#begin(await Client.open(this.#options()));
  }

  async hears(): Promise<string> {
    const next = await this.#messages?.next();
    if (next === undefined || next.done === true) return '';
    await next.value.ack();
    return fromUtf8(next.value.bytes);
  }

  #begin(client: Client): void {
    this.#client = client;
    this.#messages = client.messages();
  }
}

test('there is a classical suite for each hash', () => {
  expect(classical).toHaveLength(6);
});

test.each(classical.map((suite) => [suite.name, suite] as const))('%s: session and group go on from what is stored', async (_, suite) => {
  const relay = await openRelay({ store: () => Promise.resolve(openMemoryStore()), domain: 'hashes.example', registration: 'open' });
  const network = createInMemoryNetwork();
  network.listen((channel) => {
    relay.accept(channel);
  });
  const [alice, bob] = [new Person(network.transport), new Person(network.transport)];
  await alice.register('alice', suite);
  await bob.register('bob', suite);
  const to = { domain: 'hashes.example', userId: 'bob' };
  await alice.client.send(to, utf8('one'));
  expect(await bob.hears()).toBe('one');
  await bob.client.send({ ...to, userId: 'alice' }, utf8('two'));
  expect(await alice.hears()).toBe('two');
  const group = await alice.client.createGroup({ name: 'both', members: [to] });
  await alice.client.sendToGroup(group, utf8('three'));
  expect(await bob.hears()).toBe('three');
  await alice.restart();
  await bob.restart();
  await alice.client.send(to, utf8('four'));
  expect(await bob.hears()).toBe('four');
  await bob.client.send({ ...to, userId: 'alice' }, utf8('five'));
  expect(await alice.hears()).toBe('five');
  await bob.client.sendToGroup(group, utf8('six'));
  expect(await alice.hears()).toBe('six');
  await alice.client.sendToGroup(group, utf8('seven'));
  expect(await bob.hears()).toBe('seven');
  for (const person of [alice, bob]) await person.client.close();
  await relay.close();
});
