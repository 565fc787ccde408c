import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type NativeBuild, nativeAcceleration } from '../../lib/core.js';
import { packageRoot } from '../package-root.js';

/**
 * Timing loops in C++ over the objects of the shipped addon: what the cryptography of a step costs without JavaScript. AES-GCM, SHA-256 and what is made
 * of it run in mbed TLS here, never on instructions of the processor.
 * Each call runs its loop `n` times on the calling thread and returns the seconds it took.
 *
 * Schemes are named by their wire code; lengths are bytes. All throw an `Error` with an addon code on wrong arguments.
 */
export interface RawLoops {
  /** The scheme's C function, behind the check of the key that belongs to it (FIPS 203, 7.2 and 7.3). */
  rawKem(code: number, operation: 'keygen' | 'encaps' | 'decaps', n: number): number;
  /** The scheme's C function alone, on a message of `messageLength` bytes. */
  rawSignature(code: number, operation: 'keygen' | 'sign' | 'verify', messageLength: number, n: number): number;
  /** One shared secret. */
  rawX25519(n: number): number;
  /** One sealing in mbed TLS, key and IV of 16 bytes set up anew. */
  rawAead(associatedDataLength: number, plaintextLength: number, n: number): number;
  /** One hash in mbed TLS. */
  rawSha256(dataLength: number, n: number): number;
  /** One code under a key of 32 bytes in mbed TLS, the key set anew. */
  rawHmacSha256(dataLength: number, n: number): number;
  /** One message of a chain: message key, seal and next chain key, then message key, open and next chain key. */
  rawRoundtrip(associatedDataLength: number, plaintextLength: number, n: number): number;
  /** As {@link rawRoundtrip}, and per message the receiver's decapsulation and STEP, then an encapsulation and STEP for the answer's chain. */
  rawPingpong(kemCode: number, associatedDataLength: number, plaintextLength: number, n: number): number;
  /** One handshake, both sides: verification, key generation, encapsulations, decapsulations, ROOT and first STEP. Spec crypto.md 6.1, 7.2. */
  rawHandshake(signatureCode: number, kemCode: number, oneTimePreKey: boolean, n: number): number;
}

/**
 * Loads the benchmark module that the native build leaves beside the addon: of the same build as the addon in use unless another is named. Throws if it
 * was not built.
 */
export function loadRawLoops(build: NativeBuild = nativeAcceleration().build): RawLoops {
  const require = createRequire(import.meta.url);
  const name = build === 'portable' ? 'skissm_bench.node' : 'skissm_bench_v3.node';
  return require(join(packageRoot(), 'build', 'Release', name)) as RawLoops;
}

/** Schemes that the build for x86-64-v3 has compiled for itself: deps/pqclean/README.md. */
const schemesOfOwnBuild = /^(?:ML-KEM|ML-DSA|HQC)-/u;

/** The loops of the portable build, to compare with; `undefined` where the addon in use has the same code for the scheme. */
export function loadPortableLoops(scheme: { readonly name: string }): RawLoops | undefined {
  return nativeAcceleration().build === 'portable' || !schemesOfOwnBuild.test(scheme.name) ? undefined : loadRawLoops('portable');
}
