/** At rest all devices of a group and the relay know the same group, and nobody else knows it. */
import { deviceKey } from '../../lib/base/address.js';
import { sameMembers } from '../../lib/group/membership.js';
import type { RelayGroup } from './relay-host.js';
import type { StoryDevice } from './story-device.js';
import type { World } from './world.js';

/** Every disagreement. */
export async function groupDisagreements(world: World): Promise<string[]> {
  const found: string[] = [];
  for (const device of world.present) found.push(...(await disagreementsOf(world, device)));
  for (const group of world.host.groups.values()) found.push(...forgotten(world, group));
  return found;
}

async function disagreementsOf(world: World, device: StoryDevice): Promise<string[]> {
  const found: string[] = [];
  const known = new Map((await device.client.groups()).map((group) => [group.address.groupId, group]));
  for (const group of world.host.groups.values()) {
    const own = known.get(group.groupId);
    known.delete(group.groupId);
    const wrong = (what: string): void => {
      found.push(`${device.name} and ${group.groupId}: ${what}`);
    };
    if (!group.devices.has(device.key)) {
      if (own !== undefined) wrong('still known to a device that is not in it');
      continue;
    }
    if (own === undefined) {
      // Whoever has left knows it no more, before a manager has removed him.
      if (!group.leaving.has(device.address.userId)) wrong('unknown to a device that is in it');
      continue;
    }
    if (own.state !== 'ready') wrong(own.state);
    if (!sameMembers(own.members, group.members)) wrong('other members');
    const devices = own.devices.map(deviceKey);
    const missing = [...group.devices].filter((key) => !devices.includes(key));
    const strange = devices.filter((key) => !group.devices.has(key));
    if (missing.length > 0) wrong(`does not know ${missing.join(' ')}`);
    if (strange.length > 0) wrong(`knows too much: ${strange.join(' ')}`);
  }
  for (const groupId of known.keys()) found.push(`${device.name} knows ${groupId}, which the relay does not`);
  return found;
}

/** Devices of members that nobody has added although there is somebody who could. */
function forgotten(world: World, { groupId, members, devices, leaving }: RelayGroup): string[] {
  const isMember = ({ address }: StoryDevice): boolean => members.some(({ userId }) => userId === address.userId);
  if (!world.present.some(({ key, address }) => devices.has(key) && !leaving.has(address.userId))) return [];
  return world.present
    .filter((device) => isMember(device) && !devices.has(device.key))
    .map(({ name }) => `${name} is missing in ${groupId}`);
}
