import type { DeviceAddress } from '../base/address.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
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
