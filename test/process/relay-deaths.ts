/** What the tests of a dying relay ask of it and its clients. */
import { expect } from '@jest/globals';
import type { Death, Device, World } from './world.js';

/** Has the devices connect now, without waiting for what they had planned. */
export async function reconnect(...devices: readonly Device[]): Promise<void> {
  for (const { child } of devices) {
    for (;;) {
      const seen = child.events('connection').length;
      if (child.events('connection').at(-1)?.['state'] === 'connected') break;
      child.ask('reconnect');
      await child.event('connection', seen + 1);
    }
  }
}

/** Waits until the devices have noticed that the relay is gone. */
export async function isCut(...devices: readonly Device[]): Promise<void> {
  for (const { child } of devices) {
    await child.until(() => (child.events('connection').at(-1)?.['state'] === 'disconnected' ? true : undefined));
  }
}

/** Stops the relay in order. */
export async function stopRelay(world: World, ...devices: readonly Device[]): Promise<void> {
  await world.relay.close();
  await isCut(...devices);
}

/** Waits for the end of the relay's process, which must be the death it was given. */
export async function relayDies(world: World, death: Death): Promise<void> {
  expect({ death, ...(await world.relay.ended) }).toEqual({ death, code: null, signal: 'SIGKILL' });
}
