/** Key pairs, encapsulations and decapsulations per second, by KEM; one thread, the synchronous calls. */
import { type KemScheme, agree, decapsulate, encapsulate, generateAgreementKeyPair, kemSchemes, x25519Scheme } from '../lib/core.js';
import type { Case, Group } from './measure.js';
import { loadRawLoops } from './native/raw-loops.js';

export const kemCases: Group = {
  names: ['kem.keygen', 'kem.encaps', 'kem.decaps', 'diffie-hellman.agree'],
  prepare: () => Promise.resolve({ cases: [...kemSchemes.flatMap(casesOf), agreement()], close: () => Promise.resolve() }),
};

const raw = loadRawLoops();

/** What the Curve25519 suite does in place of an encapsulation. */
function agreement(): Case {
  const [ours, theirs] = [generateAgreementKeyPair(x25519Scheme), generateAgreementKeyPair(x25519Scheme)];
  return {
    name: 'diffie-hellman.agree',
    algorithm: x25519Scheme.name,
    about: 'one shared secret, the result checked',
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) agree(x25519Scheme, ours.privateKey, theirs.publicKey).wipe();
    },
    raw: (iterations) => raw.rawX25519(iterations),
  };
}

function casesOf(scheme: KemScheme): Case[] {
  const pair = generateAgreementKeyPair(scheme);
  const { ciphertext, sharedSecret } = encapsulate(scheme, pair.publicKey);
  sharedSecret.wipe();
  const row = { algorithm: scheme.name };
  return [
    {
      ...row,
      name: 'kem.keygen',
      about: 'one key pair',
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) generateAgreementKeyPair(scheme).privateKey.wipe();
      },
      raw: (iterations) => raw.rawKem(scheme.code, 'keygen', iterations),
    },
    {
      ...row,
      name: 'kem.encaps',
      about: 'one encapsulation, public key checked',
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) encapsulate(scheme, pair.publicKey).sharedSecret.wipe();
      },
      raw: (iterations) => raw.rawKem(scheme.code, 'encaps', iterations),
    },
    {
      ...row,
      name: 'kem.decaps',
      about: 'one decapsulation, private key checked',
      run: (iterations) => {
        for (let i = 0; i < iterations; i += 1) decapsulate(scheme, pair.privateKey, ciphertext).wipe();
      },
      raw: (iterations) => raw.rawKem(scheme.code, 'decaps', iterations),
    },
  ];
}
