import type { DeviceAddress } from '../base/address.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { IdentityKeyPair } from './identity-key.js';
import type { SignedPreKey } from './signed-pre-key.js';

/** The keys of one device, without its one-time pre-keys, which are records of their own. Spec: wire.md §5 (Account). */
export interface Account {
  readonly suite: CipherSuite;
  readonly address: DeviceAddress;
  readonly identity: IdentityKeyPair;
  /** Newest first, at most `limits.signedPreKeysKept`. */
  readonly signedPreKeys: readonly SignedPreKey[];
  readonly nextOneTimePreKeyId: number;
}
