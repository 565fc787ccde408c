/** Bytes of keys, ciphertexts and signatures by the tables, and of what a suite sends. */
import { type CipherSuite, encodeAccept, encodeInvite, kemSchemes, signatureSchemes, x25519Scheme } from '../lib/core.js';
import { handshake, party } from './handshake.js';
import { send } from './message.js';
import type { Size } from './report.js';
import type { Question, Task } from './task.js';

export const sizesQuestion: Question = (suites) => [
  table('size.agreement', agreementSizes),
  table('size.signature', signatureSizes),
  ...suites.map((suite) => table('size.suite', () => suiteSizes(suite), suite.name)),
];

const plaintext = new Uint8Array(64).fill(0x61);

function table(name: string, sizes: () => Size[], subject?: string): Task {
  return { name, ...(subject === undefined ? {} : { subject }), run: () => Promise.resolve({ sizes: sizes() }) };
}

function agreementSizes(): Size[] {
  const row = (name: string, algorithm: string, bytes: number, about: string): Size => ({ name: `size.${name}`, algorithm, bytes, about });
  return [...kemSchemes, x25519Scheme].flatMap((scheme) => [
    row('agreement.public-key', scheme.name, scheme.publicKeyLength, 'public key'),
    row('agreement.private-key', scheme.name, scheme.privateKeyLength, 'private key'),
    row(
      'agreement.ratchet-key',
      scheme.name,
      scheme.ratchetKeyLength,
      'what a message carries: the ciphertext of a KEM, else a public key',
    ),
  ]);
}

function signatureSizes(): Size[] {
  return signatureSchemes.flatMap(({ name: algorithm, publicKeyLength, privateKeyLength, signatureLength, fixedLength }) => [
    { name: 'size.signature.public-key', algorithm, bytes: publicKeyLength, about: 'public key' },
    { name: 'size.signature.private-key', algorithm, bytes: privateKeyLength, about: 'private key' },
    { name: 'size.signature', algorithm, bytes: signatureLength, about: fixedLength ? 'signature' : 'signature, at most' },
  ]);
}

function suiteSizes(suite: CipherSuite): Size[] {
  const { bundle, invite, accept, initiator } = handshake(party(suite, 'alice'), party(suite, 'bob'));
  const { identityKey, signedPreKey, oneTimePreKey } = bundle;
  const parts = [identityKey.agreement, identityKey.signing, signedPreKey.publicKey, signedPreKey.signature, oneTimePreKey?.publicKey];
  const row = (name: string, bytes: number, about: string): Size => ({ name: `size.suite.${name}`, suite: suite.name, bytes, about });
  return [
    row(
      'bundle',
      parts.reduce((sum, part) => sum + (part?.length ?? 0), 0),
      'keys and signature of a pre-key bundle with a one-time pre-key, without its framing',
    ),
    row('invite', encodeInvite(invite).length, 'encoded invite'),
    row('accept', encodeAccept(accept).length, 'encoded accept'),
    row('overhead', send(initiator, plaintext).length - plaintext.length, 'encoded message less its text of 64 bytes'),
  ];
}
