/**
 * A change of a group as one transaction: the group, the marks of its devices, the pushes, and who is told of members that want to leave.
 *
 * Owns: that these belong together. Does not own: whether the change may be made.
 */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey, sameDevice } from '../base/address.js';
import type { GroupLeave, GroupMark, GroupRecord } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import { encodePayload } from '../wire/push.js';
import type { RelayContext } from './context.js';
import { type GroupState, addressOf, groupState, managingDevices, memberOf } from './group-state.js';
import type { Delivery, PlaceOf } from './mailbox.js';

/** What is to become of a group. */
export interface GroupPlan {
  /** `undefined`: it is new. */
  readonly before: GroupState | undefined;
  readonly record: GroupRecord;
  /** Devices that are marked afterwards, those of one user in the order of their ids. */
  readonly devices: readonly DeviceAddress[];
  /** Those of them that get keys by it, by `deviceKey`: they need no others. */
  readonly keyed?: ReadonlySet<string>;
  /** Pushes that change the group for a device: until it has consumed the last of them, it administers nothing. */
  readonly control: readonly Delivery[];
}

/** A planned change. */
export interface GroupUpdate {
  readonly deliveries: readonly Delivery[];
  /** The rows, once it is known where the deliveries were put; called once. */
  writes(placeOf: PlaceOf): Write[];
  /** The transaction is durable. */
  settle(): void;
}

/** Plans a change; the caller holds the group's lock until it has settled. */
export function planUpdate(context: RelayContext, plan: GroupPlan): GroupUpdate {
  const { before, record, devices, control, keyed } = plan;
  const { groups } = context.store;
  const known = before?.marks ?? new Map<string, GroupMark>();
  const markOf = (device: DeviceAddress): GroupMark => {
    const mark = known.get(deviceKey(device)) ?? freshMark(device);
    return mark.needsKeys && keyed?.has(deviceKey(device)) === true ? { ...mark, needsKeys: false } : mark;
  };
  const reached = groupState(record, devices.map(markOf));
  const leaves = routeLeaves(context, reached);
  let after: GroupState | undefined;
  return {
    deliveries: [...control, ...leaves.flatMap(({ delivery }) => (delivery === undefined ? [] : [delivery]))],
    writes(placeOf) {
      const controls = new Map(control.map((delivery) => [deviceKey(delivery.to), placeOf(delivery)]));
      const marks = devices.map((device) => {
        const place = controls.get(deviceKey(device));
        const mark = markOf(device);
        return place === undefined ? mark : { ...mark, controlSequence: place.sequence, controlId: place.id };
      });
      const routed = { ...record, leaves: leaves.map((leave) => placedLeave(leave, placeOf)) };
      after = groupState(routed, marks);
      const staying = after.marks;
      return [
        groups.putGroup(routed),
        ...marks.filter((mark) => known.get(deviceKey(mark.device)) !== mark).map((mark) => groups.putMark(record.groupId, mark)),
        ...[...known].filter(([name]) => !staying.has(name)).map(([, { device }]) => groups.deleteMark(record.groupId, device)),
        ...membershipWrites(context, before?.record, routed),
      ];
    },
    settle() {
      if (after !== undefined) context.groups.keep(after);
    },
  };
}

function freshMark({ domain, userId, deviceId }: DeviceAddress): GroupMark {
  return { device: { domain, userId, deviceId }, controlSequence: 0, controlId: '', needsKeys: false };
}

function membershipWrites({ store }: RelayContext, before: GroupRecord | undefined, after: GroupRecord): Write[] {
  const joined = after.members.filter((member) => before === undefined || memberOf(before, member) === undefined);
  const gone = before === undefined ? [] : before.members.filter((member) => memberOf(after, member) === undefined);
  return [
    ...joined.map(({ userId }) => store.groups.putMembership(userId, after.groupId)),
    ...gone.map(({ userId }) => store.groups.deleteMembership(userId, after.groupId)),
  ];
}

interface RoutedLeave {
  readonly leave: GroupLeave;
  /** Goes to a manager's device because none is told yet, or no longer. */
  readonly delivery: Delivery | undefined;
}

/** LeaveGroupMsg goes to one device, or several managers would remove the same member at the same time. Spec: server.md §3 (leave_group). */
function routeLeaves(context: RelayContext, state: GroupState): RoutedLeave[] {
  const { record } = state;
  return record.leaves
    .filter(({ leaver }) => memberOf(record, leaver) !== undefined)
    .map((leave) => {
      const candidates = managingDevices(state, leave.leaver);
      const { leaver, told } = leave;
      if (told !== undefined && candidates.some((device) => sameDevice(device, told.device))) return { leave, delivery: undefined };
      const to = candidates.find((device) => context.mailboxes.isConnected(device)) ?? candidates[0];
      const untold = { leaver, told: undefined };
      if (to === undefined) return { leave: untold, delivery: undefined };
      const payload = encodePayload({ kind: 'leave-group', value: { leaver, group: addressOf(record, context.domain) } });
      return { leave: untold, delivery: { to, from: leaver, payload, signed: true, optional: true } };
    });
}

function placedLeave({ leave, delivery }: RoutedLeave, placeOf: PlaceOf): GroupLeave {
  const place = delivery === undefined ? undefined : placeOf(delivery);
  if (delivery === undefined || place === undefined) return leave;
  return { leaver: leave.leaver, told: { device: delivery.to, sequence: place.sequence, pushId: place.id } };
}
