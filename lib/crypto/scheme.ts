/**
 * Schemes are data: one row per algorithm, read from the addon's tables. Lengths are bytes. Operations take the row as an argument,
 * so nothing else names an algorithm or a size. Design D10.
 */

/** A key-encapsulation mechanism. */
export interface KemScheme {
  readonly kind: 'kem';
  readonly name: string;
  /** `AlgTypeKem` of wire.md §3. */
  readonly code: number;
  readonly spec: string;
  readonly publicKeyLength: number;
  readonly privateKeyLength: number;
  readonly ciphertextLength: number;
  readonly sharedSecretLength: number;
  /** Length of a message's ratchet key: the ciphertext. */
  readonly ratchetKeyLength: number;
}

/** Diffie-Hellman over Curve25519: the optional profile of crypto.md §6.2. */
export interface DiffieHellmanScheme {
  readonly kind: 'diffie-hellman';
  readonly name: string;
  /** `AlgTypeKem` of wire.md §3: 0. */
  readonly code: number;
  readonly spec: string;
  readonly publicKeyLength: number;
  readonly privateKeyLength: number;
  readonly sharedSecretLength: number;
  /** Length of a message's ratchet key: the public key. */
  readonly ratchetKeyLength: number;
}

/** A hash function of a fixed length. */
export interface HashAlgorithm {
  readonly name: string;
  /** `AlgTypeHash` of wire.md §3. */
  readonly code: number;
  readonly spec: string;
  readonly digestLength: number;
}

/** What a suite agrees on secrets with. */
export type AgreementScheme = KemScheme | DiffieHellmanScheme;

/** A signature scheme; `signatureLength` is the greatest length when `fixedLength` is false. */
export interface SignatureScheme {
  readonly name: string;
  /** `AlgTypeDs` of wire.md §3. */
  readonly code: number;
  readonly spec: string;
  readonly publicKeyLength: number;
  readonly privateKeyLength: number;
  readonly signatureLength: number;
  readonly fixedLength: boolean;
}
