/** What every source of ML-DSA vectors asks. */
import { allocateSecret } from '../../lib/base/secret.js';
import { addon, callAddon } from '../../lib/crypto/native.js';
import type { SigningKeyPair } from '../../lib/crypto/key-pair.js';
import type { SignatureScheme } from '../../lib/crypto/scheme.js';
import { generateSigningKeyPair } from '../../lib/crypto/signature.js';
import { withRandom } from '../support/vectors-random.js';

/** The key pair of a seed. */
export function keyPairOfSeed(scheme: SignatureScheme, seed: Uint8Array): SigningKeyPair {
  return withRandom(seed, (native) => generateSigningKeyPair(scheme, native));
}

/** Signs with a context and the given rnd (all zero: the deterministic signature). */
export function signWith(
  scheme: SignatureScheme,
  privateKey: Uint8Array,
  message: Uint8Array,
  context: Uint8Array,
  rnd: Uint8Array,
): Uint8Array {
  const signature = allocateSecret(scheme.signatureLength);
  const length = withRandom(rnd, (native) => callAddon(() => native.signWithContext(scheme.code, privateKey, message, context, signature)));
  return signature.subarray(0, length);
}

/** Verifies with a context on the shipped build. */
export function verifyWith(
  scheme: SignatureScheme,
  publicKey: Uint8Array,
  message: Uint8Array,
  context: Uint8Array,
  signature: Uint8Array,
): boolean {
  return callAddon(() => addon.verifyWithContext(scheme.code, publicKey, message, context, signature));
}
