/** What the rows of a client have in common. */
import type { DeviceAddress, GroupAddress } from '../../base/address.js';
import { StoreError } from '../../base/errors.js';
import { Secret } from '../../base/secret.js';
import { ChainSecret } from '../../crypto/chain.js';
import { type CipherSuite, cipherSuite } from '../../crypto/cipher-suite.js';
import type { HashAlgorithm } from '../../crypto/scheme.js';
import { type RecordReader, type RecordWriter, decodeRecord, encodeRecord } from '../record.js';
import type { Table, Write } from '../store.js';

/** Version of every row of this schema. */
const version = 1;

/** Sets the row to what `write` writes; `rowVersion` is that of a row whose form has changed. */
export function putRow(table: Table, key: Uint8Array, write: (writer: RecordWriter) => void, rowVersion = version): Write {
  return { table, key, value: encodeRecord(rowVersion, write) };
}

/** Deletes the row; one that does not exist is no error. */
export function deleteRow(table: Table, key: Uint8Array): Write {
  return { table, key, value: undefined };
}

/**
 * What `read` makes of a row's value, which is wiped; `known` are the versions that it can read. Throws `StoreError('damaged')` or
 * `StoreError('newer-schema')`.
 */
export function readRow<T>(value: Uint8Array, read: (reader: RecordReader) => T, known: readonly number[] = [version]): T {
  try {
    return decodeRecord(value, known, read);
  } finally {
    value.fill(0);
  }
}

/** Writes a device. */
export function writeDevice(writer: RecordWriter, device: DeviceAddress): void {
  writer.string(device.domain).string(device.userId).string(device.deviceId);
  writer.optional(device.userName, (name) => writer.string(name));
}

/** Reads what {@link writeDevice} wrote. */
export function readDevice(reader: RecordReader): DeviceAddress {
  const domain = reader.string();
  const userId = reader.string();
  const deviceId = reader.string();
  const userName = reader.optional(() => reader.string());
  return userName === undefined ? { domain, userId, deviceId } : { domain, userId, deviceId, userName };
}

/** Writes the address of a group. */
export function writeGroupAddress(writer: RecordWriter, { domain, groupId, groupName }: GroupAddress): void {
  writer.string(domain).string(groupId);
  writer.optional(groupName, (name) => writer.string(name));
}

/** Reads what {@link writeGroupAddress} wrote. */
export function readGroupAddress(reader: RecordReader): GroupAddress {
  const domain = reader.string();
  const groupId = reader.string();
  const groupName = reader.optional(() => reader.string());
  return groupName === undefined ? { domain, groupId } : { domain, groupId, groupName };
}

/** Reads a secret. */
export function readSecret<Kind extends string>(reader: RecordReader, length?: number): Secret<Kind> {
  return new Secret<Kind>(reader.bytes(length));
}

/** Reads a chain key of `hash`: a view of the row. Throws `StoreError('damaged')` for one of another length than its digest's. */
export function readChainSecret(reader: RecordReader, hash: HashAlgorithm): ChainSecret {
  return new ChainSecret(hash, reader.bytes(hash.digestLength));
}

/** Reads the pack id of a suite. Throws `StoreError('damaged')` for one that this build does not have. */
export function readSuite(reader: RecordReader): CipherSuite {
  const packId = reader.uint(0xffff_ffff);
  try {
    return cipherSuite(packId);
  } catch (cause) {
    throw new StoreError('damaged', 'a stored row names no cipher suite of this build', { cause });
  }
}
