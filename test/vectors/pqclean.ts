/** PQClean's META files: the hash of a one-record known-answer text for every scheme. */
import { toHex } from '../../lib/base/bytes.js';
import { E2eeError } from '../../lib/base/errors.js';
import { sha256 } from '../../lib/crypto/hash.js';
import { decapsulate, encapsulate, generateAgreementKeyPair, kemSchemes } from '../../lib/crypto/kem.js';
import type { KemScheme, SignatureScheme } from '../../lib/crypto/scheme.js';
import { generateSigningKeyPair, sign, signatureSchemes, verify } from '../../lib/crypto/signature.js';
import { concat, utf8 } from '../../lib/base/bytes.js';
import { KnownAnswerDrbg } from '../support/vectors-drbg.js';
import { type JsonObject, asObject, fromHex, text } from '../support/vectors-json.js';
import { withRandom } from '../support/vectors-random.js';
import { type VectorBody, type VectorCase, check, checkBytes, noScheme } from './vector-case.js';

/** How many bytes a scheme draws at once: the DRBG's output depends on it. `use` is encapsulation or signing, drawn again until it fits. */
interface Draws {
  readonly names: RegExp;
  keyPair(publicKeyLength: number): number;
  use(publicKeyLength: number): number;
}

const draws: readonly Draws[] = [
  { names: /^ml-kem-/u, keyPair: () => 64, use: () => 32 },
  { names: /^ml-dsa-/u, keyPair: () => 32, use: () => 32 },
  // A public key is 2n bytes; three seeds of n make a key pair, one randomizes a signature.
  { names: /^sphincs-/u, keyPair: (length) => (3 * length) / 2, use: (length) => length / 2 },
  // 2t candidates of two bytes for t = 64 positions; candidates out of range or repeated mean another draw.
  { names: /^mceliece348864$/u, keyPair: () => 32, use: () => 256 },
];

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/gu, '');
}

function drawsOf(name: string): Draws {
  const row = draws.find((entry) => entry.names.test(name));
  if (row === undefined) throw new Error(`how much ${name} draws at once is not known`);
  return row;
}

/** Repeats `operation` with one more draw of `length` bytes until the scheme has enough; all must be used up. */
function withDraws<T>(drbg: KnownAnswerDrbg, length: number, operation: Parameters<typeof withRandom<T>>[1]): T {
  let given = drbg.draw(length);
  for (;;) {
    try {
      return withRandom(given, operation);
    } catch (error) {
      if (!(error instanceof E2eeError) || error.code !== 'random-length' || given.length > 100 * length) throw error;
      given = concat([given, drbg.draw(length)]);
    }
  }
}

function line(name: string, value: Uint8Array): string {
  return `${name} = ${toHex(value).toUpperCase()}\n`;
}

/** The record's beginning: the generator made from the bytes 00 to 2f gives the seed of the generator the scheme draws from. */
function start(): { readonly master: KnownAnswerDrbg; readonly seed: Uint8Array } {
  const master = new KnownAnswerDrbg(Uint8Array.from({ length: 48 }, (_, index) => index));
  return { master, seed: master.draw(48) };
}

function kemText(name: string, scheme: KemScheme): string {
  const { seed } = start();
  const drbg = new KnownAnswerDrbg(seed);
  const row = drawsOf(name);
  const length = scheme.publicKeyLength;
  const pair = withRandom(drbg.draw(row.keyPair(length)), (native) => generateAgreementKeyPair(scheme, native));
  const { ciphertext, sharedSecret } = withDraws(drbg, row.use(length), (native) => encapsulate(scheme, pair.publicKey, native));
  checkBytes('the decapsulated secret', decapsulate(scheme, pair.privateKey, ciphertext).expose(), sharedSecret.expose());
  return [
    'count = 0\n',
    line('seed', seed),
    line('pk', pair.publicKey),
    line('sk', pair.privateKey.expose()),
    line('ct', ciphertext),
    line('ss', sharedSecret.expose()),
  ].join('');
}

function signatureText(name: string, scheme: SignatureScheme): string {
  const { master, seed } = start();
  const message = master.draw(33);
  const drbg = new KnownAnswerDrbg(seed);
  const row = drawsOf(name);
  const length = scheme.publicKeyLength;
  const pair = withRandom(drbg.draw(row.keyPair(length)), (native) => generateSigningKeyPair(scheme, native));
  const signature = withDraws(drbg, row.use(length), (native) => sign(scheme, pair.privateKey, message, native));
  check(verify(scheme, pair.publicKey, message, signature), 'the signature does not verify');
  const signed = concat([signature, message]);
  return [
    'count = 0\n',
    line('seed', seed),
    `mlen = ${message.length}\n`,
    line('msg', message),
    line('pk', pair.publicKey),
    line('sk', pair.privateKey.expose()),
    `smlen = ${signed.length}\n`,
    line('sm', signed),
  ].join('');
}

/** Whether `file` holds the hashes of PQClean's META files. */
export function isPqclean(file: JsonObject): boolean {
  const entries = Object.values(file);
  return entries.length > 0 && entries.every((entry) => typeof entry === 'object' && entry !== null && 'nistkat-sha256' in entry);
}

function body(name: string, expected: Uint8Array): VectorBody {
  const named = (scheme: { readonly name: string }) => plain(scheme.name).endsWith(plain(name));
  const kem = kemSchemes.find(named);
  if (kem !== undefined) return { run: () => checkBytes('the hash of the text', sha256(utf8(kemText(name, kem))), expected) };
  const signature = signatureSchemes.find(named);
  if (signature === undefined) return { skipped: noScheme(name) };
  return { run: () => checkBytes('the hash of the text', sha256(utf8(signatureText(name, signature))), expected) };
}

/** One case per scheme. `testvectors-sha256`, where present, comes from another generator and says nothing more about the scheme. */
export function pqcleanCases(file: JsonObject): VectorCase[] {
  return Object.entries(file).map(([name, hashes]) => ({ name, ...body(name, fromHex(text(asObject(hashes, name), 'nistkat-sha256'))) }));
}
