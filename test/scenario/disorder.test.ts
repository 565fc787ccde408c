import { afterEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { createAsymmetric } from '../../lib/client/asymmetric.js';
import type { Transport } from '../../lib/transport/transport.js';
import { decodePush } from '../../lib/wire/push.js';
import { type Device, World, until } from '../support/scenario.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

function lines(count: number, from = 'line'): string[] {
  return Array.from({ length: count }, (_, position) => `${from} ${position}`);
}

/** Holds pushes back and lets the test decide on their order. */
class Postman {
  readonly held: Uint8Array[] = [];
  isHolding = false;
  #deliver: (push: Uint8Array) => void = () => undefined;

  transport(inner: Transport): Transport {
    return {
      connect: (options) => {
        this.#deliver = (push) => {
          options.onPush(push);
        };
        return inner.connect({
          ...options,
          onPush: (push) => {
            if (this.isHolding) this.held.push(push);
            else options.onPush(push);
          },
        });
      },
    };
  }

  async has(count: number): Promise<void> {
    await until(() => this.held.length >= count, `${count} pushes are held back`);
  }

  /** Delivers what is held, in the order of `order` (positions). */
  deliver(order: readonly number[]): void {
    for (const position of order) this.#deliver(this.held[position] ?? new Uint8Array(0));
  }
}

async function withPostman(seed: string): Promise<{ readonly alice: Device; readonly bob: Device; readonly postman: Postman }> {
  world = await World.create(seed, { limits: { lowOneTimePreKeys: 0 } });
  const postman = new Postman();
  const bob = await world.join('bob', 'one', { client: { transport: postman.transport(world.relay.network.transport) } });
  const alice = await world.join('alice');
  return { alice, bob, postman };
}

describe('disorder', () => {
  test('messages that arrive in any order are all read once, also over a restart that has only the stored keys', async () => {
    const { alice, bob, postman } = await withPostman('any order');
    await alice.send(bob, 'first');
    await bob.hears(1);
    await bob.isQuiet();
    postman.isHolding = true;
    for (const text of lines(6)) await alice.send(bob, text);
    await postman.has(6);
    postman.deliver([5]);
    expect(await bob.hears(2)).toEqual(['first', 'line 5']);
    expect(bob.rows('skipped-key').length).toBe(6);
    await until(() => bob.rows('inbox').length === 0, 'it is acknowledged');
    postman.held.length = 0;
    await bob.restart();
    await postman.has(5);
    postman.deliver([3, 0, 4, 2, 1]);
    expect((await bob.hears(7)).slice(2)).toEqual(['line 3', 'line 0', 'line 4', 'line 2', 'line 1']);
    // The ratchet key of the chain went with the last of its keys.
    await until(() => bob.rows('skipped-key').length === 0, 'no key is left');
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });

  test('the same push twice, and the same message in another push, are read once', async () => {
    const { alice, bob, postman } = await withPostman('twice');
    await alice.send(bob, 'first');
    await bob.hears(1);
    await bob.isQuiet();
    postman.isHolding = true;
    await alice.send(bob, 'second');
    await postman.has(1);
    postman.deliver([0, 0, 0]);
    await bob.hears(2);
    await bob.isQuiet();
    expect(bob.texts).toEqual(['first', 'second']);
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });

  test('messages that come before the accept of their session wait for it', async () => {
    world = await World.create('before the accept', { limits: { lowOneTimePreKeys: 0 } });
    const postman = new Postman();
    const alice = await world.join('alice', 'one', { client: { transport: postman.transport(world.relay.network.transport) } });
    const bob = await world.join('bob');
    postman.isHolding = true;
    await alice.client.invite(bob.user);
    await bob.sees('session-ready');
    for (const text of lines(3)) await bob.send(alice, text);
    await postman.has(4);
    const kinds = postman.held.map((push) => decodePush(push).payload.kind);
    expect(kinds).toEqual(['accept', 'message', 'message', 'message']);
    postman.deliver([1, 2]);
    await world.clock.advance(1_000);
    expect(alice.received).toEqual([]);
    expect(alice.eventsOf('undecryptable')).toEqual([]);
    postman.deliver([0, 3]);
    expect(new Set(await alice.hears(3))).toEqual(new Set(lines(3)));
    await alice.isQuiet();
  });

  test('a message from somebody who uses the session of another is refused, and the session is as it was', async () => {
    const { alice, bob, postman } = await withPostman('borrowed session');
    const carol = await world.join('carol');
    await alice.send(bob, 'first');
    await bob.hears(1);
    await carol.send(bob, 'second');
    await bob.hears(2);
    await bob.isQuiet();
    postman.isHolding = true;
    await alice.send(bob, 'third');
    await postman.has(1);
    const original = decodePush(postman.held[0] ?? new Uint8Array(0));
    const { decodePayload, encodePayload, encodePush } = await import('../../lib/wire/push.js');
    const payload = decodePayload(original.payload);
    if (payload?.kind !== 'message') throw new Error('no message');
    const forged = { kind: 'message', value: { ...payload.value, from: { ...carol.address } } } as const;
    const before = bob.rows('ratchet').map(({ value }) => Buffer.from(value).toString('hex'));
    postman.held.push(encodePush({ ...original, tag: { time: 1, id: 'AAAAAAAAAAAAAAAAAAAAAA==' }, payload: encodePayload(forged) }));
    postman.deliver([1]);
    expect(await bob.sees('undecryptable')).toMatchObject([{ code: 'wrong-sender', from: carol.address }]);
    expect(bob.rows('ratchet').map(({ value }) => Buffer.from(value).toString('hex'))).toEqual(before);
    postman.deliver([0]);
    expect(await bob.hears(3)).toEqual(['first', 'second', 'third']);
  });

  test('clients on the real thread pool talk as well, many at a time', async () => {
    world = await World.create('real pool', { limits: { lowOneTimePreKeys: 0 } });
    const pool = { client: { asymmetric: createAsymmetric() } };
    const hub = await world.join('hub', 'one', pool);
    const others = await Promise.all(lines(4).map((_, number) => world.join(`user${number}`, 'one', pool)));
    await Promise.all(others.map((other, number) => other.send(hub, `from ${number}`)));
    expect(new Set(await hub.hears(4))).toEqual(new Set(['from 0', 'from 1', 'from 2', 'from 3']));
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(others.map((other) => hub.send(other, `round ${round}`)));
      await Promise.all(others.map((other) => other.hears(round + 1)));
      await Promise.all(others.map((other) => other.send(hub, `answer ${round}`)));
      await hub.hears(4 + 4 * (round + 1));
    }
    expect(hub.eventsOf('undecryptable')).toEqual([]);
  });
});

describe('giving up', () => {
  test('an aborted invite, flush or iteration ends with the signal’s reason, and the client goes on', async () => {
    world = await World.create('aborted');
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    const reason = new Error('no longer wanted');
    const aborted = AbortSignal.abort(reason);
    await expect(alice.client.invite(bob.user, { signal: aborted })).rejects.toBe(reason);
    await expect(alice.client.send(bob.user, utf8('never'), { signal: aborted })).rejects.toBe(reason);
    await world.stopRelay();
    await alice.send(bob, 'later');
    const abort = new AbortController();
    const flushing = alice.client.flush({ signal: abort.signal });
    const next = alice.client.messages({ signal: abort.signal }).next();
    abort.abort(reason);
    await expect(flushing).rejects.toBe(reason);
    await expect(next).rejects.toBe(reason);
    await world.startRelay();
    await world.passes(() => bob.received.length === 1, 'the message arrives');
    expect(bob.texts).toEqual(['later']);
  });

  test('closing ends what waits, and every later call is told so', async () => {
    world = await World.create('closed');
    const alice = await world.join('alice');
    const bob = await world.join('bob');
    await world.stopRelay();
    await alice.send(bob, 'later');
    const { client } = alice;
    const flushing = client.flush();
    const iterator = client.messages();
    const next = iterator.next();
    await Promise.all([client.close(), client.close()]);
    await expect(flushing).rejects.toMatchObject({ code: 'client-closed' });
    expect(await next).toEqual({ done: true, value: undefined });
    for (const call of [
      () => client.send(bob.user, utf8('x')),
      () => client.invite(bob.user),
      () => client.flush(),
      () => client.status(),
      () => client.fingerprint(bob.user),
      () => client.devices(bob.user),
      () => client.trustIdentity(bob.address),
    ]) {
      await expect(call()).rejects.toMatchObject({ name: 'UsageError', code: 'client-closed' });
    }
    await world.startRelay();
    await alice.open();
    await world.passes(() => bob.received.length === 1, 'the message arrives');
  });
});
