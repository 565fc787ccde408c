/** Pushes about devices and connections, and the tag of every push. Spec: wire.md §10. */
import type { DeviceAddress } from '../base/address.js';
import { limits } from '../base/limits.js';
import { readDevice, toAddress } from './address.js';
import { integer, list, type Maybe, required, requiredText, text, toLong } from './field.js';
import type { e2ees } from './generated/e2ees.js';

/** Time and acknowledgement handle of a push. Spec: wire.md §10 (ProtoMsgTag). */
export interface PushTag {
  /** Relay time, ms since 1970. */
  readonly time: number;
  readonly id: string;
}

/** Asks the device for more one-time pre-keys. Spec: wire.md §10 (SupplyOpksMsg). */
export interface SupplyOneTimePreKeys {
  /** Relay time, ms since 1970. */
  readonly time: number;
  readonly count: number;
  readonly user: DeviceAddress;
}

/** A user has a new device. Spec: wire.md §10 (AddUserDeviceMsg). */
export interface AddUserDevice {
  readonly device: DeviceAddress;
  /** The user's devices before it. */
  readonly oldDevices: readonly DeviceAddress[];
}

/** A device was removed. Spec: wire.md §10 (RemoveUserDeviceMsg). */
export interface RemoveUserDevice {
  readonly device: DeviceAddress;
}

/** Asks for every push after a tag. Spec: wire.md §10 (AcquireSyncMsg). */
export interface AcquireSync {
  readonly last: PushTag | undefined;
}

/** Sign of life of a client. Spec: wire.md §10 (ClientHeartbeatMsg). */
export interface ClientHeartbeat {
  /** ms since 1970. */
  readonly time: number;
}

/** Sign of life of the relay. Spec: wire.md §10 (ServerHeartbeatMsg). */
export interface ServerHeartbeat {
  readonly hostName: string;
  /** ms since 1970. */
  readonly time: number;
}

/** A change of suite is planned. Spec: wire.md §10 (UpgradeE2eesPackMsg). */
export interface UpgradeSuite {
  /** ms since 1970. */
  readonly time: number;
  /** Possibly of a suite this build does not know. */
  readonly packId: number;
}

/** As generated code wants it. */
export function toTag(tag: PushTag): e2ees.ProtoMsgTag.$Properties {
  return { protoMsgT: toLong(tag.time), protoMsgId: tag.id };
}

/** Throws `DecodeError`. */
export function readTag(found: e2ees.ProtoMsgTag.$Properties, field: string): PushTag {
  return { time: integer(found.protoMsgT, `${field}.proto_msg_t`), id: readPushId(found, field) };
}

/** The id alone. Throws `DecodeError`. */
export function readPushId(found: e2ees.ProtoMsgTag.$Properties, field: string): string {
  return requiredText(found.protoMsgId, `${field}.proto_msg_id`);
}

/** As generated code wants it. */
export function toAcquireSync(value: AcquireSync): e2ees.AcquireSyncMsg.$Properties {
  return { lastProtoMsgTag: value.last === undefined ? null : toTag(value.last) };
}

/** Throws `DecodeError`. */
export function readAcquireSync(value: Maybe<e2ees.AcquireSyncMsg.$Properties>, field: string): AcquireSync {
  const { lastProtoMsgTag } = required(value, field);
  return { last: lastProtoMsgTag === null || lastProtoMsgTag === undefined ? undefined : readTag(lastProtoMsgTag, field) };
}

/** As generated code wants it. */
export function toSupply(value: SupplyOneTimePreKeys): e2ees.SupplyOpksMsg.$Properties {
  return { serverT: toLong(value.time), opksNum: value.count, userAddress: toAddress(value.user) };
}

/** Throws `DecodeError`. */
export function readSupply(value: Maybe<e2ees.SupplyOpksMsg.$Properties>, field: string): SupplyOneTimePreKeys {
  const found = required(value, field);
  const time = integer(found.serverT, `${field}.server_t`);
  return { time, count: found.opksNum ?? 0, user: readDevice(found.userAddress, `${field}.user_address`) };
}

/** As generated code wants it. */
export function toAddUserDevice(value: AddUserDevice): e2ees.AddUserDeviceMsg.$Properties {
  return { userAddress: toAddress(value.device), oldAddressList: value.oldDevices.map(toAddress) };
}

/** Throws `DecodeError`. */
export function readAddUserDevice(value: Maybe<e2ees.AddUserDeviceMsg.$Properties>, field: string): AddUserDevice {
  const found = required(value, field);
  return {
    device: readDevice(found.userAddress, `${field}.user_address`),
    oldDevices: list(found.oldAddressList, `${field}.old_address_list`, limits.devicesPerUser, readDevice),
  };
}

/** As generated code wants it. */
export function toRemoveUserDevice(value: RemoveUserDevice): e2ees.RemoveUserDeviceMsg.$Properties {
  return { userAddress: toAddress(value.device) };
}

/** Throws `DecodeError`. */
export function readRemoveUserDevice(value: Maybe<e2ees.RemoveUserDeviceMsg.$Properties>, field: string): RemoveUserDevice {
  return { device: readDevice(required(value, field).userAddress, `${field}.user_address`) };
}

/** As generated code wants it. */
export function toClientHeartbeat(value: ClientHeartbeat): e2ees.ClientHeartbeatMsg.$Properties {
  return { clientT: toLong(value.time) };
}

/** Throws `DecodeError`. */
export function readClientHeartbeat(value: Maybe<e2ees.ClientHeartbeatMsg.$Properties>, field: string): ClientHeartbeat {
  return { time: integer(required(value, field).clientT, `${field}.client_t`) };
}

/** As generated code wants it. */
export function toServerHeartbeat(value: ServerHeartbeat): e2ees.ServerHeartbeatMsg.$Properties {
  return { hostname: value.hostName, serverT: toLong(value.time) };
}

/** Throws `DecodeError`. */
export function readServerHeartbeat(value: Maybe<e2ees.ServerHeartbeatMsg.$Properties>, field: string): ServerHeartbeat {
  const found = required(value, field);
  return { hostName: text(found.hostname, `${field}.hostname`), time: integer(found.serverT, `${field}.server_t`) };
}

/** As generated code wants it. */
export function toUpgrade(value: UpgradeSuite): e2ees.UpgradeE2eesPackMsg.$Properties {
  return { upgradeTs: toLong(value.time), e2eesPackId: value.packId };
}

/** Throws `DecodeError`. */
export function readUpgrade(value: Maybe<e2ees.UpgradeE2eesPackMsg.$Properties>, field: string): UpgradeSuite {
  const found = required(value, field);
  return { time: integer(found.upgradeTs, `${field}.upgrade_ts`), packId: found.e2eesPackId ?? 0 };
}
