import { utf8 } from '../base/bytes.js';
import { Secret, copySecret } from '../base/secret.js';
import { ChainSecret } from '../crypto/chain.js';
import { hkdf } from '../crypto/kdf.js';
import type { HashAlgorithm } from '../crypto/scheme.js';

/** HKDF fills it up with zeros, to whatever length. */
const zeroSalt = new Uint8Array(0);
const rootLabel = utf8('ROOT');
const stepLabel = utf8('RATCHET');

/** What a root derivation gives; both are secrets of the caller. */
export interface RootAndChainKey {
  readonly rootKey: Secret<'RootKey'>;
  readonly chainKey: ChainSecret;
}

/**
 * The first root key and chain key of a handshake, each of the digest's length: `ROOT(secret) = HKDF(secret, zero(32), "ROOT", 64) -> RK || CK`
 * with SHA-256. Spec: crypto.md §7.1.
 */
export function deriveRoot(hash: HashAlgorithm, handshakeSecret: Secret<'HandshakeSecret'>): RootAndChainKey {
  return split(hash, hkdf(hash, handshakeSecret.expose(), zeroSalt, rootLabel, 2 * hash.digestLength));
}

/** The next root key and a fresh chain key: `STEP(RK, ss) = HKDF(ss, RK, "RATCHET", 64) -> RK' || CK'`. Spec: crypto.md §7.1. */
export function stepRoot(hash: HashAlgorithm, rootKey: Secret<'RootKey'>, sharedSecret: Secret<'SharedSecret'>): RootAndChainKey {
  return split(hash, hkdf(hash, sharedSecret.expose(), rootKey.expose(), stepLabel, 2 * hash.digestLength));
}

function split(hash: HashAlgorithm, both: Uint8Array): RootAndChainKey {
  const rootKey = new Secret<'RootKey'>(copySecret(both.subarray(0, hash.digestLength)));
  const chainKey = new ChainSecret(hash, copySecret(both.subarray(hash.digestLength)));
  both.fill(0);
  return { rootKey, chainKey };
}
