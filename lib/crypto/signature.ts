/**
 * Signatures: the schemes of the addon's table, one row each. Every operation takes the row first and, last, the addon that does the work.
 */
import { Secret, allocateSecret } from '../base/secret.js';
import type { NativeAddon } from './addon.js';
import type { SigningKeyPair } from './key-pair.js';
import { addon, callAddon } from './native.js';
import type { SignatureScheme } from './scheme.js';

/** Every signature scheme of the addon. Lengths in bytes. Spec: crypto.md §2. */
export const signatureSchemes: readonly SignatureScheme[] = Object.freeze(addon.signatureSchemes().map((row) => Object.freeze({ ...row })));

const schemesByCode: ReadonlyMap<number, SignatureScheme> = new Map(signatureSchemes.map((scheme) => [scheme.code, scheme]));

/** The scheme of an `AlgTypeDs` value, or `undefined` when this build has none. Spec: wire.md §3. */
export function signatureByCode(code: number): SignatureScheme | undefined {
  return schemesByCode.get(code);
}

/** Generates a key pair; lengths are the scheme's. The caller wipes the private key. */
export function generateSigningKeyPair(scheme: SignatureScheme, native: NativeAddon = addon): SigningKeyPair {
  const publicKey = new Uint8Array(new ArrayBuffer(scheme.publicKeyLength));
  const privateKey = allocateSecret(scheme.privateKeyLength);
  callAddon(() => native.signatureGenerateKeyPair(scheme.code, publicKey, privateKey));
  return { publicKey, privateKey: new Secret(privateKey) };
}

/**
 * Signs `message` with an empty context; the signature has its true length. Throws `UsageError('argument-length')` and
 * `ProtocolError('bad-private-key')`. Spec: crypto.md §2, §3.1, §3.2.
 */
export function sign(
  scheme: SignatureScheme,
  privateKey: Secret<'SigningPrivateKey'>,
  message: Uint8Array,
  native: NativeAddon = addon,
): Uint8Array {
  const signature = new Uint8Array(new ArrayBuffer(scheme.signatureLength));
  const length = callAddon(() => native.sign(scheme.code, privateKey.expose(), message, signature));
  return length === signature.length ? signature : signature.slice(0, length);
}

/** Whether `signature` is the owner's of `publicKey` over `message`; one of a wrong length is not. Throws `UsageError('argument-length')` for the key. */
export function verify(
  scheme: SignatureScheme,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  native: NativeAddon = addon,
): boolean {
  return callAddon(() => native.verify(scheme.code, publicKey, message, signature));
}
