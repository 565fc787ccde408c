/** `@noble/post-quantum` and `@noble/curves`: the same algorithms in JavaScript. */
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { falcon1024, falcon512 } from '@noble/post-quantum/falcon.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { ml_kem1024, ml_kem512, ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import type { KemScheme, SignatureScheme } from '../../lib/core.js';
import type { Peer } from '../measure.js';
import type { KemOperation, SignatureOperation } from './operations.js';
import { packagePeer } from './peer.js';

const postQuantum = '@noble/post-quantum';
const curves = '@noble/curves';

const kems = new Map([
  ['ML-KEM-512', ml_kem512],
  ['ML-KEM-768', ml_kem768],
  ['ML-KEM-1024', ml_kem1024],
]);

interface Signer {
  keygen(): { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array };
  sign(message: Uint8Array, secretKey: Uint8Array): Uint8Array;
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

// SLH-DSA is not among them: it is FIPS 205, ours is SPHINCS+ of round 3.1.
const signatures = new Map<string, Signer>([
  ['ML-DSA-44', ml_dsa44],
  ['ML-DSA-65', ml_dsa65],
  ['ML-DSA-87', ml_dsa87],
  ['Falcon-512', falcon512],
  ['Falcon-1024', falcon1024],
]);

/** The KEM in `@noble/post-quantum`, when it is there. */
export function nobleKem({ name }: KemScheme, operation: KemOperation): Peer | undefined {
  const kem = kems.get(name);
  if (kem === undefined) return undefined;
  const { publicKey, secretKey } = kem.keygen();
  const { cipherText } = kem.encapsulate(publicKey);
  const work = {
    keygen: () => kem.keygen(),
    encaps: () => kem.encapsulate(publicKey),
    decaps: () => kem.decapsulate(cipherText, secretKey),
  };
  return packagePeer(postQuantum, work[operation]);
}

/** The signature scheme in `@noble/post-quantum`, or Ed25519 of `@noble/curves` beside the signature over Curve25519. */
export function nobleSignature({ name, code }: SignatureScheme, operation: SignatureOperation, message: Uint8Array): Peer | undefined {
  const scheme = signatures.get(name);
  if (code === 0) return packagePeer(curves, signatureWork(ed25519, message)[operation], `${curves} Ed25519`);
  return scheme === undefined ? undefined : packagePeer(postQuantum, signatureWork(scheme, message)[operation]);
}

function signatureWork(scheme: Signer, message: Uint8Array): Record<SignatureOperation, () => unknown> {
  const { publicKey, secretKey } = scheme.keygen();
  const signature = scheme.sign(message, secretKey);
  return {
    keygen: () => scheme.keygen(),
    sign: () => scheme.sign(message, secretKey),
    verify: () => scheme.verify(signature, message, publicKey),
  };
}

/** X25519 in `@noble/curves`. */
export function nobleAgreement(): Peer {
  const [ours, theirs] = [x25519.keygen(), x25519.keygen()];
  return packagePeer(curves, () => x25519.getSharedSecret(ours.secretKey, theirs.publicKey));
}
