/**
 * Curve25519 signatures. Of the file's two forms ours is the one whose top bit carries the sign of the Edwards key (crypto.md §3.1);
 * the specification's form is the special case of a zero bit, so its signatures verify too.
 */
import { Secret, copySecret } from '../../lib/base/secret.js';
import { addon, callAddon } from '../../lib/crypto/native.js';
import type { SignatureScheme } from '../../lib/crypto/scheme.js';
import { sign, signatureByCode, verify } from '../../lib/crypto/signature.js';
import { fieldPrime, groupOrder, littleEndian } from '../support/vectors-edwards.js';
import { type JsonObject, bytes, flag, number, objects, text } from '../support/vectors-json.js';
import { withRandom } from '../support/vectors-random.js';
import { type VectorBody, type VectorCase, check, checkBytes, checkVerdict, noScheme, accepts } from './vector-case.js';

/** What we refuse although the equation may hold: S not reduced, u not reduced or with bit 255 set, u = p - 1. Spec: crypto.md §3.1. */
function refusedByStrictness(publicKey: Uint8Array, signature: Uint8Array): boolean {
  const u = littleEndian(publicKey);
  const s = littleEndian(signature.subarray(32)) & (2n ** 255n - 1n);
  return u >= fieldPrime - 1n || s >= groupOrder;
}

function checkSigning(scheme: SignatureScheme, test: JsonObject): void {
  using privateKey = new Secret<'SigningPrivateKey'>(copySecret(bytes(test, 'privateKey')));
  const [publicKey, message] = [bytes(test, 'publicKeyX25519'), bytes(test, 'message')];
  const derived = new Uint8Array(new ArrayBuffer(32));
  callAddon(() => addon.x25519PublicKey(privateKey.expose(), derived));
  checkBytes('the public key', derived, publicKey);
  const signature = withRandom(bytes(test, 'random'), (native) => sign(scheme, privateKey, message, native));
  checkBytes('the signature', signature, bytes(test, 'signatureSignBitVariant'));
  check(verify(scheme, publicKey, message, signature), 'our signature does not verify');
  check(verify(scheme, publicKey, message, bytes(test, 'signature')), "the specification's signature does not verify");
}

function checkVerification(scheme: SignatureScheme, test: JsonObject): void {
  const [publicKey, signature] = [bytes(test, 'publicKeyX25519'), bytes(test, 'signature')];
  const verified = () => verify(scheme, publicKey, bytes(test, 'message'), signature);
  const expected = flag(test, 'validSignBitVariant') && !refusedByStrictness(publicKey, signature);
  checkVerdict(expected, accepts(verified));
}

/** Whether `file` holds XEdDSA cases. */
export function isXeddsa(file: JsonObject): boolean {
  const algorithm = file['algorithm'];
  return typeof algorithm === 'string' && algorithm.startsWith('XEdDSA');
}

/** The signing and verification cases. */
export function xeddsaCases(file: JsonObject): VectorCase[] {
  const scheme = signatureByCode(0);
  const body = (run: (scheme: SignatureScheme, test: JsonObject) => void, test: JsonObject): VectorBody =>
    scheme === undefined ? { skipped: noScheme('Curve25519 signature') } : { run: () => run(scheme, test) };
  return [
    ...objects(file, 'sign').map((test) => ({ name: `sign ${number(test, 'tcId')}`, ...body(checkSigning, test) })),
    ...objects(file, 'verify').map((test) => ({
      name: `verify ${number(test, 'tcId')}, ${text(test, 'comment')}`,
      ...body(checkVerification, test),
    })),
  ];
}
