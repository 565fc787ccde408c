/** C2SP CCTV: text files of ML-KEM cases, and the accumulated hashes. */
import { type Hash, createHash } from 'node:crypto';
import { noBytes } from '../../lib/base/bytes.js';
import { isValidPublicKey, kemSchemes } from '../../lib/crypto/kem.js';
import type { KemScheme, SignatureScheme } from '../../lib/crypto/scheme.js';
import { verify } from '../../lib/crypto/signature.js';
import { type JsonObject, asObject, bytes, fromHex } from '../support/vectors-json.js';
import * as mlDsa from './ml-dsa.js';
import * as mlKem from './ml-kem.js';
import { type VectorBody, type VectorCase, check, checkBytes, kemNamed, noScheme, checkRefused, signatureNamed } from './vector-case.js';

/** The KEM whose keys have this length: the text files name no parameter set. */
function kemWith(length: 'publicKeyLength' | 'privateKeyLength', key: Uint8Array): KemScheme {
  const scheme = kemSchemes.find((entry) => entry.name.startsWith('ML-KEM') && entry[length] === key.length);
  if (scheme === undefined) throw new Error(`no ML-KEM has a ${length} of ${key.length}`);
  return scheme;
}

function modulusCase(line: string, index: number): VectorCase {
  return {
    name: `line ${index + 1}`,
    run() {
      const key = fromHex(line);
      const scheme = kemWith('publicKeyLength', key);
      check(!isValidPublicKey(scheme, key), 'the public key counts as valid');
      checkRefused(() => mlKem.encapsulateWith(scheme, key, new Uint8Array(32)));
    },
  };
}

function fieldsOf(lines: readonly string[]): ReadonlyMap<string, Uint8Array> {
  return new Map(
    lines.map((line) => {
      const [, key, value] = /^(\w+) = ([0-9a-f]*)$/iu.exec(line) ?? [];
      if (key === undefined || value === undefined) throw new Error('a line has not the form `name = hex`');
      return [key, fromHex(value)];
    }),
  );
}

/** `d` and `z` are not used: these files expand them as the FIPS 203 draft did. `ek`, `dk` and what follows from them match the standard. */
function fieldCases(lines: readonly string[]): VectorCase[] {
  const fields = fieldsOf(lines);
  const field = (name: string): Uint8Array => {
    const value = fields.get(name);
    if (value === undefined) throw new Error(`${name} is missing`);
    return value;
  };
  const decapsulation: VectorCase = {
    name: 'decapsulation',
    run() {
      const scheme = kemWith('privateKeyLength', field('dk'));
      checkBytes('the shared secret', mlKem.decapsulateWith(scheme, field('dk'), field('c')), field('K'));
    },
  };
  if (!fields.has('m')) return [decapsulation];
  const encapsulation: VectorCase = {
    name: 'encapsulation',
    run: () => mlKem.checkEncapsulation(kemWith('publicKeyLength', field('ek')), field('ek'), field('m'), field('c'), field('K')),
  };
  return [encapsulation, decapsulation];
}

/** The cases of a text file: refused public keys, one per line, or the named values of one case. */
export function cctvTextCases(name: string, content: string): VectorCase[] {
  const lines = content.split('\n').filter((line) => line !== '');
  check(lines.length > 0, 'the file is empty');
  return name.includes('modulus') ? lines.map(modulusCase) : fieldCases(lines);
}

/** SHAKE-128 of the empty string, read piece by piece. */
function shakeStream(length: number): (count: number) => Uint8Array {
  const stream = new Uint8Array(createHash('shake128', { outputLength: length }).digest());
  let offset = 0;
  return (count) => stream.subarray(offset, (offset += count));
}

function accumulate(rounds: number, bytesPerRound: number, round: (draw: (count: number) => Uint8Array, sink: Hash) => void): Uint8Array {
  const draw = shakeStream(rounds * bytesPerRound);
  const sink = createHash('shake128', { outputLength: 32 });
  for (let i = 0; i < rounds; i++) round(draw, sink);
  return new Uint8Array(sink.digest());
}

function kemRound(scheme: KemScheme, format: string, draw: (count: number) => Uint8Array, sink: Hash): void {
  const pair = mlKem.keyPairOfSeed(scheme, draw(64));
  const { ciphertext, sharedSecret } = mlKem.encapsulateWith(scheme, pair.publicKey, draw(32));
  const privateKey = pair.privateKey.expose();
  checkBytes('the decapsulated secret', mlKem.decapsulateWith(scheme, privateKey, ciphertext), sharedSecret.expose());
  const values: Readonly<Record<string, Uint8Array>> = {
    ek: pair.publicKey,
    dk: privateKey,
    c: ciphertext,
    K: sharedSecret.expose(),
    K_reject: mlKem.decapsulateWith(scheme, privateKey, draw(scheme.ciphertextLength)),
  };
  for (const name of format.split(',')) {
    const value = values[name];
    if (value === undefined) throw new Error(`the output ${name} is not known`);
    sink.update(value);
  }
}

function signatureRound(scheme: SignatureScheme, draw: (count: number) => Uint8Array, sink: Hash): void {
  const pair = mlDsa.keyPairOfSeed(scheme, draw(32));
  const signature = mlDsa.signWith(scheme, pair.privateKey.expose(), noBytes, noBytes, new Uint8Array(32));
  check(verify(scheme, pair.publicKey, noBytes, signature), 'a signature does not verify');
  sink.update(pair.publicKey).update(signature);
}

type HashBody = (rounds: number, hash: Uint8Array) => VectorBody;

/** The entries of a part of the file that are tables; `perIteration` is a text. */
function tablesOf(file: JsonObject, part: string): readonly (readonly [string, JsonObject])[] {
  return Object.entries(asObject(file[part] ?? {}, part))
    .filter(([key]) => key !== 'perIteration')
    .map(([key, table]) => [key, asObject(table, key)]);
}

/** One case per number of rounds: `{ "100": "hash" }`. */
function hashCases(name: string, hashes: unknown, body: HashBody): VectorCase[] {
  return Object.keys(asObject(hashes, name)).map((rounds) => ({
    name: `${name}, ${rounds} rounds`,
    ...body(Number(rounds), bytes(asObject(hashes, name), rounds)),
  }));
}

function kemHash(name: string, format: string): HashBody {
  const scheme = kemNamed(name);
  if (scheme === undefined) return () => ({ skipped: noScheme(name) });
  const round: Parameters<typeof accumulate>[2] = (draw, sink) => kemRound(scheme, format, draw, sink);
  return (rounds, hash) => ({ run: () => checkBytes('the hash', accumulate(rounds, 96 + scheme.ciphertextLength, round), hash) });
}

function signatureHash(name: string): HashBody {
  const scheme = signatureNamed(name);
  if (scheme === undefined) return () => ({ skipped: noScheme(name) });
  const round: Parameters<typeof accumulate>[2] = (draw, sink) => signatureRound(scheme, draw, sink);
  return (rounds, hash) => ({ run: () => checkBytes('the hash', accumulate(rounds, 32, round), hash) });
}

/** Whether `file` holds the accumulated hashes. */
export function isAccumulated(file: JsonObject): boolean {
  return 'shakeStream' in file;
}

/** The cases of the accumulated hashes. The key of a KEM table begins with a label and the list of absorbed outputs. */
export function accumulatedCases(file: JsonObject): VectorCase[] {
  const unknown = Object.keys(file).filter((key) => !['shakeStream', 'ml-kem', 'ml-dsa'].includes(key));
  check(unknown.length === 0, `${unknown.join(', ')} is not known`);
  const kemCases = tablesOf(file, 'ml-kem').flatMap(([label, table]) => {
    const format = /^\S+ ([\w,]+)/u.exec(label)?.[1];
    if (format === undefined) throw new Error('a table does not say which outputs it absorbs');
    return Object.entries(table).flatMap(([name, hashes]) => hashCases(`${format} ${name}`, hashes, kemHash(name, format)));
  });
  const signatureCases = tablesOf(file, 'ml-dsa').flatMap(([name, hashes]) => hashCases(name, hashes, signatureHash(name)));
  return [...kemCases, ...signatureCases];
}
