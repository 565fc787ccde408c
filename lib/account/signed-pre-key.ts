import { limits } from '../base/limits.js';
import { type Computation, one } from '../crypto/job.js';
import type { AgreementKeyPair, SigningKeyPair } from '../crypto/key-pair.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { SignedPreKeyPublic } from './pre-key-bundle.js';

/** A medium-lived agreement key, signed by the identity and replaced on a schedule. Spec: wire.md §4 (SignedPreKey). */
export interface SignedPreKey {
  /** From 1, one more per renewal. */
  readonly id: number;
  readonly keyPair: AgreementKeyPair;
  readonly signature: Uint8Array;
  /** Time after which it must be renewed, ms since 1970. */
  readonly expires: number;
}

/** Signs `keyPair` as the signed pre-key `id`, which then owns it: the signature covers the raw public key only. Spec: crypto.md §3.3, §9. */
export function* signPreKey(
  suite: CipherSuite,
  signing: SigningKeyPair,
  keyPair: AgreementKeyPair,
  id: number,
  now: number,
): Computation<SignedPreKey> {
  const signature = yield* one({
    operation: 'sign',
    scheme: suite.signature,
    privateKey: signing.privateKey,
    message: keyPair.publicKey,
  });
  return { id, keyPair, signature, expires: now + limits.signedPreKeyLifetime };
}

/** The public half of `key`, as it is published. */
export function signedPreKeyPublic(key: SignedPreKey): SignedPreKeyPublic {
  return { id: key.id, publicKey: key.keyPair.publicKey, signature: key.signature };
}
