/** What tests of groups ask of devices. */
import { expect } from '@jest/globals';
import { utf8 } from '../../lib/base/bytes.js';
import type { GroupAddress } from '../../lib/index.js';
import type { MemoryTables } from '../../lib/store/memory/memory-store.js';
import type { Device, World } from './scenario.js';

/** How a device is called: `user/device`. */
function nameOf({ userId, deviceId }: Device): string {
  return `${userId}/${deviceId}`;
}

/** Registers devices, by `user/device`; the device is called `one` when it is not named. */
export async function join(world: World, ...names: string[]): Promise<Device[]> {
  const devices: Device[] = [];
  for (const name of names) {
    const [userId = '', deviceId = 'one'] = name.split('/');
    devices.push(await world.join(userId, deviceId));
  }
  return devices;
}

/** Sends a text to a group. */
export async function say(device: Device, group: GroupAddress, text: string): Promise<void> {
  await device.client.sendToGroup(group, utf8(text));
}

/** Waits until each device has got keys of a group. */
export async function areReady(world: World, ...devices: Device[]): Promise<void> {
  for (const device of devices) {
    await world.passes(() => device.eventsOf('group-ready').length > 0, `${nameOf(device)} has the keys of the group`);
  }
}

/** Everybody in `devices` says something, everybody else of them hears it once. */
export async function allTalk(world: World, group: GroupAddress, devices: readonly Device[], round: string): Promise<void> {
  const textOf = (device: Device): string => `${round} from ${nameOf(device)}`;
  for (const device of devices) await say(device, group, textOf(device));
  for (const device of devices) {
    const expected = devices.filter((other) => other !== device).map(textOf);
    await world.passes(() => expected.every((text) => device.texts.includes(text)), `${nameOf(device)} hears all of ${round}`);
    expect(device.texts.filter((text) => text.startsWith(round)).sort()).toEqual([...expected].sort());
  }
}

/** What the device's store holds now, at rest; it goes on afterwards. */
export async function backup(device: Device): Promise<MemoryTables> {
  await device.isQuiet();
  await device.close();
  const tables = device.snapshot();
  await device.open();
  await device.sees('connection');
  return tables;
}

/** The device over an earlier store. */
export async function restore(world: World, device: Device, tables: MemoryTables, seed = 'restored'): Promise<Device> {
  await device.close();
  return world.device(device.userId, device.deviceId, { seed }, tables).open();
}
