import type { DeviceAddress } from '../base/address.js';
import { ProtocolError, VerificationError } from '../base/errors.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import { type Computation, one } from '../crypto/job.js';
import type { IdentityKey } from './identity-key.js';

/** What a stranger sees of a {@link SignedPreKey}. Spec: wire.md §4 (SignedPreKeyPublic). */
export interface SignedPreKeyPublic {
  readonly id: number;
  readonly publicKey: Uint8Array;
  /** By the identity's signing key, over the raw public key and nothing else. Spec: crypto.md §3.3. */
  readonly signature: Uint8Array;
}

/** What a stranger sees of a {@link OneTimePreKey}. Spec: wire.md §4 (OneTimePreKeyPublic). */
export interface OneTimePreKeyPublic {
  readonly id: number;
  readonly publicKey: Uint8Array;
}

/** The public keys of one device that a stranger needs to start a session with it. Spec: wire.md §4 (PreKeyBundle). */
export interface PreKeyBundle {
  readonly address: DeviceAddress;
  readonly suite: CipherSuite;
  readonly identityKey: IdentityKey;
  readonly signedPreKey: SignedPreKeyPublic;
  /** Absent when the relay has none left. */
  readonly oneTimePreKey?: OneTimePreKeyPublic;
}

/**
 * Checks everything about a bundle that does not need the relay's key: the suite's exact lengths, ids, and the identity's signature of the
 * signed pre-key. The form of the keys themselves is checked by the operations that use them. Throws `ProtocolError('bundle-form')` and
 * `VerificationError('bad-signature')`. Spec: crypto.md §3.2, §6.1.
 */
export function* verifyBundle(bundle: PreKeyBundle): Computation<void> {
  const { suite, identityKey, signedPreKey, oneTimePreKey } = bundle;
  const { publicKeyLength } = suite.agreement;
  checkLength('identity key', identityKey.agreement, publicKeyLength);
  checkLength('signing key', identityKey.signing, suite.signature.publicKeyLength);
  checkLength('signed pre-key', signedPreKey.publicKey, publicKeyLength);
  if (oneTimePreKey !== undefined) {
    checkLength('one-time pre-key', oneTimePreKey.publicKey, publicKeyLength);
    if (oneTimePreKey.id === 0) throw new ProtocolError('bundle-form', 'a one-time pre-key cannot have the id 0');
  }
  const authentic = yield* one({
    operation: 'verify',
    scheme: suite.signature,
    publicKey: identityKey.signing,
    message: signedPreKey.publicKey,
    signature: signedPreKey.signature,
  });
  if (!authentic) throw new VerificationError('bad-signature', 'the signature of the signed pre-key does not verify');
}

function checkLength(name: string, key: Uint8Array, expected: number): void {
  if (key.length !== expected) throw new ProtocolError('bundle-form', `the ${name} has ${key.length} bytes instead of ${expected}`);
}
