/** Signatures and verifications per second, by scheme; one thread, the synchronous calls, a message of 64 bytes. */
import { type SignatureScheme, generateSigningKeyPair, sign, signatureSchemes, verify } from '../lib/core.js';
import type { Case, Group } from './measure.js';
import { loadRawLoops } from './native/raw-loops.js';

const messageLength = 64;

export const signatureCases: Group = {
  names: ['signature.keygen', 'sign', 'verify'],
  prepare: () => Promise.resolve({ cases: signatureSchemes.flatMap(casesOf), close: () => Promise.resolve() }),
};

const raw = loadRawLoops();

function casesOf(scheme: SignatureScheme): Case[] {
  const pair = generateSigningKeyPair(scheme);
  const message = new Uint8Array(messageLength).fill(0x5a);
  const signature = sign(scheme, pair.privateKey, message);
  const row = { algorithm: scheme.name };
  return [
    {
      ...row,
      name: 'signature.keygen',
      about: 'one key pair',
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) generateSigningKeyPair(scheme).privateKey.wipe();
      },
      raw: (iterations) => raw.rawSignature(scheme.code, 'keygen', messageLength, iterations),
    },
    {
      ...row,
      name: 'sign',
      about: 'one signature of 64 bytes',
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) sign(scheme, pair.privateKey, message);
      },
      raw: (iterations) => raw.rawSignature(scheme.code, 'sign', messageLength, iterations),
    },
    {
      ...row,
      name: 'verify',
      about: 'one verification of a signature of 64 bytes',
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) {
          if (!verify(scheme, pair.publicKey, message, signature)) throw new Error(`${scheme.name} refused its own signature`);
        }
      },
      raw: (iterations) => raw.rawSignature(scheme.code, 'verify', messageLength, iterations),
    },
  ];
}
