/** What a one-to-one ciphertext contains. Spec: wire.md §8 (Plaintext). */
import type { UserAddress } from '../base/address.js';
import { limits } from '../base/limits.js';
import { allocateSecret } from '../base/secret.js';
import { unreachable } from '../base/errors.js';
import { decodeMessage, encodeMessage } from './codec.js';
import { list, missing, protocolVersion, requiredText, type Maybe, required } from './field.js';
import { e2ees } from './generated/e2ees.js';
import {
  type GroupPreKeyBundle,
  type GroupUpdateKeyBundle,
  readGroupPreKeyBundle,
  readGroupUpdateKeyBundle,
  toGroupPreKeyBundle,
  toGroupUpdateKeyBundle,
} from './group.js';
import { bytesFieldLength, FieldWriter, messageFieldLength } from './raw.js';
import { readPlainContent } from './plain-message.js';

/** Asks own other devices to open sessions with these devices of a user; none named means all. Spec: wire.md §8 (UserDevicesBundle). */
export interface UserDevices extends UserAddress {
  readonly deviceIds: readonly string[];
}

/** What a one-to-one message says; `sync` is the copy of an own message for own other devices. */
export type Content =
  | { readonly kind: 'common'; readonly bytes: Uint8Array }
  | { readonly kind: 'sync'; readonly bytes: Uint8Array }
  | { readonly kind: 'user-devices'; readonly devices: UserDevices }
  | { readonly kind: 'group-pre-key-bundle'; readonly bundle: GroupPreKeyBundle }
  | { readonly kind: 'group-update-key-bundle'; readonly bundle: GroupUpdateKeyBundle };

/** Field numbers of `Plaintext`. */
const fields = { version: 1, common: 2, sync: 3, userDevices: 11, groupPreKeyBundle: 12, groupUpdateKeyBundle: 13 } as const;

/** Encodes a `Plaintext` in memory fit for secrets; the caller wipes it when it is sealed. */
export function encodeContent(content: Content): Uint8Array {
  switch (content.kind) {
    case 'common':
      return withVersion(fields.common, content.bytes);
    case 'sync':
      return withVersion(fields.sync, content.bytes);
    case 'user-devices':
      return withVersion(fields.userDevices, encodeMessage(e2ees.UserDevicesBundle, toUserDevices(content.devices)));
    case 'group-pre-key-bundle': {
      const body = encodeMessage(e2ees.GroupPreKeyBundle, toGroupPreKeyBundle(content.bundle));
      return wiped(withVersion(fields.groupPreKeyBundle, body), body);
    }
    case 'group-update-key-bundle': {
      const body = encodeMessage(e2ees.GroupUpdateKeyBundle, toGroupUpdateKeyBundle(content.bundle));
      return wiped(withVersion(fields.groupUpdateKeyBundle, body), body);
    }
    default:
      return unreachable(content);
  }
}

function wiped(result: Uint8Array, temporary: Uint8Array): Uint8Array {
  temporary.fill(0);
  return result;
}

function withVersion(field: number, body: Uint8Array): Uint8Array {
  const writer = new FieldWriter(allocateSecret(bytesFieldLength(protocolVersion.length) + messageFieldLength(body.length)));
  writer.ascii(fields.version, protocolVersion);
  writer.message(field, body);
  return writer.out;
}

/**
 * Decodes a `Plaintext`; keys are copies, the application's bytes a view of `encoded`. The last payload counts when there are several. Throws `DecodeError`;
 * `missing-field` also for payloads of a kind not known.
 */
export function decodeContent(encoded: Uint8Array, maxLength: number = limits.frameLength): Content {
  const plain = encoded.length <= maxLength ? readPlainContent(encoded) : undefined;
  if (plain !== undefined) return plain;
  const found = decodeMessage(e2ees.Plaintext, encoded, maxLength);
  requiredText(found.version, 'version');
  switch (found.payload) {
    case 'commonMsg':
      return { kind: 'common', bytes: found.commonMsg };
    case 'commonSyncMsg':
      return { kind: 'sync', bytes: found.commonSyncMsg };
    case 'userDevicesBundle':
      return { kind: 'user-devices', devices: readUserDevices(found.userDevicesBundle, 'user_devices_bundle') };
    case 'groupPreKeyBundle':
      return { kind: 'group-pre-key-bundle', bundle: readGroupPreKeyBundle(found.groupPreKeyBundle, 'group_pre_key_bundle') };
    case 'groupUpdateKeyBundle':
      return { kind: 'group-update-key-bundle', bundle: readGroupUpdateKeyBundle(found.groupUpdateKeyBundle, 'group_update_key_bundle') };
    case undefined:
      throw missing('payload');
    default:
      return unreachable(found);
  }
}

function toUserDevices(devices: UserDevices): e2ees.UserDevicesBundle.$Properties {
  return { domain: devices.domain, userId: devices.userId, deviceIdList: [...devices.deviceIds] };
}

function readUserDevices(value: Maybe<e2ees.UserDevicesBundle.$Properties>, field: string): UserDevices {
  const found = required(value, field);
  return {
    domain: requiredText(found.domain, `${field}.domain`),
    userId: requiredText(found.userId, `${field}.user_id`),
    deviceIds: list(found.deviceIdList, `${field}.device_id_list`, limits.devicesPerUser, (id, name) => requiredText(id, name)),
  };
}
