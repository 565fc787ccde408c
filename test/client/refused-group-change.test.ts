/** Changes of groups that nobody may make: of what they say nothing stays. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DeviceAddress } from '../../lib/base/address.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { groupRoles } from '../../lib/group/membership.js';
import { ClientWorld, type Observation } from '../mutation/client-world.js';
import { domain } from '../mutation/stand-in-relay.js';

let world: ClientWorld;

beforeAll(async () => {
  world = await ClientWorld.create('refused group changes', suiteByName('curve25519'));
});

afterAll(() => world.close());

/** A group that `creator` makes with the client and with Dave, whom nobody knows. */
async function announce(creator: DeviceAddress, role: number): Promise<Observation> {
  const { suite, address, dave } = world;
  const members = [creator, address, dave.address].map(({ userId }, index) => ({
    domain,
    userId,
    role: index === 0 ? role : groupRoles.member,
  }));
  const devices = [world.device, { address: dave.address, signingKey: dave.account.identity.signing.publicKey }];
  const group = { name: 'group', address: { domain, groupId: `group of ${creator.userId}` }, members };
  return world.deliverPush(world.signed({ kind: 'create-group', value: { suite, sender: creator, group, devices } }, creator));
}

function devicesMet({ changes }: Observation): number {
  return changes.filter(({ table, key }) => table === 'peer' && key.startsWith('device') && key.includes('dave')).length;
}

test('the keys that a refused change shows are not pinned, those of an accepted one are', async () => {
  const refused = await announce(world.mallory.address, groupRoles.member);
  expect(refused.events).toEqual([expect.objectContaining({ type: 'group-change-refused', code: 'not-a-manager' })]);
  expect(devicesMet(refused)).toBe(0);
  const accepted = await announce(world.alice.address, groupRoles.manager);
  expect(accepted.events).toContainEqual(expect.objectContaining({ type: 'group-created' }));
  expect(devicesMet(accepted)).toBe(1);
});
