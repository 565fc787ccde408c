/** Key pairs, encapsulations and decapsulations per second, by KEM; one thread, the synchronous calls. */
import { type KemScheme, agree, decapsulate, encapsulate, generateAgreementKeyPair, kemSchemes, x25519Scheme } from '../lib/core.js';
import { type Case, shareOf, slowSetUp } from './measure.js';
import { loadPortableLoops, loadRawLoops } from './native/raw-loops.js';
import { nobleAgreement, nobleKem } from './peers/noble.js';
import { nodeAgreement } from './peers/node-crypto.js';
import type { KemOperation } from './peers/operations.js';
import { pqcleanKem } from './peers/pqclean.js';
import { type Question, figureTask } from './task.js';

export const kemQuestion: Question = ([{ agreement }]) =>
  [...kemSchemes.flatMap((scheme) => casesOf(scheme, shareOf(scheme, agreement))), agreementCase(shareOf(x25519Scheme, agreement))].map(
    figureTask,
  );

/** What the Curve25519 suite does in place of an encapsulation. */
function agreementCase(share: number): Case {
  return {
    name: 'diffie-hellman.agree',
    algorithm: x25519Scheme.name,
    about: 'one shared secret, the result checked',
    share,
    prepare() {
      const [ours, theirs] = [generateAgreementKeyPair(x25519Scheme), generateAgreementKeyPair(x25519Scheme)];
      return {
        run(iterations) {
          for (let i = 0; i < iterations; i += 1) agree(x25519Scheme, ours.privateKey, theirs.publicKey).wipe();
        },
        raw: (iterations) => loadRawLoops().rawX25519(iterations),
        peers: [nobleAgreement(), nodeAgreement()],
      };
    },
  };
}

const abouts: Record<KemOperation, string> = {
  keygen: 'one key pair',
  encaps: 'one encapsulation, public key checked',
  decaps: 'one decapsulation, private key checked',
};

function casesOf(scheme: KemScheme, share: number): Case[] {
  return (['keygen', 'encaps', 'decaps'] as const).map((operation) => ({
    name: `kem.${operation}`,
    algorithm: scheme.name,
    about: abouts[operation],
    share,
    prepare() {
      const start = performance.now();
      const run = workOf(scheme, operation);
      const peers = performance.now() - start > slowSetUp ? [] : [nobleKem(scheme, operation), pqcleanKem(scheme, operation)];
      const portable = loadPortableLoops(scheme);
      return {
        run,
        raw: (iterations) => loadRawLoops().rawKem(scheme.code, operation, iterations),
        ...(portable === undefined ? {} : { portable: (iterations) => portable.rawKem(scheme.code, operation, iterations) }),
        peers: peers.filter((peer) => peer !== undefined),
      };
    },
  }));
}

function workOf(scheme: KemScheme, operation: KemOperation): (iterations: number) => void {
  const pair = generateAgreementKeyPair(scheme);
  const { ciphertext, sharedSecret } = encapsulate(scheme, pair.publicKey);
  sharedSecret.wipe();
  // A loop each: one that calls what it is given would be as slow as its slowest user.
  const work: Record<KemOperation, (iterations: number) => void> = {
    keygen(iterations) {
      for (let i = 0; i < iterations; i += 1) generateAgreementKeyPair(scheme).privateKey.wipe();
    },
    encaps(iterations) {
      for (let i = 0; i < iterations; i += 1) encapsulate(scheme, pair.publicKey).sharedSecret.wipe();
    },
    decaps(iterations) {
      for (let i = 0; i < iterations; i += 1) decapsulate(scheme, pair.privateKey, ciphertext).wipe();
    },
  };
  return work[operation];
}
