import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { Client, type KnownGroup, UsageError } from '../../lib/index.js';
import { fromUtf8, utf8 } from '../../lib/base/bytes.js';
import { MemoryTables, openMemoryStore } from '../../lib/store/memory/memory-store.js';
import { type Device, World } from '../support/scenario.js';
import { Boundaries } from './boundaries.js';
import { type Moment, atEveryMoment } from './moments.js';

jest.setTimeout(60_000);

let world: World;

afterEach(async () => {
  await world.end();
});

/** A device whose boundaries are counted. */
async function watched(userId: string): Promise<{ readonly device: Device; readonly boundaries: Boundaries }> {
  const boundaries = new Boundaries();
  const tables = new MemoryTables();
  const seams = boundaries.seams(() => openMemoryStore({ unsafeTestingTables: tables }), world.relay.network.transport, userId);
  const device = await world.device(userId, 'one', { client: seams }, tables).register();
  await device.sees('connection');
  return { device, boundaries };
}

interface Outcome {
  /** Whether the signal fired while the call was open. */
  readonly fired: boolean;
  readonly resolved: boolean;
}

/** Makes one call, aborted at `moment`: it resolves, or rejects with the reason, and leaves nothing at the signal. */
async function aborted(
  boundaries: Boundaries,
  moment: Moment,
  call: (signal: AbortSignal) => Promise<unknown>,
  reason = new Error(`aborted ${moment.name}`),
): Promise<Outcome> {
  const controller = new AbortController();
  let isOpen = true;
  let fired = false;
  const running = call(controller.signal);
  moment.await(boundaries, () => {
    if (!isOpen) return;
    fired = true;
    controller.abort(reason);
  });
  const [result] = await Promise.allSettled([running]);
  isOpen = false;
  boundaries.disarm();
  if (result.status === 'rejected') expect([moment.name, result.reason]).toEqual([moment.name, reason]);
  expect([moment.name, getEventListeners(controller.signal, 'abort')]).toEqual([moment.name, []]);
  return { fired, resolved: result.status === 'fulfilled' };
}

/** Alice, whose calls are aborted, and two others. */
async function trio(seed: string): Promise<{ alice: Device; boundaries: Boundaries; bob: Device; carol: Device }> {
  world = await World.create(seed, { limits: { lowOneTimePreKeys: 0 } });
  const { device: alice, boundaries } = await watched('alice');
  const bob = await world.join('bob');
  const carol = await world.join('carol');
  for (const other of [bob, carol]) {
    await alice.send(other, 'hello');
    await other.hears(1);
    await other.send(alice, 'hello');
  }
  await alice.hears(2);
  await alice.isQuiet();
  return { alice, boundaries, bob, carol };
}

/** After whatever was given up, everything works, now and after a restart, and nothing odd was seen. */
async function worksAfterwards(alice: Device, others: readonly Device[]): Promise<void> {
  for (const round of ['before', 'after']) {
    for (const other of others) {
      await alice.send(other, `${round} the restart`);
      await world.passes(() => other.texts.includes(`${round} the restart`), `${other.userId} hears Alice ${round} the restart`);
    }
    await alice.isQuiet();
    if (round === 'before') await alice.restart();
  }
  for (const device of [alice, ...others]) {
    expect(new Set(device.received.map(({ messageId }) => messageId)).size).toBe(device.received.length);
    expect(device.eventsOf('undecryptable').map(({ code }) => code)).toEqual([]);
    expect(device.eventsOf('error').map(({ during, error }) => [during, error])).toEqual([]);
  }
}

async function namesOf({ client }: Device): Promise<string[]> {
  return (await client.groups())
    .map(
      ({ name, members }) =>
        `${name}: ${members
          .map(({ userId }) => userId)
          .sort()
          .join()}`,
    )
    .sort();
}

/** Waits until all of `devices` see the same groups. */
async function agree(devices: readonly Device[]): Promise<string[]> {
  let views: string[][] = [];
  for (let round = 0; round < 200; round += 1) {
    for (const device of devices) await device.isQuiet();
    views = await Promise.all(devices.map(namesOf));
    if (views.every((view) => view.join() === views[0]?.join())) return views[0] ?? [];
    await world.clock.advance(1_000);
  }
  expect(views).toEqual(views.map(() => views[0]));
  return [];
}

describe('a call that is given up at any of its awaits rejects with the reason, leaves no listener, and later calls work', () => {
  test('invite', async () => {
    const { alice, boundaries, bob } = await trio('abort invite');
    const moments = await atEveryMoment(25, async (moment) => {
      const { fired } = await aborted(boundaries, moment, (signal) => alice.client.invite(bob.user, { signal }));
      return fired;
    });
    expect(moments).toBeGreaterThan(30);
    await worksAfterwards(alice, [bob]);
  });

  test('invite, given up for a reason that is an error of the package: no device is blamed for it', async () => {
    const { alice, boundaries, bob } = await trio('abort invite with an error of ours');
    const reason = new UsageError('given-up', 'the test gives up');
    await atEveryMoment(0, async (moment) => {
      const invite = async (signal: AbortSignal): Promise<void> => {
        const results = await alice.client.invite(bob.user, { signal });
        expect(results.map(({ state }) => state)).toEqual(['invited']);
      };
      return (await aborted(boundaries, moment, invite, reason)).fired;
    });
    await worksAfterwards(alice, [bob]);
  });

  test('send: it is stored or it is not', async () => {
    const { alice, boundaries, bob } = await trio('abort send');
    const expected: string[] = [];
    await atEveryMoment(25, async (moment, number) => {
      const { fired, resolved } = await aborted(boundaries, moment, (signal) =>
        alice.client.send(bob.user, utf8(`s${number}`), { signal }),
      );
      if (resolved) expected.push(`s${number}`);
      return fired;
    });
    expect(await bob.hears(1 + expected.length)).toEqual(['hello', ...expected]);
    await worksAfterwards(alice, [bob]);
  });

  test('createGroup: the group is there for all, or for nobody', async () => {
    const { alice, boundaries, bob, carol } = await trio('abort createGroup');
    const certain: string[] = [];
    await atEveryMoment(25, async (moment, number) => {
      const name = `group ${String(number).padStart(3, '0')}`;
      const members = [bob.user, carol.user];
      const { fired, resolved } = await aborted(boundaries, moment, (signal) => alice.client.createGroup({ name, members }, { signal }));
      if (resolved) certain.push(`${name}: alice,bob,carol`);
      return fired;
    });
    const all = await agree([alice, bob, carol]);
    for (const group of certain) expect(all).toContain(group);
    expect(new Set(all).size).toBe(all.length);
    await worksAfterwards(alice, [bob, carol]);
    expect(await agree([alice, bob, carol])).toEqual(all);
  });

  test('adding and removing members: all see the change, or nobody, and no wish is left over', async () => {
    const { alice, boundaries, bob, carol } = await trio('abort changes');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
    await atEveryMoment(15, async (moment) => {
      const added = await aborted(boundaries, moment, (signal) => alice.client.addGroupMembers(group, [carol.user], { signal }));
      const removed = await aborted(boundaries, moment, (signal) => alice.client.removeGroupMembers(group, [carol.user], { signal }));
      return added.fired || removed.fired;
    });
    await alice.client.addGroupMembers(group, [carol.user]);
    expect(await agree([alice, bob, carol])).toEqual(['friends: alice,bob,carol']);
    await bob.client.sendToGroup(group, utf8('all here'));
    await world.passes(() => [alice, carol].every(({ texts }) => texts.includes('all here')), 'all hear Bob');
    await worksAfterwards(alice, [bob, carol]);
  });

  test('leaving a group: it is left, sooner or later, or it is not', async () => {
    const { alice, boundaries, bob, carol } = await trio('abort leave');
    await atEveryMoment(
      15,
      async (moment) => {
        const group = await bob.client.createGroup({ name: moment.name, members: [alice.user, carol.user] });
        const found = async (): Promise<KnownGroup | undefined> =>
          (await alice.client.groups()).find(({ address }) => address.groupId === group.groupId);
        await world.passes(
          () => alice.eventsOf('group-ready').some((event) => event.group.groupId === group.groupId),
          'Alice has the keys',
        );
        await alice.isQuiet();
        const { fired, resolved } = await aborted(boundaries, moment, (signal) => alice.client.leaveGroup(group, { signal }));
        await alice.isQuiet();
        const left = await found();
        expect([moment.name, left?.state]).toEqual([moment.name, resolved || left === undefined ? undefined : 'ready']);
        if (left !== undefined) await alice.client.leaveGroup(group);
        expect(await found()).toBeUndefined();
        return fired;
      },
      30,
    );
    await worksAfterwards(alice, [bob, carol]);
  });

  test('flush, while groups change and messages leave: nothing is taken back', async () => {
    const { alice, boundaries, bob } = await trio('abort flush');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
    const sent: string[] = [];
    await atEveryMoment(25, async (moment, number) => {
      sent.push(`f${number}`);
      const others = [alice.send(bob, `f${number}`), alice.client.addGroupMembers(group, [bob.user])];
      const { fired } = await aborted(boundaries, moment, (signal) => alice.client.flush({ signal }));
      await Promise.all(others);
      return fired;
    });
    expect(await bob.hears(1 + sent.length)).toEqual(['hello', ...sent]);
    await worksAfterwards(alice, [bob]);
  });

  test('lookUpGroup, sync and removeDevice', async () => {
    const { alice, boundaries, bob } = await trio('abort look-ups');
    const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
    for (const call of [
      (signal: AbortSignal) => alice.client.lookUpGroup(group, { signal }),
      (signal: AbortSignal) => alice.client.sync({ signal }),
      (signal: AbortSignal) => alice.client.removeDevice('unknown', { signal }),
    ]) {
      await atEveryMoment(12, async (moment) => (await aborted(boundaries, moment, call)).fired);
    }
    await worksAfterwards(alice, [bob]);
  });

  test('messages: what was not handed out is handed out to the next', async () => {
    const { alice, boundaries, bob } = await trio('abort messages');
    await alice.close();
    const client = await Client.open(alice.options());
    const got: string[] = [];
    let sent = 0;
    const next = async (signal: AbortSignal): Promise<void> => {
      for await (const { bytes } of client.messages({ signal })) {
        got.push(fromUtf8(bytes));
        break;
      }
    };
    await atEveryMoment(15, async (moment) => {
      // Two for each that is taken: some are there already, some come while it is waited for.
      await Promise.all([0, 1].map(() => bob.client.send(alice.user, utf8(`m${(sent += 1)}`))));
      return (await aborted(boundaries, moment, next)).fired;
    });
    while (got.length < sent) await next(new AbortController().signal);
    await client.close();
    expect(got).toEqual(Array.from({ length: sent }, (_, position) => `m${position + 1}`));
  });
});

test('a wish that cannot be stored leaves no listener either', async () => {
  world = await World.create('unstored wish');
  const alice = await world.join('alice');
  alice.failures = ['disk-full'];
  const { signal } = new AbortController();
  await expect(alice.client.createGroup({ name: 'friends', members: [] }, { signal })).rejects.toMatchObject({ code: 'disk-full' });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('flush ends when a wish ends for which nothing has to be asked', async () => {
  const { alice, boundaries, bob } = await trio('flush without a request');
  const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
  await alice.isQuiet();
  await atEveryMoment(40, async (moment) => {
    let isDone = false;
    let fired = false;
    let flushed: Promise<void> | undefined;
    const adding = alice.client.addGroupMembers(group, [bob.user]).then(() => (isDone = true));
    moment.await(boundaries, () => {
      fired = !isDone;
      flushed = alice.client.flush();
    });
    await adding;
    boundaries.disarm();
    await flushed;
    return fired;
  });
});

test('registration: the same call goes on with the same keys, whenever it was given up', async () => {
  world = await World.create('abort register');
  const bob = await world.join('bob');
  await atEveryMoment(25, async (moment, number) => {
    const boundaries = new Boundaries();
    const tables = new MemoryTables();
    const seams = boundaries.seams(() => openMemoryStore({ unsafeTestingTables: tables }), world.relay.network.transport, `a${number}`);
    const attempt = world.device(`alice-${number}`, 'one', { client: seams }, tables);
    const { fired, resolved } = await aborted(boundaries, moment, async (signal) => {
      const client = await Client.register({
        ...attempt.options(),
        userId: attempt.userId,
        deviceId: 'one',
        authCode: 'open',
        oneTimePreKeys: 2,
        signal,
      });
      await client.close();
    });
    const again = { ...attempt.options(), userId: attempt.userId, deviceId: 'one', authCode: 'open', oneTimePreKeys: 2 };
    const client = resolved ? await Client.open(again) : await Client.register(again);
    await client.send(bob.user, utf8(`r${number}`));
    await world.passes(() => bob.texts.includes(`r${number}`), `Bob hears the account made ${moment.name}`);
    await client.close();
    return fired;
  });
});
