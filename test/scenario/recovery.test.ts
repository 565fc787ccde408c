import { expect, test } from '@jest/globals';
import { decodeEnvelope } from '../../lib/wire/message.js';
import { requests } from '../../lib/wire/request.js';
import type { Transport } from '../../lib/transport/transport.js';
import { World } from '../support/scenario.js';
import { Gates, gate, turns } from '../support/scenario-gates.js';

function sealed(sent: readonly { name: string; body: Uint8Array }[]): { session: string; messageId: string }[] {
  return sent
    .filter(({ name }) => name === 'send_one2one_msg')
    .map(({ body }) => {
      const { sessionId, messageId } = decodeEnvelope(requests.send_one2one_msg.decodeRequest(body).envelope, 1e7);
      return { session: sessionId, messageId };
    });
}

test('a send that is being committed while a rolled-back store is given up does not leave on its old session', async () => {
  const world = await World.create('recovery and sends', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await bob.send(alice, 'hello');
  await alice.hears(1);
  await alice.isQuiet();
  await alice.close();
  const backup = alice.snapshot();
  await alice.open();
  await alice.sees('connection', 2);
  await alice.send(bob, 'after the backup');
  await alice.client.flush();
  await alice.restart();
  await alice.isQuiet();
  const oldSession = (await alice.client.fingerprint(bob.user)).devices[0]?.sessions[0]?.sessionId;
  await alice.close();

  const gates = new Gates();
  for (const table of [
    'meta',
    'account',
    'pre-key',
    'peer',
    'session',
    'ratchet',
    'skipped-key',
    'outbox',
    'pending',
    'inbox',
    'push',
  ] as const) {
    for (const [key, value] of backup.rows(table).entries({ prefix: '', after: undefined, reverse: false }))
      gates.tables.rows(table).set(key, value);
  }
  const dial = gate();
  const inner = world.relay.network.transport;
  const traffic: { name: string; body: Uint8Array }[] = [];
  const transport: Transport = {
    async connect(options) {
      await dial.opened;
      const connection = await inner.connect(options);
      return {
        welcome: connection.welcome,
        closed: connection.closed,
        push: (message) => connection.push(message),
        close: () => connection.close(),
        request: (name, body, requestOptions) => {
          traffic.push({ name, body: body.slice() });
          return connection.request(name, body, requestOptions);
        },
      };
    },
  };
  const restored = world.device('alice', 'one', { seed: 'restored', client: { store: gates.open, transport } }, gates.tables);
  // The first commit is on its way to the disk while more sends, and then the recovery, are queued behind it.
  const first = gate();
  let commits = 0;
  gates.beforeCommit = async () => {
    commits += 1;
    if (commits === 1) await first.opened;
  };
  await restored.open();
  const sends = [restored.send(bob, 's0')];
  await turns(1);
  for (let position = 1; position < 4; position += 1) sends.push(restored.send(bob, `s${position}`));
  await turns(5);
  dial.open();
  await turns(300);
  const waiting = commits;
  first.open();
  const ids = await Promise.all(sends);
  await world.passes(() => bob.received.length >= 6, 'all arrive').catch(() => undefined);
  await turns(200);
  const seen = restored.eventsOf('store-rolled-back').length;
  const onOld = sealed(traffic).filter(({ session }) => session === oldSession).length;
  const texts = bob.texts;
  const events = bob.eventsOf('undecryptable').map(({ code }) => code);
  await world.end();
  expect({ waiting, seen, onOld, ids: ids.length, texts, events }).toEqual({
    waiting: 1,
    seen: 1,
    onOld: 0,
    ids: 4,
    texts: ['hello', 'after the backup', 's0', 's1', 's2', 's3'],
    events: [],
  });
});
