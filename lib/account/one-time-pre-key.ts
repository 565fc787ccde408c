import type { AgreementKeyPair } from '../crypto/key-pair.js';

/** An agreement key used by one handshake. Spec: wire.md §4 (OneTimePreKey). */
export interface OneTimePreKey {
  /** From 1; 0 means "none" on the wire. */
  readonly id: number;
  readonly keyPair: AgreementKeyPair;
  /** `unpublished` until the relay has confirmed it. */
  readonly state: 'unpublished' | 'published' | 'used';
}
