import { utf8 } from '../base/bytes.js';
import { Secret, copySecret } from '../base/secret.js';
import { hkdf } from '../crypto/kdf.js';

/** Bytes of a root key and of a chain key. */
const keyLength = 32;
const zeroSalt = new Uint8Array(keyLength);
const rootLabel = utf8('ROOT');
const stepLabel = utf8('RATCHET');

/** What a root derivation gives; both are secrets of the caller. */
export interface RootAndChainKey {
  readonly rootKey: Secret<'RootKey'>;
  readonly chainKey: Secret<'ChainKey'>;
}

/** The first root key and chain key of a handshake: `ROOT(secret) = HKDF(secret, zero(32), "ROOT", 64) -> RK || CK`. Spec: crypto.md §7.1. */
export function deriveRoot(handshakeSecret: Secret<'HandshakeSecret'>): RootAndChainKey {
  return split(hkdf(handshakeSecret.expose(), zeroSalt, rootLabel, 2 * keyLength));
}

/** The next root key and a fresh chain key: `STEP(RK, ss) = HKDF(ss, RK, "RATCHET", 64) -> RK' || CK'`. Spec: crypto.md §7.1. */
export function stepRoot(rootKey: Secret<'RootKey'>, sharedSecret: Secret<'SharedSecret'>): RootAndChainKey {
  return split(hkdf(sharedSecret.expose(), rootKey.expose(), stepLabel, 2 * keyLength));
}

function split(both: Uint8Array): RootAndChainKey {
  const rootKey = new Secret<'RootKey'>(copySecret(both.subarray(0, keyLength)));
  const chainKey = new Secret<'ChainKey'>(copySecret(both.subarray(keyLength)));
  both.fill(0);
  return { rootKey, chainKey };
}
