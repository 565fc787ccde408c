import type { Secret } from '../base/secret.js';

/** Raw public key and private key of a key-agreement scheme (KEM or X25519); lengths are the scheme's. */
export interface AgreementKeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Secret<'AgreementPrivateKey'>;
}

/** Raw public key and private key of a signature scheme; lengths are the scheme's. */
export interface SigningKeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Secret<'SigningPrivateKey'>;
}

/** What an encapsulation gives: the ciphertext for the owner of the public key, and the secret both then share. */
export interface Encapsulation {
  readonly ciphertext: Uint8Array;
  readonly sharedSecret: Secret<'SharedSecret'>;
}
