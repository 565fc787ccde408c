/** Key pairs, signatures and verifications per second, by scheme; one thread, the synchronous calls, a message of 64 bytes. */
import { type SignatureScheme, generateSigningKeyPair, sign, signatureSchemes, verify } from '../lib/core.js';
import { type Case, type Peer, shareOf, slowSetUp } from './measure.js';
import { loadPortableLoops, loadRawLoops } from './native/raw-loops.js';
import { nobleSignature } from './peers/noble.js';
import { nodeSignature } from './peers/node-crypto.js';
import type { SignatureOperation } from './peers/operations.js';
import { pqcleanSignature } from './peers/pqclean.js';
import { type Question, figureTask } from './task.js';

export const signatureQuestion: Question = ([{ signature }]) =>
  signatureSchemes.flatMap((scheme) => casesOf(scheme, shareOf(scheme, signature))).map(figureTask);

const message = new Uint8Array(64).fill(0x5a);

const rows = [
  { operation: 'keygen', name: 'signature.keygen', about: 'one key pair' },
  { operation: 'sign', name: 'sign', about: 'one signature of 64 bytes' },
  { operation: 'verify', name: 'verify', about: 'one verification of a signature of 64 bytes' },
] as const;

function casesOf(scheme: SignatureScheme, share: number): Case[] {
  return rows.map(({ operation, name, about }) => ({
    name,
    algorithm: scheme.name,
    about,
    share,
    prepare() {
      const start = performance.now();
      const run = workOf(scheme, operation);
      const peers = performance.now() - start > slowSetUp ? [] : peersOf(scheme, operation);
      const portable = loadPortableLoops(scheme);
      return {
        run,
        raw: (iterations) => loadRawLoops().rawSignature(scheme.code, operation, message.length, iterations),
        ...(portable === undefined
          ? {}
          : { portable: (iterations) => portable.rawSignature(scheme.code, operation, message.length, iterations) }),
        peers,
      };
    },
  }));
}

function peersOf(scheme: SignatureScheme, operation: SignatureOperation): Peer[] {
  const openssl = scheme.code === 0 ? nodeSignature(operation, message) : undefined;
  return [nobleSignature(scheme, operation, message), openssl, pqcleanSignature(scheme, operation, message)].filter(
    (peer) => peer !== undefined,
  );
}

function workOf(scheme: SignatureScheme, operation: SignatureOperation): (iterations: number) => void {
  const pair = generateSigningKeyPair(scheme);
  const signature = sign(scheme, pair.privateKey, message);
  // A loop each: one that calls what it is given would be as slow as its slowest user.
  const work: Record<SignatureOperation, (iterations: number) => void> = {
    keygen(iterations) {
      for (let i = 0; i < iterations; i += 1) generateSigningKeyPair(scheme).privateKey.wipe();
    },
    sign(iterations) {
      for (let i = 0; i < iterations; i += 1) sign(scheme, pair.privateKey, message);
    },
    verify(iterations) {
      for (let i = 0; i < iterations; i += 1) {
        if (!verify(scheme, pair.publicKey, message, signature)) throw new Error(`${scheme.name} refused its own signature`);
      }
    },
  };
  return work[operation];
}
