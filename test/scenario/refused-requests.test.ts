/** Requests that the relay refuses: tried again at the next starts, then given up, or given up at once when the application says so. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { limits } from '../../lib/base/limits.js';
import { TransportError } from '../../lib/base/errors.js';
import { type RequestName, requestRowOf } from '../../lib/wire/request.js';
import { type Device, World } from '../support/scenario.js';
import { turns } from '../support/scenario-gates.js';
import { answering } from '../support/scenario-answers.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** Requests of this name are refused while it is set. */
let refusing: RequestName | undefined;

async function pair(seed: string): Promise<[Device, Device]> {
  refusing = undefined;
  world = await World.create(seed, { limits: { lowOneTimePreKeys: 0 } });
  const sender: { device: Device | undefined } = { device: undefined };
  const transport = answering(world.relay.network.transport, (name) => {
    if (sender.device?.isDead === true) throw new TransportError('offline', 'the process is dead');
    return name === refusing ? requestRowOf(name).encodeResponse({ ok: false, code: 403, message: '' }) : undefined;
  });
  const alice = await world.join('alice', 'one', { client: { transport } });
  sender.device = alice;
  const bob = await world.join('bob');
  return [alice, bob];
}

async function refusedCount(device: Device): Promise<number> {
  return (await device.client.status()).refused;
}

describe('a refused request', () => {
  test('is tried at each start, given up with its message named at the last, and what follows gets through', async () => {
    const [alice, bob] = await pair('refused starts');
    await alice.send(bob, 'first');
    await bob.hears(1);
    await alice.isQuiet();
    refusing = 'send_one2one_msg';
    const messageId = await alice.send(bob, 'refused');
    for (let start = 1; start < limits.refusalsPerRequest; start += 1) {
      await alice.sees('request-refused', start);
      await alice.isQuiet();
      expect([await refusedCount(alice), alice.rows('outbox').length]).toEqual([1, 1]);
      expect(alice.eventsOf('request-dropped')).toEqual([]);
      await alice.restart();
    }
    expect(await alice.sees('request-dropped')).toMatchObject([
      { type: 'request-dropped', request: 'send_one2one_msg', device: bob.address, group: undefined, messageId },
    ]);
    expect(alice.eventsOf('request-refused')).toHaveLength(limits.refusalsPerRequest);
    expect([await refusedCount(alice), alice.rows('outbox').length]).toEqual([0, 0]);
    refusing = undefined;
    await alice.send(bob, 'second');
    expect(await bob.hears(2)).toEqual(['first', 'second']);
    expect(bob.eventsOf('undecryptable')).toEqual([]);
  });

  test('that the relay takes at the next start arrives, and is not counted any more', async () => {
    const [alice, bob] = await pair('taken later');
    await alice.send(bob, 'first');
    await bob.hears(1);
    await alice.isQuiet();
    refusing = 'send_one2one_msg';
    await alice.send(bob, 'second');
    await alice.sees('request-refused');
    await alice.isQuiet();
    refusing = undefined;
    await alice.restart();
    expect(await bob.hears(2)).toEqual(['first', 'second']);
    await alice.isQuiet();
    expect([await refusedCount(alice), alice.rows('outbox').length]).toEqual([0, 0]);
    expect(alice.eventsOf('request-dropped')).toEqual([]);
  });

  test('does not lose a refusal when the process dies around the commit that counts it', async () => {
    for (const mode of ['before-commit', 'in-commit'] as const) {
      const [alice, bob] = await pair(`dies ${mode}`);
      await alice.send(bob, 'first');
      await bob.hears(1);
      await alice.isQuiet();
      refusing = 'send_one2one_msg';
      alice.dies(2, mode);
      await alice.send(bob, 'refused');
      await world.passes(() => alice.isDead, 'the process dies');
      await alice.close();
      refusing = undefined;
      const revived = await world.device('alice', 'one', { seed: 'revived' }, alice.tables).open();
      expect(await bob.hears(2)).toEqual(['first', 'refused']);
      await revived.isQuiet();
      expect(revived.rows('outbox')).toEqual([]);
      if (mode === 'before-commit') expect(await world.end()).toEqual([]);
    }
  });

  test('goes at once when the application says so, and only then', async () => {
    const [alice, bob] = await pair('dropped by a call');
    await alice.send(bob, 'first');
    await bob.hears(1);
    await alice.isQuiet();
    expect(await alice.client.dropRefused()).toBe(0);
    refusing = 'send_one2one_msg';
    const messageIds = [await alice.send(bob, 'one'), await alice.send(bob, 'two')];
    await alice.sees('request-refused', 2);
    await alice.isQuiet();
    refusing = undefined;
    expect(await alice.client.dropRefused()).toBe(2);
    expect(alice.eventsOf('request-dropped').map(({ messageId }) => messageId)).toEqual(messageIds);
    expect(alice.rows('outbox')).toEqual([]);
    await alice.restart();
    await alice.send(bob, 'second');
    expect(await bob.hears(2)).toEqual(['first', 'second']);
  });

  test('that was an invite takes its session along, and what waits for the user gets a new one', async () => {
    const [alice, bob] = await pair('dropped invite');
    refusing = 'invite';
    await alice.send(bob, 'first');
    await alice.sees('request-refused');
    expect((await alice.client.status()).sessions).toEqual({ ready: 0, invited: 1 });
    await turns(20);
    expect(await refusedCount(alice)).toBe(1);
    refusing = undefined;
    expect(await alice.client.dropRefused()).toBe(1);
    expect((await alice.client.status()).sessions).toEqual({ ready: 0, invited: 0 });
    await alice.restart();
    expect(await bob.hears(1)).toEqual(['first']);
  });
});
