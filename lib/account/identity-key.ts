import type { AgreementKeyPair, SigningKeyPair } from '../crypto/key-pair.js';

/** The long-lived keys of one device: an agreement half and a signing half. Spec: wire.md §4 (IdentityKey). */
export interface IdentityKeyPair {
  readonly agreement: AgreementKeyPair;
  readonly signing: SigningKeyPair;
}

/** The public halves of an {@link IdentityKeyPair}. Spec: wire.md §4 (IdentityKeyPublic). */
export interface IdentityKey {
  readonly agreement: Uint8Array;
  readonly signing: Uint8Array;
}

/** The public halves of `pair`. */
export function identityKeyOf(pair: IdentityKeyPair): IdentityKey {
  return { agreement: pair.agreement.publicKey, signing: pair.signing.publicKey };
}
