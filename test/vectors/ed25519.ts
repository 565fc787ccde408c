import { signatureByCode, verify } from '../../lib/crypto/signature.js';
import { montgomeryForm, withKeySign } from '../support/vectors-edwards.js';
import { type VectorBody, checkVerdict, noScheme } from './vector-case.js';

/** Verification of an ordinary Ed25519 signature by our Curve25519 signature, whose equation is the same (crypto.md §3.1). */
export function ed25519Case(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array, valid: boolean): VectorBody {
  const scheme = signatureByCode(0);
  if (scheme === undefined) return { skipped: noScheme('Curve25519 signature') };
  const montgomery = montgomeryForm(publicKey);
  if (montgomery === undefined) return { skipped: 'this public key has no Montgomery form' };
  const carried = withKeySign(signature, montgomery.sign);
  if (carried === undefined) return { skipped: 'the top bit of S is taken: our form carries the sign of the key there' };
  return { run: () => checkVerdict(valid, verify(scheme, montgomery.key, message, carried)) };
}
