/** Keys of a group whose use fails, for a reason that lies in the client: they hold up nothing else of the group. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import { InternalError } from '../../lib/base/errors.js';
import { limits } from '../../lib/base/limits.js';
import type { GroupAddress } from '../../lib/base/address.js';
import type { Asymmetric } from '../../lib/client/asymmetric.js';
import { seededRun } from '../support/seeded-jobs.js';
import { type Device, World } from '../support/scenario.js';

let world: World;

afterEach(async () => {
  expect(await world.end()).toEqual([]);
});

/** A defect of one function, which its calls are recognised by. */
class Defect {
  isThere = true;
  readonly #run: Asymmetric['run'] = seededRun('jobs of the one with the defect');

  readonly asymmetric: Asymmetric = {
    run: (computation, signal) => {
      if (this.isThere && new Error().stack?.includes('planKeys') === true)
        throw new InternalError('test-defect', 'the test broke this client');
      return this.#run(computation, signal);
    },
  };
}

interface Story {
  readonly alice: Device;
  readonly bob: Device;
  readonly defect: Defect;
  readonly group: GroupAddress;
}

/** Bob is in a group of Alice's and cannot use its keys. */
async function begin(seed: string): Promise<Story> {
  world = await World.create(seed, { limits: { lowOneTimePreKeys: 0 } });
  const defect = new Defect();
  const alice = await world.join('alice');
  const bob = await world.join('bob', 'one', { client: { asymmetric: defect.asymmetric } });
  const group = await alice.client.createGroup({ name: 'friends', members: [bob.user] });
  await world.passes(() => bob.eventsOf('error').length > 0, 'the keys cannot be used');
  await alice.client.sendToGroup(group, utf8('to all'));
  await bob.sees('group-message-held');
  await bob.isQuiet();
  expect(new Set(bob.eventsOf('error').map(({ during }) => during))).toEqual(new Set(['using keys of a group']));
  expect(bob.texts).toEqual([]);
  return { alice, bob, defect, group };
}

describe('keys of a group that cannot be used', () => {
  test('do not hold up the other work of the group', async () => {
    const { bob, group } = await begin('keys and other work');
    await bob.client.leaveGroup(group);
    await world.passes(() => bob.eventsOf('group-left').length > 0, 'Bob leaves');
  });

  test('are used once the defect is gone', async () => {
    const { bob, defect } = await begin('keys and no defect');
    defect.isThere = false;
    await bob.restart();
    await world.passes(() => bob.texts.includes('to all'), 'Bob reads what waited');
    expect(bob.texts).toEqual(['to all']);
  });

  test('are given up when keys may wait no longer, with their reason', async () => {
    const { bob, group } = await begin('keys given up');
    world.clock.leap(limits.heldGroupTime + 1);
    await bob.restart();
    await world.passes(() => bob.eventsOf('group-change-refused').length > 0, 'the keys are given up');
    expect(bob.eventsOf('group-change-refused')).toMatchObject([{ change: 'keys', group, code: 'test-defect' }]);
    await bob.isQuiet();
    const errors = bob.eventsOf('error').length;
    await bob.restart();
    await bob.isQuiet();
    expect(bob.eventsOf('error')).toHaveLength(errors);
  });
});
