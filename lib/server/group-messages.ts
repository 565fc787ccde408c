/** Group traffic that changes no membership: messages, and the wish to leave. Spec: server.md §3. */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey, sameUser } from '../base/address.js';
import { toHex, utf8 } from '../base/bytes.js';
import { sha256 } from '../crypto/hash.js';
import { isGroupAddress } from '../wire/address.js';
import { decodeEnvelope } from '../wire/message.js';
import type { Handler, RelayContext } from './context.js';
import { requireCaller } from './context.js';
import { deviceName } from './device-name.js';
import { withoutDevice } from './group-members.js';
import { requireGroup, requireState } from './group-requests.js';
import { type GroupState, groupLock, isLeaving, managingDevices, memberOf, noSuchGroup, requireMember } from './group-state.js';
import { planUpdate } from './group-update.js';
import { Refusal, responseCode } from './refusal.js';

/**
 * send_group_msg: to every device that was made known in the group, the sender's other ones included, or to those that the lists leave over. A
 * device whose mailbox is full goes without, so that it does not silence the group.
 */
export const sendGroupMessage: Handler<'send_group_msg'> = async (context, caller, { envelope: encoded, allow, deny }) => {
  const { from, to, payload, messageId, sessionId } = decodeEnvelope(encoded, context.limits.frameLength);
  requireCaller(caller, from);
  if (!isGroupAddress(to) || payload.kind !== 'group') throw new Refusal(responseCode.badRequest, 'the message is not for a group');
  const { groupId } = requireGroup(context, to);
  // The lists are a part of its name: the same message may be sent to others later. They are hashed, because they can be long.
  const lists = toHex(sha256(utf8(JSON.stringify([allow.map(deviceKey), deny.map(deviceKey)]))));
  const name = JSON.stringify([messageId, sessionId, groupId, lists]);
  const take = async (generation: number): Promise<void> => {
    // The lock ends when the message has its place in all mailboxes; it is awaited outside, so that messages share commits.
    const { durable } = await context.locks.run([groupLock(groupId)], async () => {
      const state = await requireState(context, groupId);
      requireMember(state.record, caller);
      // Without a mark it has no keys: it is new, or was just removed. One that has given its keys up sends nothing with them.
      if (state.marks.get(deviceName(caller))?.needsKeys !== false)
        throw new Refusal(responseCode.forbidden, 'the device was not added to the group');
      // The envelope goes on byte for byte, stored once.
      const message = { kind: 'message', bytes: encoded } as const;
      const deliveries = receivers(state, caller, allow, deny).map((device) => ({
        to: device,
        from,
        payload: message,
        signed: false,
        optional: true,
      }));
      return { durable: context.mailboxes.post(deliveries, () => context.counters.writes(caller), generation) };
    });
    await durable;
  };
  await context.order.keep(deviceName(caller), (generation) => context.recent.once(deviceName(caller), name, () => take(generation)));
  return {};
};

function receivers(
  { devices }: GroupState,
  caller: DeviceAddress,
  allow: readonly DeviceAddress[],
  deny: readonly DeviceAddress[],
): DeviceAddress[] {
  const others = withoutDevice(devices, caller);
  if (allow.length === 0 && deny.length === 0) return others;
  const allowed = new Set(allow.map(deviceKey));
  const denied = new Set(deny.map(deviceKey));
  return others.filter((device) => {
    const name = deviceKey(device);
    return (allowed.size === 0 || allowed.has(name)) && !denied.has(name);
  });
}

/**
 * leave_group: asks a manager's device to remove the user, who sends no more messages from now on. The same again is answered alike; if the
 * manager's device has acknowledged without doing it, one is asked again.
 */
export const leaveGroup: Handler<'leave_group'> = async (context, caller, request) => {
  requireCaller(caller, request.leaver);
  const { groupId } = requireGroup(context, request.group);
  return context.locks.run([groupLock(groupId)], async () => {
    const { generation } = context.store;
    const before = await requireState(context, groupId);
    if (memberOf(before.record, caller) === undefined) throw noSuchGroup();
    const answer = { leaver: request.leaver, group: { domain: context.domain, groupId, groupName: before.record.name } };
    const isLast = managingDevices(before, caller).length === 0;
    if (isLeaving(before.record, caller) && (isLast || (await isBeingAsked(context, before, caller)))) return answer;
    if (isLast) throw new Refusal(responseCode.conflict, 'nobody else can manage the group');
    const earlier = before.record.leaves.filter(({ leaver }) => !sameUser(leaver, caller));
    const { domain, userId, deviceId } = caller;
    const record = { ...before.record, leaves: [...earlier, { leaver: { domain, userId, deviceId }, told: undefined }] };
    const update = planUpdate(context, { before, record, devices: before.devices, control: [] });
    await context.mailboxes.post(
      update.deliveries,
      (placeOf) => [...update.writes(placeOf), ...context.counters.writes(caller)],
      generation,
    );
    update.settle();
    return answer;
  });
};

/** Whether a manager's device has the user's wish in its mailbox. */
async function isBeingAsked(context: RelayContext, { record }: GroupState, caller: DeviceAddress): Promise<boolean> {
  const told = record.leaves.find(({ leaver }) => sameUser(leaver, caller))?.told;
  return told !== undefined && (await context.mailboxes.holds(told.device, told.sequence, told.pushId));
}
