/**
 * The rows of the own account. What never changes, what changes with a supply of pre-keys, and what the relay renews are rows of their own;
 * so is every pre-key.
 */
import type { Account } from '../../account/account.js';
import type { OneTimePreKey } from '../../account/one-time-pre-key.js';
import type { SignedPreKey } from '../../account/signed-pre-key.js';
import type { DeviceAddress } from '../../base/address.js';
import { StoreError } from '../../base/errors.js';
import type { CipherSuite } from '../../crypto/cipher-suite.js';
import { type Certificate, decodeCertificate, encodeCertificate } from '../../wire/certificate.js';
import type { RecordReader, RecordWriter } from '../record.js';
import { RowKeyReader, rowKey } from '../row-key.js';
import type { Row, Write } from '../store.js';
import { deleteRow, putRow, readDevice, readRow, readSecret, readSuite, writeDevice } from './row.js';

/** What the relay gave to prove who we are. Spec: one2one.md §1.1. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly token: string;
  /** ms since 1970; 0 when the relay did not say. */
  readonly tokenExpires: number;
}

/** A registration that has begun: the keys exist, the relay may have them. */
export interface PendingRegistration {
  /** What the caller asked for, as one text: another call that asks for the same goes on with the same request. */
  readonly asked: string;
  /** The encoded RegisterUserRequest, sent again byte for byte. */
  readonly request: Uint8Array;
}

/** Everything of an account but its pre-keys. */
export interface StoredIdentity {
  readonly suite: CipherSuite;
  readonly address: DeviceAddress;
  readonly identity: Account['identity'];
}

/** Keys of the rows in the table `account`. */
export const accountKeys = {
  identity: rowKey().text('identity').toBytes(),
  counter: rowKey().text('next-one-time-pre-key').toBytes(),
  credentials: rowKey().text('credentials').toBytes(),
  certificate: rowKey().text('certificate').toBytes(),
  registration: rowKey().text('registration').toBytes(),
} as const;

/** Prefix of the signed pre-keys in the table `pre-key`. */
export const signedPreKeyPrefix: Uint8Array = rowKey().text('signed').toBytes();

/** Prefix of the one-time pre-keys in the table `pre-key`. */
export const oneTimePreKeyPrefix: Uint8Array = rowKey().text('one-time').toBytes();

/** Stores identity and address. */
export function putIdentity({ suite, address, identity }: StoredIdentity): Write {
  return putRow('account', accountKeys.identity, (writer) => {
    writer.uint(suite.packId);
    writeDevice(writer, address);
    writeKeyPair(writer, identity.agreement);
    writeKeyPair(writer, identity.signing);
  });
}

/** Reads what {@link putIdentity} stored. Throws `StoreError`. */
export function readIdentity(value: Uint8Array): StoredIdentity {
  return readRow(value, (reader) => {
    const suite = readSuite(reader);
    const address = readDevice(reader);
    const { publicKeyLength, privateKeyLength } = suite.agreement;
    const agreement = {
      publicKey: reader.bytes(publicKeyLength),
      privateKey: readSecret<'AgreementPrivateKey'>(reader, privateKeyLength),
    };
    const signing = {
      publicKey: reader.bytes(suite.signature.publicKeyLength),
      privateKey: readSecret<'SigningPrivateKey'>(reader, suite.signature.privateKeyLength),
    };
    return { suite, address, identity: { agreement, signing } };
  });
}

/** Stores the id of the next one-time pre-key. */
export function putNextOneTimePreKeyId(id: number): Write {
  return putRow('account', accountKeys.counter, (writer) => writer.uint(id));
}

/** Reads what {@link putNextOneTimePreKeyId} stored. Throws `StoreError`. */
export function readNextOneTimePreKeyId(value: Uint8Array): number {
  return readRow(value, (reader) => reader.uint());
}

/** Stores the credentials. */
export function putCredentials(credentials: Credentials): Write {
  return putRow('account', accountKeys.credentials, (writer) => {
    writer.string(credentials.username).string(credentials.password).string(credentials.token).time(credentials.tokenExpires);
  });
}

/** Reads what {@link putCredentials} stored. Throws `StoreError`. */
export function readCredentials(value: Uint8Array): Credentials {
  return readRow(value, (reader) => ({
    username: reader.string(),
    password: reader.string(),
    token: reader.string(),
    tokenExpires: reader.time(),
  }));
}

/** Stores the relay's certificate. */
export function putCertificate(certificate: Certificate): Write {
  return putRow('account', accountKeys.certificate, (writer) => writer.bytes(encodeCertificate(certificate)));
}

/** Reads what {@link putCertificate} stored. Throws `StoreError`. */
export function readCertificate(value: Uint8Array): Certificate {
  const encoded = readRow(value, (reader) => reader.bytes());
  try {
    return decodeCertificate(encoded);
  } catch (cause) {
    throw new StoreError('damaged', 'the stored certificate of the relay is none', { cause });
  }
}

/** Stores a registration before its request is sent. */
export function putRegistration(registration: PendingRegistration): Write {
  return putRow('account', accountKeys.registration, (writer) => writer.string(registration.asked).bytes(registration.request));
}

/** Reads what {@link putRegistration} stored. Throws `StoreError`. */
export function readRegistration(value: Uint8Array): PendingRegistration {
  return readRow(value, (reader) => ({ asked: reader.string(), request: reader.bytes() }));
}

/** Forgets a registration that was answered. */
export function deleteRegistration(): Write {
  return deleteRow('account', accountKeys.registration);
}

function writeKeyPair(writer: RecordWriter, pair: { readonly publicKey: Uint8Array; readonly privateKey: { expose(): Uint8Array } }): void {
  writer.bytes(pair.publicKey).bytes(pair.privateKey.expose());
}

function readAgreementKeyPair(reader: RecordReader): OneTimePreKey['keyPair'] {
  return { publicKey: reader.bytes(), privateKey: readSecret<'AgreementPrivateKey'>(reader) };
}

function signedPreKeyKey(id: number): Uint8Array {
  return rowKey().text('signed').uint32(id).toBytes();
}

/** Stores a signed pre-key. */
export function putSignedPreKey(key: SignedPreKey): Write {
  return putRow('pre-key', signedPreKeyKey(key.id), (writer) => {
    writeKeyPair(writer, key.keyPair);
    writer.bytes(key.signature).time(key.expires);
  });
}

/** Deletes a signed pre-key. */
export function deleteSignedPreKey(id: number): Write {
  return deleteRow('pre-key', signedPreKeyKey(id));
}

/** Reads a row of {@link signedPreKeyPrefix}. Throws `StoreError`. */
export function readSignedPreKey({ key, value }: Row): SignedPreKey {
  const id = idOf(key);
  return readRow(value, (reader) => ({ id, keyPair: readAgreementKeyPair(reader), signature: reader.bytes(), expires: reader.time() }));
}

/** Where the one-time pre-key `id` is. */
export function oneTimePreKeyKey(id: number): Uint8Array {
  return rowKey().text('one-time').uint32(id).toBytes();
}

/** Stores a one-time pre-key. A used one is deleted, and whether the relay has it is known by the request that waits or not. */
export function putOneTimePreKey(key: OneTimePreKey): Write {
  if (key.state === 'used') throw new StoreError('damaged', 'a used one-time pre-key is not stored');
  return putRow('pre-key', oneTimePreKeyKey(key.id), (writer) => writeKeyPair(writer, key.keyPair));
}

/** Deletes a one-time pre-key. */
export function deleteOneTimePreKey(id: number): Write {
  return deleteRow('pre-key', oneTimePreKeyKey(id));
}

/** Reads the one-time pre-key `id`. Throws `StoreError`. */
export function readOneTimePreKey(id: number, value: Uint8Array): OneTimePreKey {
  return readRow(value, (reader) => ({ id, keyPair: readAgreementKeyPair(reader), state: 'published' }));
}

/** The id that a key of a pre-key row ends with. Throws `StoreError`. */
function idOf(key: Uint8Array): number {
  const reader = new RowKeyReader(key);
  reader.text();
  return reader.uint32();
}
