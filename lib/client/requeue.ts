/** Messages whose session has gone: their ciphertexts are dropped and their contents wait for a new session, under their old message ids. Design D6. */
import { type DeviceAddress, deviceKey } from '../base/address.js';
import { deleteOutboxEntry } from '../store/client/queue-rows.js';
import type { MessageOrigin, OutboxEntry } from '../store/client/queue-rows.js';
import type { Core } from './core.js';
import type { Plan } from './plan.js';

/** Adds to `plan` that every request queued for a device that `concerns` is taken back. Throws `StoreError`. */
export async function requeue(core: Core, plan: Plan, concerns: (device: DeviceAddress) => boolean): Promise<void> {
  const { store, outbox, pending } = core;
  const bound: OutboxEntry[] = [];
  await store.walkOutbox((entry) => {
    if (entry.device !== undefined && concerns(entry.device)) bound.push(entry);
  });
  const dropped = new Set(bound.map(({ sequence }) => sequence));
  plan.write(...bound.map(({ sequence }) => deleteOutboxEntry(sequence))).apply(() => outbox.drop(dropped));
  for (const { device, messages } of unsent(bound).values()) {
    const waiting = await pending.take(device);
    // What had been encrypted was sent before what waits: the order stays, under new numbers.
    plan.add(waiting.change).add(pending.add(device, [...messages, ...waiting.messages]));
  }
}

interface Unsent {
  readonly device: DeviceAddress;
  readonly messages: MessageOrigin[];
}

function unsent(entries: readonly OutboxEntry[]): Map<string, Unsent> {
  const byDevice = new Map<string, Unsent>();
  for (const { device, origin } of entries) {
    if (device === undefined || origin === undefined) continue;
    const known = byDevice.get(deviceKey(device));
    if (known === undefined) byDevice.set(deviceKey(device), { device, messages: [origin] });
    else known.messages.push(origin);
  }
  return byDevice;
}
