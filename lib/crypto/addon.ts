/**
 * What the native addon exports. `native.ts` loads it; nothing else talks to it.
 *
 * Conventions: outputs are caller-owned `Uint8Array`s of exact length; on any failure every output is zeroed and one `Error` with a
 * stable `code` (see {@link AddonErrorCode}) is thrown. Inputs and outputs must be plain `Uint8Array`s over fixed-length, unshared,
 * attached buffers; an output may not overlap any other argument (then nothing is written: it is somebody's input). Schemes are named by their wire code (spec wire.md §3).
 */

/** One row of the KEM table; lengths in bytes. */
export interface AddonKemRow {
  readonly name: string;
  readonly code: number;
  readonly spec: string;
  readonly publicKeyLength: number;
  readonly privateKeyLength: number;
  readonly ciphertextLength: number;
  readonly sharedSecretLength: number;
}

/** One row of the signature table; lengths in bytes. `signatureLength` is the maximum when `fixedLength` is false. */
export interface AddonSignatureRow {
  readonly name: string;
  readonly code: number;
  readonly spec: string;
  readonly publicKeyLength: number;
  readonly privateKeyLength: number;
  readonly signatureLength: number;
  readonly fixedLength: boolean;
}

/** One row of the hash table; the length in bytes. */
export interface AddonHashRow {
  readonly name: string;
  readonly code: number;
  readonly spec: string;
  readonly digestLength: number;
}

/** Operations that the thread pool runs. */
export type AddonOperation =
  | 'kem-key-pair' // in: []                              out: [publicKey, privateKey]
  | 'kem-encapsulate' // in: [publicKey]                  out: [ciphertext, sharedSecret]
  | 'kem-decapsulate' // in: [privateKey, ciphertext]     out: [sharedSecret]
  | 'kem-is-encapsulated-to' // in: [privateKey, ciphertext]  out: []    value 1 or 0
  | 'signature-key-pair' // in: []                        out: [publicKey, privateKey]
  | 'sign' // in: [privateKey, message]                   out: [signature]   value: signature length
  | 'verify' // in: [publicKey, message, signature]       out: []            value 1 or 0
  | 'chain-walk' // in: [chainKey]    count = steps       out: [chainKey]
  | 'chain-message-keys'; // in: [chainKey] count = keys  out: [keys, count * 48 bytes]

/** One job of a batch. `scheme` is the wire code (of the chain operations that of the hash). Inputs are copied at the call, outputs filled on completion. */
export interface AddonJob {
  readonly operation: AddonOperation;
  readonly scheme: number;
  readonly count: number;
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

/** Per job: a number (see {@link AddonOperation}; 0 where nothing is said), or the error code of a job that failed (its outputs are zero). */
export type AddonJobResult = number | AddonErrorCode;

/** Codes of errors thrown by the addon. */
export type AddonErrorCode =
  | 'argument-type' // not a plain Uint8Array, number …; detached, shared or resizable buffer
  | 'argument-length' // an input or output has another length than the scheme's
  | 'argument-overlap' // an output shares memory with another argument
  | 'argument-range' // a count outside its bounds
  | 'unknown-scheme'
  | 'bad-public-key' // ML-KEM key not reduced modulo q, …
  | 'bad-private-key' // H(ek) mismatch inside an ML-KEM key, ML-DSA coefficients out of range, …
  | 'zero-shared-secret' // X25519 gave all zeros
  | 'not-authentic' // AEAD tag mismatch
  | 'crypto-failed' // the C library reported a failure
  | 'random-exhausted'; // testing build only: the queue of given bytes is empty

/** What the addon was compiled for: any processor, or x86-64 with AVX2, BMI2 and what else belongs to its third level. */
export type NativeBuild = 'portable' | 'x86-64-v3';

/**
 * Which build is loaded, and which primitives run on instructions of the processor that were made for them; the others run in mbed TLS. The results are
 * the same.
 */
export interface NativeAcceleration {
  readonly build: NativeBuild;
  /** ML-KEM and ML-DSA expand their seeds four streams at a time. */
  readonly fourWayKeccak: boolean;
  /** AES-NI and PCLMULQDQ. */
  readonly aesGcm: boolean;
  /** The SHA extensions. */
  readonly sha256: boolean;
}

export interface NativeAddon {
  /** What the processor has, unless the environment variable `SKISSM_NATIVE` is `portable`. */
  acceleration(): NativeAcceleration;
  /** Whether processor and system can run the build `x86-64-v3`. */
  runsX8664V3(): boolean;

  kemSchemes(): readonly AddonKemRow[];
  signatureSchemes(): readonly AddonSignatureRow[];

  /** Fills `out` (1 byte and more) from the system's generator; aborts the process if that fails. */
  randomFill(out: Uint8Array): void;

  kemGenerateKeyPair(scheme: number, publicKey: Uint8Array, privateKey: Uint8Array): void;
  /** Refuses an invalid public key (`bad-public-key`). */
  kemEncapsulate(scheme: number, publicKey: Uint8Array, ciphertext: Uint8Array, sharedSecret: Uint8Array): void;
  /** Refuses a corrupted private key (`bad-private-key`); a bad ciphertext gives an unrelated secret (implicit rejection). */
  kemDecapsulate(scheme: number, privateKey: Uint8Array, ciphertext: Uint8Array, sharedSecret: Uint8Array): void;
  /** Whether `ciphertext` was made for this key pair: decapsulation does not fall back on implicit rejection. */
  kemIsEncapsulatedTo(scheme: number, privateKey: Uint8Array, ciphertext: Uint8Array): boolean;
  kemIsValidPublicKey(scheme: number, publicKey: Uint8Array): boolean;
  kemIsValidPrivateKey(scheme: number, privateKey: Uint8Array): boolean;

  signatureGenerateKeyPair(scheme: number, publicKey: Uint8Array, privateKey: Uint8Array): void;
  /** Signs with an empty context; returns the signature's length (`signature` is scheme.signatureLength bytes). */
  sign(scheme: number, privateKey: Uint8Array, message: Uint8Array, signature: Uint8Array): number;
  /** A signature of a wrong length is simply not valid. */
  verify(scheme: number, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** As `sign` / `verify` with a FIPS 204 context of 0 to 255 bytes (ML-DSA only, else `unknown-scheme`; for published vectors). */
  signWithContext(scheme: number, privateKey: Uint8Array, message: Uint8Array, context: Uint8Array, signature: Uint8Array): number;
  verifyWithContext(scheme: number, publicKey: Uint8Array, message: Uint8Array, context: Uint8Array, signature: Uint8Array): boolean;
  signatureIsValidPrivateKey(scheme: number, privateKey: Uint8Array): boolean;

  /** Clamped X25519 private key and its public key, 32 bytes each. */
  x25519GenerateKeyPair(publicKey: Uint8Array, privateKey: Uint8Array): void;
  x25519PublicKey(privateKey: Uint8Array, publicKey: Uint8Array): void;
  /** Throws `zero-shared-secret` when the result is all zero. RFC 7748 §6.1. */
  x25519(privateKey: Uint8Array, publicKey: Uint8Array, sharedSecret: Uint8Array): void;

  /** AES-256-GCM; key 32, iv 1 to 1024 bytes; `out` is plaintext + 16 bytes tag. */
  aeadSeal(key: Uint8Array, iv: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array, out: Uint8Array): void;
  /** `out` is 16 bytes shorter than `sealed`; throws `not-authentic`. */
  aeadOpen(key: Uint8Array, iv: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array, out: Uint8Array): void;

  hashAlgorithms(): readonly AddonHashRow[];
  /** `out` has the digest's length. */
  hash(hash: number, data: Uint8Array, out: Uint8Array): void;
  /** RFC 2104; `out` has the digest's length. */
  hmac(hash: number, key: Uint8Array, data: Uint8Array, out: Uint8Array): void;
  /** RFC 5869; `out` has 1 byte to 255 digests. */
  hkdf(hash: number, ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, out: Uint8Array): void;
  /** FIPS 202 §6.2; `out` has any length. */
  shake128(data: Uint8Array, out: Uint8Array): void;
  shake256(data: Uint8Array, out: Uint8Array): void;

  /**
   * One sending step (crypto.md §7.1): mk = MSGKEY(chainKey); sealed = GCM(mk, associatedData, plaintext); nextChainKey = NEXT(chainKey).
   * chainKey and nextChainKey have the digest's length; sealed = plaintext + 16 bytes.
   */
  chainSeal(
    hash: number,
    chainKey: Uint8Array,
    associatedData: Uint8Array,
    plaintext: Uint8Array,
    sealed: Uint8Array,
    nextChainKey: Uint8Array,
  ): void;
  /**
   * One receiving step: walks `steps` (0 to 65536) positions forward, opens with the message key there and gives the chain key after it.
   * Throws `not-authentic`, then `plaintext` and `nextChainKey` are zero.
   */
  chainOpen(
    hash: number,
    chainKey: Uint8Array,
    steps: number,
    associatedData: Uint8Array,
    sealed: Uint8Array,
    plaintext: Uint8Array,
    nextChainKey: Uint8Array,
  ): void;
  /** NEXT applied `steps` (0 to 65536) times. */
  chainWalk(hash: number, chainKey: Uint8Array, steps: number, out: Uint8Array): void;
  /** The `count` (1 to 65536) message keys from this position on, 48 bytes each. */
  chainMessageKeys(hash: number, chainKey: Uint8Array, count: number, out: Uint8Array): void;

  /**
   * Runs the jobs (at most 65536) one after another on one thread of the pool; resolves when all are done. Argument errors throw
   * synchronously. A job whose output memory was given away meanwhile results in `argument-type`.
   */
  runBatch(jobs: readonly AddonJob[]): Promise<AddonJobResult[]>;

  /** Overwrites the bytes with zeros in a way the compiler keeps. */
  wipe(bytes: Uint8Array): void;
}

/** The second target, never packed: randomness comes from a queue of given bytes. */
export interface TestingAddon extends NativeAddon {
  /** Lets the processor's instructions be used (1) or not (0) in this module. */
  allowAcceleration(allowed: number): void;
  queueRandom(bytes: Uint8Array): void;
  queuedRandomLength(): number;
  clearQueuedRandom(): void;
}
