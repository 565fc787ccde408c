import { expect, test } from '@jest/globals';
import { decodeEnvelope } from '../../lib/wire/message.js';
import { requests } from '../../lib/wire/request.js';
import { type Device, World } from '../support/scenario.js';

function positions(device: Device): string[] {
  return device.traffic.sent
    .filter(({ name }) => name === 'send_one2one_msg')
    .map(({ body }) => {
      const { envelope } = requests.send_one2one_msg.decodeRequest(body);
      const { sessionId, payload } = decodeEnvelope(envelope, 1e7);
      return payload.kind === 'one-to-one'
        ? `${sessionId} ${payload.message.rootSequence}/${payload.message.sequence} ${Buffer.from(payload.message.ciphertext).toString('hex')}`
        : '';
    });
}

test('a backup taken while connected, after the last hello, repeats no message key', async () => {
  const world = await World.create('backup while connected', { limits: { lowOneTimePreKeys: 0 } });
  const alice = await world.join('alice');
  const bob = await world.join('bob');
  await alice.send(bob, 'hello');
  await bob.hears(1);
  await bob.send(alice, 'hello');
  await alice.hears(1);
  await alice.isQuiet();
  await alice.restart();
  await alice.sees('connection', 2);
  await alice.isQuiet();
  const backup = alice.snapshot();
  await alice.send(bob, 'after the backup');
  await alice.client.flush();
  await alice.close();
  const restored = world.device('alice', 'one', { seed: 'restored' }, backup);
  await restored.open();
  await restored.send(bob, 'something else');
  await restored.client.flush();
  const all = [...positions(alice), ...positions(restored)];
  const used = new Map<string, string>();
  const reused: string[] = [];
  for (const entry of all) {
    const [session, position, ciphertext] = entry.split(' ');
    const key = `${session ?? ''} ${position ?? ''}`;
    const before = used.get(key);
    if (before !== undefined && before !== ciphertext) reused.push(key);
    used.set(key, ciphertext ?? '');
  }
  await world.end();
  expect(reused).toEqual([]);
});
