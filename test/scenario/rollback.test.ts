import { afterEach, describe, expect, test } from '@jest/globals';
import { TransportError } from '../../lib/base/errors.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import type { Transport } from '../../lib/transport/transport.js';
import { backup as backupOf, restore } from '../support/scenario-groups.js';
import { type Device, World } from '../support/scenario.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

describe('a store restored from a backup', () => {
  test('never sends on an old session: new sessions are made, and both sides go on', async () => {
    world = await World.create('rolled back', { limits: { lowOneTimePreKeys: 0 } });
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'one');
    await bob.hears(1);
    await bob.send(alice, 'two');
    await alice.hears(1);
    await alice.isQuiet();
    await alice.close();
    const backup = alice.snapshot();
    await alice.open();
    await alice.send(bob, 'three');
    await bob.hears(2);
    await alice.isQuiet();
    await alice.restart();
    await alice.isQuiet();
    await alice.close();

    const restored = await world.device('alice', 'one', { seed: 'restored' }, backup).open();
    await world.passes(() => restored.eventsOf('store-rolled-back').length > 0, 'the relay refuses the old store');
    await restored.send(bob, 'four');
    await world.passes(() => bob.received.length === 3, 'the message arrives');
    expect(bob.texts).toEqual(['one', 'three', 'four']);
    await bob.send(restored, 'five');
    await world.passes(() => restored.texts.includes('five'), 'the answer arrives');
    const used = (await restored.client.fingerprint(bob.user)).devices[0]?.sessions.length;
    expect(used).toBeGreaterThan(0);
    expect(bob.eventsOf('undecryptable')).toEqual([]);

    // The store that was given up is refused from now on.
    await restored.close();
    await alice.open();
    await world.passes(() => alice.eventsOf('store-rolled-back').length > 0, 'the relay refuses the store that was given up');
  });

  test('does not catch up with what was lost by what it does before it is connected', async () => {
    world = await World.create('rolled back and used', { limits: { lowOneTimePreKeys: 0 } });
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'one');
    await bob.hears(1);
    await alice.isQuiet();
    // Copied while it is in use: no hello tells the two apart.
    const backup = alice.snapshot();
    await alice.send(bob, 'two');
    await bob.hears(2);
    await alice.isQuiet();
    await alice.close();
    await world.stopRelay();
    const restored = await world.device('alice', 'one', { seed: 'restored' }, backup).open();
    const texts = Array.from({ length: 20 }, (_, position) => `later ${position}`);
    for (const text of texts) await restored.send(bob, text);
    await world.startRelay();
    await world.passes(() => restored.eventsOf('store-rolled-back').length > 0, 'the relay refuses the old store');
    await bob.hears(2 + texts.length);
    expect(bob.texts).toEqual(['one', 'two', ...texts]);
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });

  test('does not catch up either when it is opened several times before it is connected', async () => {
    world = await World.create('rolled back, then opened twice', { limits: { lowOneTimePreKeys: 0 } });
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'one');
    await bob.hears(1);
    await alice.isQuiet();
    const backup = alice.snapshot();
    await alice.send(bob, 'two');
    await bob.hears(2);
    await alice.isQuiet();
    // Its last words are those of a request: it says no hello any more.
    await alice.close();
    await world.stopRelay();
    const restored = world.device('alice', 'one', { seed: 'restored' }, backup);
    for (const life of ['three', 'four']) {
      await restored.open();
      for (let index = 0; index < 10; index += 1) await restored.send(bob, `${life} ${index}`);
      await restored.close();
    }
    await world.startRelay();
    await restored.open();
    await world.passes(() => restored.eventsOf('store-rolled-back').length > 0, 'the relay refuses the copy');
    await world.passes(() => bob.received.length === 22, 'everything arrives');
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });

  test('is healed as often as the same backup is restored, whatever the lives before have published', async () => {
    world = await World.create('restored three times', { limits: { lowOneTimePreKeys: 2, fullOneTimePreKeys: 4 } });
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'one');
    await bob.hears(1);
    await alice.isQuiet();
    const backups = ['first', 'second', 'third'].map((life) => ({ life, tables: alice.snapshot() }));
    await alice.send(bob, 'two');
    await bob.hears(2);
    await alice.isQuiet();
    await alice.close();
    for (const { life, tables } of backups) {
      const restored = await world.device('alice', 'one', { seed: `${life} life` }, tables).open();
      await world.passes(() => restored.eventsOf('store-rolled-back').length > 0, 'the relay refuses the store');
      await world.passes(() => restored.eventsOf('pre-keys-supplied').length > 0, 'new pre-keys are supplied');
      const stranger = await world.join(`stranger to the ${life} life`);
      for (const device of [bob, stranger]) {
        await device.send(restored, `from ${device.userId} to the ${life} life`);
        await world.passes(() => restored.texts.includes(`from ${device.userId} to the ${life} life`), 'it is read');
        await restored.send(device, `back to ${device.userId} from the ${life} life`);
        await world.passes(() => device.texts.includes(`back to ${device.userId} from the ${life} life`), 'the answer is read');
      }
      expect(restored.eventsOf('request-refused')).toEqual([]);
      expect(stranger.eventsOf('undecryptable')).toEqual([]);
      await restored.isQuiet();
      await restored.close();
    }
  });

  test('gives up the signed pre-key that it has made before it was connected: the lost state has published another one of that id', async () => {
    world = await World.create('restored after a renewal', { limits: { lowOneTimePreKeys: 0 } });
    const alice = await world.join('alice', 'one', { register: { suite: suiteByName('curve25519') } });
    const bob = await world.join('bob', 'one', { register: { suite: suiteByName('curve25519') } });
    await alice.isQuiet();
    const backup = alice.snapshot();
    world.clock.leap(8 * 86_400_000);
    await alice.restart();
    await alice.sees('signed-pre-key-renewed');
    await alice.isQuiet();
    await alice.close();
    // Renews its key before it hears that it is an old store; until another one is published, the relay hands out the other of that id.
    const restored = world.device('alice', 'one', { seed: 'restored' }, backup);
    restored.traffic.interfere = ({ name }) =>
      name === 'publish_spk' ? { error: new TransportError('offline', 'kept back'), deliver: false } : undefined;
    await restored.open();
    await world.passes(() => restored.eventsOf('store-rolled-back').length > 0, 'the relay refuses the store');
    expect(restored.eventsOf('signed-pre-key-renewed').map(({ id }) => id)).toEqual([2, expect.any(Number)]);
    await bob.send(restored, 'with the key of the lost state');
    await world.passes(() => restored.texts.includes('with the key of the lost state'), 'it is read all the same');
    expect(restored.eventsOf('undecryptable')).toMatchObject([{ code: 'unknown-pre-key', recovery: 'new-session' }]);
  });

  test('an invite that the new store has answered makes a session that both sides use, although its news came after the invite was made', async () => {
    world = await World.create('an invite before the news', { limits: { lowOneTimePreKeys: 0 } });
    const { transport: inner } = world.relay.network;
    const held: (() => void)[] = [];
    let isHeld = false;
    const transport: Transport = {
      connect: (options) =>
        inner.connect({
          ...options,
          onPush: (bytes) => {
            if (isHeld) held.push(() => options.onPush(bytes));
            else options.onPush(bytes);
          },
        }),
    };
    const alice = await world.device('alice', 'one', { client: { transport } }).register();
    const bob = await world.join('bob');
    await alice.send(bob, 'one');
    await bob.hears(1);
    const backup = await backupOf(bob);
    await bob.send(alice, 'two');
    await alice.hears(1);
    await bob.isQuiet();
    await bob.restart();
    await bob.isQuiet();

    isHeld = true;
    const restored = await restore(world, bob, backup);
    await world.passes(() => restored.eventsOf('connection').some(({ state }) => state === 'connected'), 'the restored store is taken');
    const [invited] = await alice.client.invite(bob.user);
    if (invited?.state !== 'invited') throw new Error('not invited');
    const { sessionId } = invited;
    const isReady = (device: Device) => device.eventsOf('session-ready').some((event) => event.sessionId === sessionId);
    await world.passes(() => isReady(restored), 'bob answers');
    isHeld = false;
    for (const bring of held) bring();
    await world.passes(() => isReady(alice), 'alice uses the session');
    expect(alice.eventsOf('device-restored')).toHaveLength(1);
    for (const [from, to] of [
      [alice, restored],
      [restored, alice],
    ] as const) {
      await from.send(to, `from ${from.userId}`);
      await world.passes(() => to.texts.includes(`from ${from.userId}`), 'it is read');
    }
    expect([...alice.eventsOf('undecryptable'), ...restored.eventsOf('undecryptable')]).toEqual([]);
  });

  /** Bob's store from before Alice answered his invite, restored when she has sent something under the session that it lacks. */
  async function restoredBeforeAnswer(suiteName: string): Promise<{ alice: Device; restored: Device; messageId: string }> {
    world = await World.create(`rolled back to an invite of ${suiteName}`, { limits: { lowOneTimePreKeys: 0 } });
    const options = { register: { suite: suiteByName(suiteName) } };
    const alice = await world.join('alice', 'one', options);
    const bob = await world.join('bob', 'one', options);
    await alice.close();
    await bob.client.invite(alice.user);
    await bob.isQuiet();
    const backup = await backupOf(bob);
    await alice.open();
    await world.passes(() => bob.eventsOf('session-ready').length > 0, 'alice answers');
    await bob.isQuiet();
    await bob.close();
    const messageId = await alice.send(bob, 'to the state that is lost');
    await alice.isQuiet();
    return { alice, restored: await world.device('bob', 'one', { seed: 'restored' }, backup).open(), messageId };
  }

  test('from before an invite was answered says what it cannot read, and reads what comes next', async () => {
    const { alice, restored, messageId } = await restoredBeforeAnswer('mldsa87-mlkem1024');
    await world.passes(() => restored.eventsOf('undecryptable').length > 0, 'the message is told of');
    expect(restored.eventsOf('undecryptable')).toMatchObject([
      { code: 'session-given-up', recovery: 'new-session', from: alice.address, messageId },
    ]);
    await alice.send(restored, 'again');
    await world.passes(() => restored.texts.includes('again'), 'what comes next is read');
    expect(restored.texts).toEqual(['again']);
    expect((await restored.client.status()).earlyMessages).toBe(0);
  });

  test('over Curve25519 from before an invite was answered reads what it is sent, because the accept says nothing', async () => {
    const { alice, restored } = await restoredBeforeAnswer('curve25519');
    await world.passes(() => restored.texts.includes('to the state that is lost'), 'the message is read');
    await alice.send(restored, 'again');
    await world.passes(() => restored.texts.includes('again'), 'what comes next is read');
    expect(restored.texts).toEqual(['to the state that is lost', 'again']);
    expect(restored.eventsOf('undecryptable')).toEqual([]);
  });

  test('what was encrypted and not confirmed is encrypted anew under its old id, and arrives once', async () => {
    world = await World.create('rolled back with an outbox', { limits: { lowOneTimePreKeys: 0 } });
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await alice.send(bob, 'hello');
    await bob.hears(1);
    await alice.isQuiet();
    await world.stopRelay();
    await alice.send(bob, 'in the outbox');
    await alice.close();
    const backup = alice.snapshot();
    expect(backup.rows('outbox').size).toBe(1);
    await world.startRelay();
    // The original goes on and delivers; then the backup appears with the same message still in its outbox.
    await alice.open();
    await world.passes(() => bob.received.length === 2, 'the message arrives');
    await alice.isQuiet();
    await alice.restart();
    await alice.isQuiet();
    await alice.close();
    const restored = await world.device('alice', 'one', { seed: 'restored' }, backup).open();
    await world.passes(() => restored.eventsOf('store-rolled-back').length > 0, 'the relay refuses the old store');
    await restored.send(bob, 'afterwards');
    await world.passes(() => bob.texts.includes('afterwards'), 'the new message arrives');
    await restored.isQuiet();
    await bob.isQuiet();
    expect(bob.texts).toEqual(['hello', 'in the outbox', 'afterwards']);
  });
});
