/** What every suite has to carry: two users register, meet, write to each other and in a group. */
import { type CipherSuite, Client, type ReceivedMessage, createInMemoryNetwork, limits, openMemoryStore } from '../../lib/index.js';
import { fromUtf8, utf8 } from '../../lib/base/bytes.js';
import { openRelay } from '../../lib/server/index.js';

/** Reads the messages of one client, in their order. */
class Reader {
  readonly #messages: AsyncIterator<ReceivedMessage>;

  constructor(client: Client) {
    this.#messages = client.messages();
  }

  /** Throws unless the next message is this one. */
  async reads(text: string): Promise<void> {
    const next = await this.#messages.next();
    const found = next.done === true ? undefined : fromUtf8(next.value.bytes);
    if (found !== text) throw new Error(`"${text}" was sent, and came as ${found === undefined ? 'nothing' : `"${found}"`}`);
  }
}

/** Holds a conversation in `suite` over a relay in this process. Rejects with what goes wrong. */
export async function converse(suite: CipherSuite): Promise<void> {
  const store = () => Promise.resolve(openMemoryStore());
  const relay = await openRelay({
    store,
    domain: 'suites.example',
    registration: 'open',
    // Registrations carry megabytes with some suites. No pre-keys are asked for beside the conversation.
    limits: { frameLength: limits.largeKeyFrameLength, lowOneTimePreKeys: 0 },
  });
  const network = createInMemoryNetwork();
  network.listen((channel) => {
    relay.accept(channel);
  });
  const register = (userId: string): Promise<Client> =>
    Client.register({ store, transport: network.transport, userId, deviceId: 'one', authCode: 'open', suite, oneTimePreKeys: 1 });
  const clients: Client[] = [];
  try {
    const [alice, bob] = [await register('alice'), await register('bob')];
    clients.push(alice, bob);
    const [alices, bobs] = [new Reader(alice), new Reader(bob)];
    await alice.send(bob.address, utf8('from Alice'));
    await bobs.reads('from Alice');
    // Each answer is a step of the ratchet.
    await bob.send(alice.address, utf8('from Bob'));
    await alices.reads('from Bob');
    await alice.send(bob.address, utf8('from Alice again'));
    await bobs.reads('from Alice again');
    const group = await alice.createGroup({ name: 'both', members: [bob.address] });
    await alice.sendToGroup(group, utf8('to the group'));
    await bobs.reads('to the group');
    await bob.sendToGroup(group, utf8('from the group'));
    await alices.reads('from the group');
  } finally {
    for (const client of clients) await client.close();
    await relay.close();
  }
}
