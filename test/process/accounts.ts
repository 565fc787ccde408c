/** What the tests of deaths ask of two devices. */
import { expect } from '@jest/globals';
import { type Delivery, deliveryOf, notesOf } from './trace.js';
import type { Death, Device } from './world.js';

/** A delivery in which everything is as it should be. */
export const nothingAmiss = { lost: [], repeated: [], outOfOrder: [], invented: [] };

/** Texts that tell where they belong. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}, message ${index}`);
}

/** Waits for the end of a device's process, which must be the death it was given. */
export async function dies(device: Device, death: Death): Promise<void> {
  const ending = await device.child.ended;
  expect({ death, ...ending, errors: device.child.errors }).toEqual({ death, code: null, signal: 'SIGKILL', errors: '' });
  expect(notesOf(device.notes, 'died').at(-1)).toEqual({ kind: 'died', ...death });
}

/** How what `sender` sent to `receiver` arrived. */
export function deliveryBetween(sender: Device, receiver: Device): Delivery {
  return deliveryOf(sender.notes, sender.userId, receiver.notes, receiver.userId);
}

/** The texts with this beginning that `send` had not taken yet when the process died, and how many of them arrived all the same. */
export function inFlight(sender: Device, receiver: Device, beginning: string): { readonly attempted: number; readonly arrived: number } {
  const taken = new Set(notesOf(sender.notes, 'sent').map(({ text }) => text));
  const got = new Set(notesOf(receiver.notes, 'got').map(({ text }) => text));
  const open = notesOf(sender.notes, 'attempt').filter(({ text }) => text.startsWith(beginning) && !taken.has(text));
  return { attempted: open.length, arrived: open.filter(({ text }) => got.has(text)).length };
}

/** Has a device send one text after another until it has died there. */
export async function chatUntilDeath(device: Device, task: 'register' | 'open', death: Death, prefix: string): Promise<void> {
  const child = device.launch(task, { death });
  child.ask('chat', { to: 'bob', texts: numbered(prefix, 12) });
  await dies(device, death);
}

/** Starts the device again, has it send one more text and waits until Bob has it. */
export async function goOn(device: Device, bob: Device, text: string): Promise<void> {
  const survivor = await device.start('open');
  await survivor.do('send', { to: 'bob', text });
  await bob.child.until((lines) => lines.find(({ got }) => got === text));
  await survivor.do('flush');
  await survivor.close();
}
