/** PQClean's META files: the hash of a one-record known-answer text for every scheme. */
import { toHex } from '../../lib/base/bytes.js';
import { E2eeError } from '../../lib/base/errors.js';
import { sha256 } from '../../lib/crypto/hash.js';
import { decapsulate, encapsulate, generateAgreementKeyPair, kemSchemes } from '../../lib/crypto/kem.js';
import type { KemScheme, SignatureScheme } from '../../lib/crypto/scheme.js';
import { generateSigningKeyPair, sign, signatureSchemes, verify } from '../../lib/crypto/signature.js';
import { concat, utf8 } from '../../lib/base/bytes.js';
import { KnownAnswerDrbg, KnownAnswerShake, type RandomSource } from '../support/vectors-drbg.js';
import { type JsonObject, asObject, fromHex, text } from '../support/vectors-json.js';
import { withRandom } from '../support/vectors-random.js';
import { type VectorBody, type VectorCase, check, checkBytes, noScheme } from './vector-case.js';

/** How many bytes a scheme draws, call by call: the DRBG's output depends on it. `use` is encapsulation or signing, drawn again until it fits. */
interface Draws {
  readonly names: RegExp;
  keyPair(publicKeyLength: number): readonly number[];
  use(publicKeyLength: number): readonly number[];
}

/** HQC draws a message of k bytes: the security level, that is. */
const hqcMessageLength = new Map([
  [2249, 16],
  [4522, 24],
  [7245, 32],
]);

const draws: readonly Draws[] = [
  {
    names: /^hqc-/u,
    keyPair: (length) => [40, hqcMessageLength.get(length) ?? 0, 40],
    use: (length) => [hqcMessageLength.get(length) ?? 0, 16],
  },
  { names: /^ml-kem-/u, keyPair: () => [64], use: () => [32] },
  { names: /^ml-dsa-/u, keyPair: () => [32], use: () => [32] },
  // A seed; then the nonce of 40 bytes and a seed again.
  { names: /^falcon-\d+$/u, keyPair: () => [48], use: () => [40, 48] },
  // A public key is 2n bytes; three seeds of n make a key pair, one randomizes a signature.
  { names: /^sphincs-/u, keyPair: (length) => [(3 * length) / 2], use: (length) => [length / 2] },
  // 2t candidates of two bytes for t positions, where all of them are in range t; candidates out of range or repeated mean another draw.
  { names: /^mceliece8192128/u, keyPair: () => [32], use: () => [2 * 128] },
  { names: /^mceliece348864/u, keyPair: () => [32], use: () => [4 * 64] },
  { names: /^mceliece460896/u, keyPair: () => [32], use: () => [4 * 96] },
  { names: /^mceliece6688128/u, keyPair: () => [32], use: () => [4 * 128] },
  { names: /^mceliece6960119/u, keyPair: () => [32], use: () => [4 * 119] },
];

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/gu, '');
}

function drawsOf(name: string): Draws {
  const row = draws.find((entry) => entry.names.test(name));
  if (row === undefined) throw new Error(`how much ${name} draws at once is not known`);
  return row;
}

function drawn(source: RandomSource, lengths: readonly number[]): Uint8Array {
  return concat(lengths.map((length) => source.draw(length)));
}

/** Repeats `operation` with the draws of `lengths` once more until the scheme has enough; all must be used up. */
function withDraws<T>(source: RandomSource, lengths: readonly number[], operation: Parameters<typeof withRandom<T>>[1]): T {
  let given = drawn(source, lengths);
  const most = 100 * given.length;
  for (;;) {
    try {
      return withRandom(given, operation);
    } catch (error) {
      if (!(error instanceof E2eeError) || error.code !== 'random-length' || given.length > most) throw error;
      given = concat([given, drawn(source, lengths)]);
    }
  }
}

function line(name: string, value: Uint8Array): string {
  return `${name} = ${toHex(value).toUpperCase()}\n`;
}

/** The record's beginning: the generator made from the bytes 00 to 2f gives the seed of the generator the scheme draws from. */
function start(name: string): { readonly master: RandomSource; readonly source: RandomSource; readonly seed: Uint8Array } {
  const Source = name.startsWith('hqc-') ? KnownAnswerShake : KnownAnswerDrbg;
  const master = new Source(Uint8Array.from({ length: 48 }, (_, index) => index));
  const seed = master.draw(48);
  return { master, source: new Source(seed), seed };
}

function kemText(name: string, scheme: KemScheme): string {
  const { seed, source } = start(name);
  const row = drawsOf(name);
  const length = scheme.publicKeyLength;
  const pair = withRandom(drawn(source, row.keyPair(length)), (native) => generateAgreementKeyPair(scheme, native));
  const { ciphertext, sharedSecret } = withDraws(source, row.use(length), (native) => encapsulate(scheme, pair.publicKey, native));
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

/**
 * A signature before its message. Falcon's reads otherwise there: the lengths of header and value in two bytes, the nonce, the message, the header of
 * a value that stands at the end, the value.
 */
function signedMessage(name: string, signature: Uint8Array, message: Uint8Array): Uint8Array {
  if (!name.startsWith('falcon-')) return concat([signature, message]);
  const [nonce, value] = [signature.subarray(1, 41), signature.subarray(41)];
  const length = 1 + value.length;
  const header = (signature[0] ?? 0) - 0x10;
  return concat([Uint8Array.of(length >> 8, length & 0xff), nonce, message, Uint8Array.of(header), value]);
}

function signatureText(name: string, scheme: SignatureScheme): string {
  const { master, seed, source } = start(name);
  const message = master.draw(33);
  const row = drawsOf(name);
  const length = scheme.publicKeyLength;
  const pair = withRandom(drawn(source, row.keyPair(length)), (native) => generateSigningKeyPair(scheme, native));
  const signature = withDraws(source, row.use(length), (native) => sign(scheme, pair.privateKey, message, native));
  check(verify(scheme, pair.publicKey, message, signature), 'the signature does not verify');
  const signed = signedMessage(name, signature, message);
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
