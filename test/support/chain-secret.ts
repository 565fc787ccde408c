import { copySecret } from '../../lib/base/secret.js';
import { ChainSecret } from '../../lib/crypto/chain.js';
import { sha256Algorithm } from '../../lib/crypto/hash.js';
import type { HashAlgorithm } from '../../lib/crypto/scheme.js';

/** A copy of `bytes` as a chain key, of the usual hash unless told otherwise. */
export function chainSecret(bytes: Uint8Array, hash: HashAlgorithm = sha256Algorithm): ChainSecret {
  return new ChainSecret(hash, copySecret(bytes));
}
