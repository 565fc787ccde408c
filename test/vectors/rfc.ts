/** The appendix values of RFC 4231, 5869, 7748 and 8032. */
import { Secret, copySecret } from '../../lib/base/secret.js';
import { hmacSha256, sha512, sha256Algorithm } from '../../lib/crypto/hash.js';
import { hkdf } from '../../lib/crypto/kdf.js';
import { agree, x25519Scheme } from '../../lib/crypto/kem.js';
import { addon, callAddon } from '../../lib/crypto/native.js';
import { montgomeryForm } from '../support/vectors-edwards.js';
import { type JsonObject, asObject, bytes, number, objects, text } from '../support/vectors-json.js';
import { ed25519Case } from './ed25519.js';
import { type VectorCase, checkBytes } from './vector-case.js';

function x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  using key = new Secret<'AgreementPrivateKey'>(copySecret(privateKey));
  return agree(x25519Scheme, key, publicKey).expose();
}

function x25519PublicKey(privateKey: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(new ArrayBuffer(32));
  callAddon(() => addon.x25519PublicKey(privateKey, publicKey));
  return publicKey;
}

function hmacCases(file: JsonObject): VectorCase[] {
  return objects(file, 'tests').map((test) => ({
    name: `case ${number(test, 'case')}`,
    run() {
      const expected = bytes(test, 'mac');
      checkBytes('the code', hmacSha256(bytes(test, 'key'), bytes(test, 'data')).subarray(0, expected.length), expected);
    },
  }));
}

function hkdfCases(file: JsonObject): VectorCase[] {
  return objects(file, 'tests').map((test) => ({
    name: `case ${number(test, 'case')}`,
    run() {
      checkBytes('the extracted key', hmacSha256(bytes(test, 'salt'), bytes(test, 'ikm')), bytes(test, 'prk'));
      checkBytes(
        'the derived key',
        hkdf(sha256Algorithm, bytes(test, 'ikm'), bytes(test, 'salt'), bytes(test, 'info'), number(test, 'L')),
        bytes(test, 'okm'),
      );
    },
  }));
}

/** RFC 7748 §5.2: k and u start as the base point; each round gives the next k, and the last k becomes u. */
function iterated(start: Uint8Array, rounds: number): Uint8Array {
  let [scalar, u] = [start, start];
  for (let i = 0; i < rounds; i++) [scalar, u] = [x25519(scalar, u), scalar];
  return scalar;
}

function x25519Cases(file: JsonObject): VectorCase[] {
  const products = objects(file, 'scalarMult').map((test, index): VectorCase => ({
    name: `scalar multiplication ${index + 1}`,
    run: () => checkBytes('the product', x25519(bytes(test, 'scalar'), bytes(test, 'u')), bytes(test, 'out')),
  }));
  const results = asObject(file['iterated'], 'iterated');
  const numbers = Object.keys(results).filter((key) => key !== 'start');
  const iterations = numbers.map((key): VectorCase => {
    const rounds = Number(key.replace(/^after/u, ''));
    const run = () => checkBytes('the last result', iterated(bytes(results, 'start'), rounds), bytes(results, key));
    return { name: `${rounds} iterations`, run, ...(rounds > 100_000 ? { slow: true } : {}) };
  });
  const exchange = asObject(file['diffieHellman'], 'diffieHellman');
  const agreement: VectorCase = {
    name: 'Diffie-Hellman',
    run() {
      const [alice, bob] = [bytes(exchange, 'alicePrivate'), bytes(exchange, 'bobPrivate')];
      checkBytes("Alice's public key", x25519PublicKey(alice), bytes(exchange, 'alicePublic'));
      checkBytes("Bob's public key", x25519PublicKey(bob), bytes(exchange, 'bobPublic'));
      checkBytes("Alice's secret", x25519(alice, bytes(exchange, 'bobPublic')), bytes(exchange, 'shared'));
      checkBytes("Bob's secret", x25519(bob, bytes(exchange, 'alicePublic')), bytes(exchange, 'shared'));
    },
  };
  return [...products, ...iterations, agreement];
}

/** The key of an Ed25519 secret is the X25519 key of its hashed half; its signatures verify as Curve25519 signatures. */
function ed25519Cases(file: JsonObject): VectorCase[] {
  return objects(file, 'tests').flatMap((test): VectorCase[] => {
    const name = text(test, 'name');
    const publicKey = bytes(test, 'public');
    const key: VectorCase = {
      name: `${name}, public key`,
      run: () =>
        checkBytes('u', x25519PublicKey(sha512(bytes(test, 'secret')).slice(0, 32)), montgomeryForm(publicKey)?.key ?? new Uint8Array()),
    };
    return [key, { name: `${name}, signature`, ...ed25519Case(publicKey, bytes(test, 'message'), bytes(test, 'signature'), true) }];
  });
}

const readers: Readonly<Record<string, (file: JsonObject) => VectorCase[]>> = {
  'RFC 4231': hmacCases,
  'RFC 5869': hkdfCases,
  'RFC 7748': x25519Cases,
  'RFC 8032': ed25519Cases,
};

function readerOf(file: JsonObject): ((file: JsonObject) => VectorCase[]) | undefined {
  const source = file['source'];
  return typeof source === 'string' ? readers[source.slice(0, 8)] : undefined;
}

/** Whether `file` holds values of one of these RFCs. */
export function isRfc(file: JsonObject): boolean {
  return readerOf(file) !== undefined;
}

/** The cases of an RFC's values. */
export function rfcCases(file: JsonObject): VectorCase[] {
  return readerOf(file)?.(file) ?? [];
}
