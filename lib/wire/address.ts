/** Addresses. Spec: wire.md §1, §4. */
import type { DeviceAddress, GroupAddress } from '../base/address.js';
import { DecodeError } from '../base/errors.js';
import { encodeMessage } from './codec.js';
import { type Maybe, missing, optionalText, required, requiredText, text } from './field.js';
import { e2ees } from './generated/e2ees.js';

/** A device or a group: what a message can be sent to. */
export type Address = DeviceAddress | GroupAddress;

/** Whether `address` names a group. */
export function isGroupAddress(address: Address): address is GroupAddress {
  return 'groupId' in address;
}

const encodings = new WeakMap<Address, Uint8Array>();

/** The bytes of an `E2eeAddress`, shared by all callers: do not change them. Address objects are immutable, so each is encoded once. */
export function encodedAddress(address: Address): Uint8Array {
  const known = encodings.get(address);
  if (known !== undefined) return known;
  const encoded = encodeMessage(e2ees.E2eeAddress, toAddress(address));
  encodings.set(address, encoded);
  return encoded;
}

/** As generated code wants it. */
export function toAddress(address: Address): e2ees.E2eeAddress.$Properties {
  if (isGroupAddress(address)) {
    return { domain: address.domain, group: { groupName: address.groupName ?? null, groupId: address.groupId } };
  }
  const { domain, userName, userId, deviceId } = address;
  return { domain, user: { userName: userName ?? null, userId, deviceId } };
}

/** An address of either kind; the device id may be empty (all devices of a user). Throws `DecodeError` with code `missing-field` or `too-long`. */
export function readAddress(value: Maybe<e2ees.E2eeAddress.$Properties>, field: string): Address {
  const found = required(value, field);
  const domain = requiredText(found.domain, `${field}.domain`);
  // Both can be in the message of a careless sender; the last one counts, as everywhere with protobuf.
  const { peer } = found;
  if (peer === 'group') {
    const group = required(found.group, field);
    const groupName = optionalText(group.groupName, `${field}.group_name`);
    const groupId = requiredText(group.groupId, `${field}.group_id`);
    return groupName === undefined ? { domain, groupId } : { domain, groupId, groupName };
  }
  const user = required(found.user, field);
  const userId = requiredText(user.userId, `${field}.user_id`);
  const deviceId = text(user.deviceId, `${field}.device_id`);
  const userName = optionalText(user.userName, `${field}.user_name`);
  return userName === undefined ? { domain, userId, deviceId } : { domain, userId, deviceId, userName };
}

/** The address of one device. Throws `DecodeError` with code `missing-field`, `too-long` or `malformed` (a group's address). */
export function readDevice(value: Maybe<e2ees.E2eeAddress.$Properties>, field: string): DeviceAddress {
  const address = readAddress(value, field);
  if (isGroupAddress(address)) throw new DecodeError('malformed', `${field} is not the address of a device`);
  if (address.deviceId === '') throw missing(`${field}.device_id`);
  return address;
}

/** The address of a group. Throws `DecodeError` with code `missing-field`, `too-long` or `malformed` (a device's address). */
export function readGroup(value: Maybe<e2ees.E2eeAddress.$Properties>, field: string): GroupAddress {
  const address = readAddress(value, field);
  if (!isGroupAddress(address)) throw new DecodeError('malformed', `${field} is not the address of a group`);
  return address;
}
