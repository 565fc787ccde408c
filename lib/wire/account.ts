/** Key material as others see it: identity keys, pre-keys and bundles. Spec: wire.md §4. */
import type { IdentityKey } from '../account/identity-key.js';
import type { OneTimePreKeyPublic, PreKeyBundle, SignedPreKeyPublic } from '../account/pre-key-bundle.js';
import { DecodeError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { readDevice, toAddress } from './address.js';
import { readServerSignature, type ServerSignature, toServerSignature } from './certificate.js';
import { decodeMessage, encodeMessage } from './codec.js';
import { type Maybe, required, requiredBytes, suite } from './field.js';
import { e2ees } from './generated/e2ees.js';

/** The relay knows accounts only as they travel. */
export type { IdentityKey, OneTimePreKeyPublic, PreKeyBundle, SignedPreKeyPublic };

/** A bundle as the relay hands it out: with the relay's signature, if it made one. */
export interface SignedBundle {
  readonly bundle: PreKeyBundle;
  readonly signature: ServerSignature | undefined;
}

/** Encodes one `PreKeyBundle`. */
export function encodeBundle(signed: SignedBundle): Uint8Array {
  return encodeMessage(e2ees.PreKeyBundle, toBundle(signed));
}

/** Decodes one `PreKeyBundle`; lengths and keys are checked by `verifyBundle`. Throws `DecodeError`. */
export function decodeBundle(bytes: Uint8Array, maxLength: number = limits.largeKeyFrameLength): SignedBundle {
  return readBundle(decodeMessage(e2ees.PreKeyBundle, bytes, maxLength), 'bundle');
}

/** As generated code wants it. */
export function toBundle({ bundle, signature }: SignedBundle): e2ees.PreKeyBundle.$Properties {
  return {
    userAddress: toAddress(bundle.address),
    e2eesPackId: bundle.suite.packId,
    identityKeyPublic: toIdentityKey(bundle.identityKey),
    signedPreKeyPublic: toSignedPreKey(bundle.signedPreKey),
    oneTimePreKeyPublic: bundle.oneTimePreKey === undefined ? null : toOneTimePreKey(bundle.oneTimePreKey),
    signature: signature === undefined ? null : toServerSignature(signature),
  };
}

/** Throws `DecodeError`. */
export function readBundle(value: Maybe<e2ees.PreKeyBundle.$Properties>, field: string): SignedBundle {
  const found = required(value, field);
  const bundle = {
    address: readDevice(found.userAddress, `${field}.user_address`),
    suite: suite(found.e2eesPackId, `${field}.e2ees_pack_id`),
    identityKey: readIdentityKey(found.identityKeyPublic, `${field}.identity_key_public`),
    signedPreKey: readSignedPreKey(found.signedPreKeyPublic, `${field}.signed_pre_key_public`),
  };
  const { oneTimePreKeyPublic, signature } = found;
  return {
    bundle:
      oneTimePreKeyPublic === null || oneTimePreKeyPublic === undefined
        ? bundle
        : { ...bundle, oneTimePreKey: readOneTimePreKey(oneTimePreKeyPublic, `${field}.one_time_pre_key_public`) },
    signature: signature === null || signature === undefined ? undefined : readServerSignature(signature, `${field}.signature`),
  };
}

/** As generated code wants it. */
export function toIdentityKey(key: IdentityKey): e2ees.IdentityKeyPublic.$Properties {
  return { asymPublicKey: key.agreement, signPublicKey: key.signing };
}

/** Throws `DecodeError`. */
export function readIdentityKey(value: Maybe<e2ees.IdentityKeyPublic.$Properties>, field: string): IdentityKey {
  const found = required(value, field);
  return {
    agreement: requiredBytes(found.asymPublicKey, `${field}.asym_public_key`),
    signing: requiredBytes(found.signPublicKey, `${field}.sign_public_key`),
  };
}

/** As generated code wants it. */
export function toSignedPreKey(key: SignedPreKeyPublic): e2ees.SignedPreKeyPublic.$Properties {
  return { spkId: key.id, publicKey: key.publicKey, signature: key.signature };
}

/** Throws `DecodeError`. */
export function readSignedPreKey(value: Maybe<e2ees.SignedPreKeyPublic.$Properties>, field: string): SignedPreKeyPublic {
  const found = required(value, field);
  return {
    id: preKeyId(found.spkId, `${field}.spk_id`),
    publicKey: requiredBytes(found.publicKey, `${field}.public_key`),
    signature: requiredBytes(found.signature, `${field}.signature`),
  };
}

/** As generated code wants it. */
export function toOneTimePreKey(key: OneTimePreKeyPublic): e2ees.OneTimePreKeyPublic.$Properties {
  return { opkId: key.id, publicKey: key.publicKey };
}

/** Throws `DecodeError`. */
export function readOneTimePreKey(value: Maybe<e2ees.OneTimePreKeyPublic.$Properties>, field: string): OneTimePreKeyPublic {
  const found = required(value, field);
  return { id: preKeyId(found.opkId, `${field}.opk_id`), publicKey: requiredBytes(found.publicKey, `${field}.public_key`) };
}

/** Ids of pre-keys start at 1; 0 means "none". Throws `DecodeError('number')`. Spec: wire.md §4. */
export function preKeyId(value: Maybe<number>, field: string): number {
  if (value === null || value === undefined || value === 0) throw new DecodeError('number', `${field} is not an id of a pre-key`);
  return value;
}
