/** Messages whose session has gone: their ciphertexts are dropped and their contents wait for a new session, under their old message ids. Design D6. */
import { type DeviceAddress, type GroupAddress, deviceKey, groupKey } from '../base/address.js';
import { deleteOutboxEntry } from '../store/client/queue-rows.js';
import type { MessageOrigin, OutboxEntry } from '../store/client/queue-rows.js';
import { requests } from '../wire/request.js';
import type { Core } from './core.js';
import { type GroupAudience, keepWaiting } from './group-send.js';
import type { Plan } from './plan.js';

/**
 * Adds to `plan` that every message for a group waits for keys again, and that every change of a group is asked for anew: what was sealed was
 * sealed with keys that are given up. Holds the locks of all groups. Throws `StoreError`.
 */
export async function requeueGroups(core: Core, plan: Plan): Promise<void> {
  const { store, outbox, orders, groupWaiting } = core;
  const taken: OutboxEntry[] = [];
  await store.walkOutbox((entry) => {
    if (entry.group !== undefined) taken.push(entry);
  });
  const dropped = new Set(taken.map(({ sequence }) => sequence));
  plan.write(...taken.map(({ sequence }) => deleteOutboxEntry(sequence))).apply(() => outbox.drop(dropped));
  for (const group of orders.groups()) {
    const sent = orders.sent(group);
    if (sent !== undefined) plan.add(orders.mark(sent, false));
  }
  const byGroup = new Map<string, { readonly group: GroupAddress; readonly messages: (MessageOrigin & GroupAudience)[] }>();
  for (const { group, origin, body } of taken) {
    if (group === undefined || origin === undefined) continue;
    const { allow, deny } = requests.send_group_msg.decodeRequest(body, body.length);
    const found = byGroup.get(groupKey(group)) ?? { group, messages: [] };
    byGroup.set(groupKey(group), found);
    found.messages.push({ ...origin, allow, deny });
  }
  for (const { group, messages } of byGroup.values()) {
    // What had been sealed was sent before what waits: the order stays, under new numbers.
    const waiting = await store.loadWaitingGroupMessages(group);
    const sequences = waiting.map(({ sequence }) => sequence);
    plan.add(groupWaiting.remove(group, sequences));
    keepWaiting(core, plan, group, [...messages, ...waiting]);
  }
}

/**
 * Adds to `plan` that pre-keys which have not reached the relay are not published: it may know others by their ids. Gives the ids of the signed ones.
 * Throws `StoreError`.
 */
export async function dropPreKeyRequests({ store, outbox }: Core, plan: Plan): Promise<ReadonlySet<number>> {
  const dropped = new Set<number>();
  const signed = new Set<number>();
  await store.walkOutbox(({ kind, sequence, body }) => {
    if (kind === 'supply_opks' || kind === 'publish_spk') dropped.add(sequence);
    if (kind === 'publish_spk') signed.add(requests.publish_spk.decodeRequest(body, body.length).signedPreKey.id);
  });
  plan.write(...[...dropped].map(deleteOutboxEntry)).apply(() => outbox.drop(dropped));
  return signed;
}

/**
 * Adds to `plan` that every request queued for a device that `concerns` is taken back. `renewed` gives each content as it is to be sent now, or drops
 * it, also of what waited before. Throws `StoreError`.
 */
export async function requeue(
  core: Core,
  plan: Plan,
  concerns: (device: DeviceAddress) => boolean,
  renewed: (content: Uint8Array) => Uint8Array | undefined = (content) => content,
): Promise<void> {
  const { store, outbox, pending } = core;
  const bound: OutboxEntry[] = [];
  await store.walkOutbox((entry) => {
    if (entry.device !== undefined && concerns(entry.device)) bound.push(entry);
  });
  const dropped = new Set(bound.map(({ sequence }) => sequence));
  plan.write(...bound.map(({ sequence }) => deleteOutboxEntry(sequence))).apply(() => outbox.drop(dropped));
  const byDevice = unsent(bound);
  for (const target of pending.targets()) {
    if ('deviceId' in target && concerns(target) && !byDevice.has(deviceKey(target)))
      byDevice.set(deviceKey(target), { device: target, messages: [] });
  }
  for (const { device, messages } of byDevice.values()) {
    const waiting = await pending.take(device);
    // What had been encrypted was sent before what waits: the order stays, under new numbers.
    const kept = [...messages, ...waiting.messages].flatMap((message) => {
      const content = renewed(message.content);
      return content === undefined ? [] : [{ ...message, content }];
    });
    plan.add(waiting.change).add(pending.add(device, kept));
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
