/**
 * Key agreement: the KEMs of the addon's table and X25519, one row each. Every operation takes the row first and, last, the addon that
 * does the work, so that tests can pass the build with given randomness. Whoever receives a secret wipes it.
 */
import { Secret, allocateSecret } from '../base/secret.js';
import type { NativeAddon } from './addon.js';
import type { AgreementKeyPair, Encapsulation } from './key-pair.js';
import { addon, callAddon } from './native.js';
import type { AgreementScheme, DiffieHellmanScheme, KemScheme } from './scheme.js';

/** Every KEM of the addon. Lengths in bytes. Spec: crypto.md §2. */
export const kemSchemes: readonly KemScheme[] = Object.freeze(
  addon.kemSchemes().map((row): KemScheme => Object.freeze({ kind: 'kem', ...row, ratchetKeyLength: row.ciphertextLength })),
);

/** Diffie-Hellman over Curve25519: raw keys of 32 bytes. Spec: crypto.md §6.2, RFC 7748. */
export const x25519Scheme: DiffieHellmanScheme = Object.freeze({
  kind: 'diffie-hellman',
  name: 'X25519',
  code: 0,
  spec: 'RFC 7748',
  publicKeyLength: 32,
  privateKeyLength: 32,
  sharedSecretLength: 32,
  ratchetKeyLength: 32,
});

const schemesByCode: ReadonlyMap<number, AgreementScheme> = new Map(
  [x25519Scheme, ...kemSchemes].map((scheme) => [scheme.code, scheme] as const),
);

/** The scheme of an `AlgTypeKem` value (0 is X25519), or `undefined` when this build has none. Spec: wire.md §3. */
export function kemByCode(code: number): AgreementScheme | undefined {
  return schemesByCode.get(code);
}

/** Generates a key pair; lengths are the scheme's. X25519 private keys are clamped. Spec: crypto.md §3. */
export function generateAgreementKeyPair(scheme: AgreementScheme, native: NativeAddon = addon): AgreementKeyPair {
  const publicKey = new Uint8Array(new ArrayBuffer(scheme.publicKeyLength));
  const privateKey = allocateSecret(scheme.privateKeyLength);
  callAddon(() => {
    if (scheme.kind === 'kem') native.kemGenerateKeyPair(scheme.code, publicKey, privateKey);
    else native.x25519GenerateKeyPair(publicKey, privateKey);
  });
  return { publicKey, privateKey: new Secret(privateKey) };
}

/**
 * Makes a secret for the owner of `publicKey`. Throws `UsageError('argument-length')` for a key of another length than the scheme's and
 * `ProtocolError('bad-public-key')` for an invalid one (ML-KEM: FIPS 203 §7.2).
 */
export function encapsulate(scheme: KemScheme, publicKey: Uint8Array, native: NativeAddon = addon): Encapsulation {
  const ciphertext = new Uint8Array(new ArrayBuffer(scheme.ciphertextLength));
  const sharedSecret = allocateSecret(scheme.sharedSecretLength);
  callAddon(() => native.kemEncapsulate(scheme.code, publicKey, ciphertext, sharedSecret));
  return { ciphertext, sharedSecret: new Secret(sharedSecret) };
}

/**
 * The secret inside `ciphertext`; one made for another key gives an unrelated secret, not an error. Throws `UsageError('argument-length')`,
 * and `ProtocolError('bad-private-key')` for a corrupted key (ML-KEM: FIPS 203 §7.3).
 */
export function decapsulate(
  scheme: KemScheme,
  privateKey: Secret<'AgreementPrivateKey'>,
  ciphertext: Uint8Array,
  native: NativeAddon = addon,
): Secret<'SharedSecret'> {
  const sharedSecret = allocateSecret(scheme.sharedSecretLength);
  callAddon(() => native.kemDecapsulate(scheme.code, privateKey.expose(), ciphertext, sharedSecret));
  return new Secret(sharedSecret);
}

/** Whether `ciphertext` was made for this key pair, that is, decapsulation needs no implicit rejection. Throws as {@link decapsulate}. */
export function isEncapsulatedTo(
  scheme: KemScheme,
  privateKey: Secret<'AgreementPrivateKey'>,
  ciphertext: Uint8Array,
  native: NativeAddon = addon,
): boolean {
  return callAddon(() => native.kemIsEncapsulatedTo(scheme.code, privateKey.expose(), ciphertext));
}

/** The X25519 secret of the two keys, 32 bytes. Throws `ProtocolError('zero-shared-secret')` for a point of small order (RFC 7748 §6.1). */
export function agree(
  scheme: DiffieHellmanScheme,
  privateKey: Secret<'AgreementPrivateKey'>,
  publicKey: Uint8Array,
  native: NativeAddon = addon,
): Secret<'SharedSecret'> {
  const sharedSecret = allocateSecret(scheme.sharedSecretLength);
  callAddon(() => native.x25519(privateKey.expose(), publicKey, sharedSecret));
  return new Secret(sharedSecret);
}

/** Whether `key` has the scheme's length and the form the scheme asks for. X25519 accepts any 32 bytes; {@link agree} refuses bad points. */
export function isValidPublicKey(scheme: AgreementScheme, key: Uint8Array, native: NativeAddon = addon): boolean {
  if (key.length !== scheme.publicKeyLength) return false;
  return scheme.kind === 'diffie-hellman' || callAddon(() => native.kemIsValidPublicKey(scheme.code, key));
}
