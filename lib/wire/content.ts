/** What a one-to-one ciphertext contains. Spec: wire.md §8 (Plaintext). */
import type { UserAddress } from '../base/address.js';
import { limits } from '../base/limits.js';
import { allocateSecret, copySecret } from '../base/secret.js';
import { unreachable } from '../base/errors.js';
import { checkLength, decodeMessage, encodeMessage, plainBytes } from './codec.js';
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
import { bytesFieldLength, FieldReader, FieldWriter, messageFieldLength } from './raw.js';

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
 * Decodes a `Plaintext`; bytes and keys are copies. The last payload counts when there are several. Throws `DecodeError`;
 * `missing-field` also for payloads of a kind not known.
 */
export function decodeContent(encoded: Uint8Array, maxLength: number = limits.frameLength): Content {
  checkLength(encoded, maxLength);
  const reader = new FieldReader(plainBytes(encoded));
  let version: string | undefined;
  let kind = 0;
  let body: Uint8Array | undefined;
  while (reader.next()) {
    if (!reader.isDelimited()) reader.skip();
    else if (reader.field === fields.version) version = reader.text();
    else if (isPayload(reader.field)) {
      kind = reader.field;
      body = reader.view();
    } else reader.skip();
  }
  if (version === undefined || version === '') throw missing('version');
  if (body === undefined) throw missing('payload');
  switch (kind) {
    case fields.common:
      return { kind: 'common', bytes: copySecret(body) };
    case fields.sync:
      return { kind: 'sync', bytes: copySecret(body) };
    case fields.userDevices:
      return {
        kind: 'user-devices',
        devices: readUserDevices(decodeMessage(e2ees.UserDevicesBundle, body, maxLength), 'user_devices_bundle'),
      };
    case fields.groupPreKeyBundle: {
      const bundle = decodeMessage(e2ees.GroupPreKeyBundle, body, maxLength);
      return { kind: 'group-pre-key-bundle', bundle: readGroupPreKeyBundle(bundle, 'group_pre_key_bundle') };
    }
    default: {
      const bundle = decodeMessage(e2ees.GroupUpdateKeyBundle, body, maxLength);
      return { kind: 'group-update-key-bundle', bundle: readGroupUpdateKeyBundle(bundle, 'group_update_key_bundle') };
    }
  }
}

function isPayload(field: number): boolean {
  return field === fields.common || field === fields.sync || (field >= fields.userDevices && field <= fields.groupUpdateKeyBundle);
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
