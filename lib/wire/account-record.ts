/** The stored form of an account: import and export. Spec: wire.md §4, §5 (Account). */
import type { Account } from '../account/account.js';
import type { OneTimePreKey } from '../account/one-time-pre-key.js';
import type { SignedPreKey } from '../account/signed-pre-key.js';
import { limits } from '../base/limits.js';
import type { AgreementKeyPair, SigningKeyPair } from '../crypto/key-pair.js';
import { Unfinished } from '../ratchet/unfinished.js';
import { preKeyId } from './account.js';
import { readDevice, toAddress } from './address.js';
import { type Certificate, readCertificate, toCertificate } from './certificate.js';
import { decodeMessage, encodeMessage } from './codec.js';
import { integer, list, type Maybe, protocolVersion, required, requiredBytes, requiredText, secret, suite, text, toLong } from './field.js';
import { e2ees } from './generated/e2ees.js';

/** An account with everything its record holds. */
export interface AccountRecord {
  readonly account: Account;
  /** The record does not know `unpublished`: such keys come back as `published`. */
  readonly oneTimePreKeys: readonly OneTimePreKey[];
  readonly certificate: Certificate | undefined;
  readonly password: string;
  readonly token: string;
  /** The unit is not defined, ours is ms since 1970. */
  readonly tokenExpires: number;
}

/** Characters of a token. */
const maxTokenLength = 8_192;

/** Encodes an `Account` in memory fit for secrets; it holds only the newest signed pre-key. The caller wipes it. */
export function encodeAccountRecord(record: AccountRecord): Uint8Array {
  const { account, certificate } = record;
  const [newest] = account.signedPreKeys;
  return encodeMessage(e2ees.Account, {
    version: protocolVersion,
    e2eesPackId: account.suite.packId,
    address: toAddress(account.address),
    serverCert: certificate === undefined ? null : toCertificate(certificate),
    identityKey: { asymKeyPair: toKeyPair(account.identity.agreement), signKeyPair: toKeyPair(account.identity.signing) },
    signedPreKey: newest === undefined ? null : toSignedPreKeyRecord(newest),
    oneTimePreKeyList: record.oneTimePreKeys.map(toOneTimePreKeyRecord),
    nextOneTimePreKeyId: account.nextOneTimePreKeyId,
    saved: true,
    password: record.password,
    auth: record.token,
    expiresIn: toLong(record.tokenExpires),
  });
}

/** Decodes an `Account`; its secrets are the caller's. Throws `DecodeError`, and then has wiped what it had made. */
export function decodeAccountRecord(encoded: Uint8Array, maxLength: number = limits.largeKeyFrameLength): AccountRecord {
  const found = decodeMessage(e2ees.Account, encoded, maxLength);
  using secrets = new Unfinished();
  requiredText(found.version, 'version');
  const identity = required(found.identityKey, 'identity_key');
  const { serverCert } = found;
  const record = {
    account: {
      suite: suite(found.e2eesPackId, 'e2ees_pack_id'),
      address: readDevice(found.address, 'address'),
      identity: {
        agreement: readAgreementKeyPair(identity.asymKeyPair, 'asym_key_pair', secrets),
        signing: readSigningKeyPair(identity.signKeyPair, 'sign_key_pair', secrets),
      },
      signedPreKeys: [readSignedPreKeyRecord(found.signedPreKey, 'signed_pre_key', secrets)],
      nextOneTimePreKeyId: preKeyId(found.nextOneTimePreKeyId, 'next_one_time_pre_key_id'),
    },
    oneTimePreKeys: list(found.oneTimePreKeyList, 'one_time_pre_key_list', limits.oneTimePreKeys, (value, field) =>
      readOneTimePreKeyRecord(value, field, secrets),
    ),
    certificate: serverCert === null || serverCert === undefined ? undefined : readCertificate(serverCert, 'server_cert'),
    password: text(found.password, 'password'),
    token: text(found.auth, 'auth', maxTokenLength),
    tokenExpires: integer(found.expiresIn, 'expires_in'),
  };
  secrets.finish();
  return record;
}

/** Encodes a `SignedPreKey` in memory fit for secrets. The caller wipes it. */
export function encodeSignedPreKeyRecord(key: SignedPreKey): Uint8Array {
  return encodeMessage(e2ees.SignedPreKey, toSignedPreKeyRecord(key));
}

/** Decodes a `SignedPreKey`; its private key is the caller's. Throws `DecodeError`. */
export function decodeSignedPreKeyRecord(encoded: Uint8Array, maxLength: number = limits.largeKeyFrameLength): SignedPreKey {
  using secrets = new Unfinished();
  const key = readSignedPreKeyRecord(decodeMessage(e2ees.SignedPreKey, encoded, maxLength), 'signed_pre_key', secrets);
  secrets.finish();
  return key;
}

/** As generated code wants it; refers to the private key. */
export function toKeyPair(pair: AgreementKeyPair | SigningKeyPair): e2ees.KeyPair.$Properties {
  return { publicKey: pair.publicKey, privateKey: pair.privateKey.expose() };
}

/** The private key belongs to `secrets` until it is finished. Throws `DecodeError`. */
export function readAgreementKeyPair(value: Maybe<e2ees.KeyPair.$Properties>, field: string, secrets: Unfinished): AgreementKeyPair {
  const found = required(value, field);
  return {
    publicKey: requiredBytes(found.publicKey, `${field}.public_key`),
    privateKey: secrets.own(secret<'AgreementPrivateKey'>(found.privateKey, `${field}.private_key`)),
  };
}

function readSigningKeyPair(value: Maybe<e2ees.KeyPair.$Properties>, field: string, secrets: Unfinished): SigningKeyPair {
  const found = required(value, field);
  return {
    publicKey: requiredBytes(found.publicKey, `${field}.public_key`),
    privateKey: secrets.own(secret<'SigningPrivateKey'>(found.privateKey, `${field}.private_key`)),
  };
}

function toSignedPreKeyRecord(key: SignedPreKey): e2ees.SignedPreKey.$Properties {
  return { spkId: key.id, keyPair: toKeyPair(key.keyPair), signature: key.signature, ttl: toLong(key.expires) };
}

function readSignedPreKeyRecord(value: Maybe<e2ees.SignedPreKey.$Properties>, field: string, secrets: Unfinished): SignedPreKey {
  const found = required(value, field);
  return {
    id: preKeyId(found.spkId, `${field}.spk_id`),
    keyPair: readAgreementKeyPair(found.keyPair, `${field}.key_pair`, secrets),
    signature: requiredBytes(found.signature, `${field}.signature`),
    expires: integer(found.ttl, `${field}.ttl`),
  };
}

function toOneTimePreKeyRecord(key: OneTimePreKey): e2ees.OneTimePreKey.$Properties {
  return { opkId: key.id, used: key.state === 'used', keyPair: toKeyPair(key.keyPair) };
}

function readOneTimePreKeyRecord(value: e2ees.OneTimePreKey.$Properties, field: string, secrets: Unfinished): OneTimePreKey {
  return {
    id: preKeyId(value.opkId, `${field}.opk_id`),
    keyPair: readAgreementKeyPair(value.keyPair, `${field}.key_pair`, secrets),
    state: value.used === true ? 'used' : 'published',
  };
}
