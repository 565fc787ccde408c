import type { AgreementKeyPair } from '../crypto/key-pair.js';

/** A medium-lived agreement key, signed by the identity and replaced on a schedule. Spec: wire.md §4 (SignedPreKey). */
export interface SignedPreKey {
  /** From 1, one more per renewal. */
  readonly id: number;
  readonly keyPair: AgreementKeyPair;
  readonly signature: Uint8Array;
  /** Time after which it must be renewed, ms since 1970. */
  readonly expires: number;
}
