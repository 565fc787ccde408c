import { concat, utf8 } from '../base/bytes.js';
import { hkdf } from '../crypto/kdf.js';
import type { HashAlgorithm } from '../crypto/scheme.js';

const fingerprintLength = 64;
/** HKDF fills it up with zeros. */
const zeroSalt = new Uint8Array(0);
const label = utf8('Fingerprint');

/** The agreement public keys that a handshake used. */
export interface HandshakeKeys {
  readonly initiatorIdentity: Uint8Array;
  readonly responderIdentity: Uint8Array;
  /** The one that the invite names, which need not be the responder's current one. */
  readonly signedPreKey: Uint8Array;
  readonly oneTimePreKey: Uint8Array | undefined;
}

/**
 * What two people compare to know that nobody stands between them in this session, 64 bytes:
 * `HKDF(ik_A || ik_B || spk_B [|| opk_B], zero(32), "Fingerprint", 64)` with the suite's hash. It differs from session to session. Spec: crypto.md §6.3.
 */
export function sessionFingerprint(hash: HashAlgorithm, keys: HandshakeKeys): Uint8Array {
  const parts = [keys.initiatorIdentity, keys.responderIdentity, keys.signedPreKey];
  if (keys.oneTimePreKey !== undefined) parts.push(keys.oneTimePreKey);
  return hkdf(hash, concat(parts), zeroSalt, label, fingerprintLength);
}

/** Authenticated with every message of the session, the same on both sides: `IK_initiator || IK_responder`. Spec: crypto.md §5. */
export function sessionAssociatedData(initiatorIdentity: Uint8Array, responderIdentity: Uint8Array): Uint8Array {
  return concat([initiatorIdentity, responderIdentity]);
}
