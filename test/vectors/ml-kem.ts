/** What every source of ML-KEM vectors asks: the same steps with the same rules about lengths and keys. */
import { Secret, copySecret } from '../../lib/base/secret.js';
import type { Encapsulation, AgreementKeyPair } from '../../lib/crypto/key-pair.js';
import { decapsulate, encapsulate, generateAgreementKeyPair } from '../../lib/crypto/kem.js';
import type { KemScheme } from '../../lib/crypto/scheme.js';
import { withRandom } from '../support/vectors-random.js';
import { checkBytes } from './vector-case.js';

/** The key pair of the seed d || z. */
export function keyPairOfSeed(scheme: KemScheme, seed: Uint8Array): AgreementKeyPair {
  return withRandom(seed, (native) => generateAgreementKeyPair(scheme, native));
}

/** Encapsulates with the given m. */
export function encapsulateWith(scheme: KemScheme, publicKey: Uint8Array, m: Uint8Array): Encapsulation {
  return withRandom(m, (native) => encapsulate(scheme, publicKey, native));
}

/** Decapsulates on the shipped build. */
export function decapsulateWith(scheme: KemScheme, privateKey: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  using key = new Secret<'AgreementPrivateKey'>(copySecret(privateKey));
  return decapsulate(scheme, key, ciphertext).expose();
}

/** Checks an encapsulation with given m against the expected ciphertext and secret. */
export function checkEncapsulation(
  scheme: KemScheme,
  publicKey: Uint8Array,
  m: Uint8Array,
  ciphertext: Uint8Array,
  secret: Uint8Array,
): void {
  const made = encapsulateWith(scheme, publicKey, m);
  checkBytes('the ciphertext', made.ciphertext, ciphertext);
  checkBytes('the shared secret', made.sharedSecret.expose(), secret);
}
