/** `node:crypto`, which calls OpenSSL. */
import {
  createCipheriv,
  createHash,
  createHmac,
  diffieHellman,
  generateKeyPairSync,
  sign as signWith,
  verify as verifyWith,
} from 'node:crypto';
import type { Peer } from '../measure.js';
import type { SignatureOperation } from './operations.js';
import { nodePeer } from './peer.js';

/** AES-256-GCM with the key and IV set up each time, the tag appended as ours is. */
export function nodeSeal(key: Uint8Array, iv: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Peer {
  return nodePeer(() => {
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    cipher.setAAD(associatedData);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  });
}

/** SHA-256. */
export function nodeSha256(data: Uint8Array): Peer {
  return nodePeer(() => createHash('sha256').update(data).digest());
}

/** HMAC with SHA-256. */
export function nodeHmac(key: Uint8Array, data: Uint8Array): Peer {
  return nodePeer(() => createHmac('sha256', key).update(data).digest());
}

/** X25519 with keys that are imported already. */
export function nodeAgreement(): Peer {
  const [{ privateKey }, { publicKey }] = [generateKeyPairSync('x25519'), generateKeyPairSync('x25519')];
  return nodePeer(() => diffieHellman({ privateKey, publicKey }));
}

/** Ed25519, beside the signature over Curve25519, with keys that are imported already. */
export function nodeSignature(operation: SignatureOperation, message: Uint8Array): Peer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const signature = signWith(null, message, privateKey);
  const work = {
    keygen: () => generateKeyPairSync('ed25519'),
    sign: () => signWith(null, message, privateKey),
    verify: () => verifyWith(null, message, publicKey, signature),
  };
  return nodePeer(work[operation], 'node:crypto Ed25519');
}
