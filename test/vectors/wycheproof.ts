/** C2SP Wycheproof: one function per type of test group. */
import { Secret, copySecret } from '../../lib/base/secret.js';
import { aeadKeyLength, aeadTagLength, open, seal } from '../../lib/crypto/aead.js';
import { hmacSha256, sha256Algorithm } from '../../lib/crypto/hash.js';
import { hkdf } from '../../lib/crypto/kdf.js';
import { agree, isValidPublicKey, x25519Scheme } from '../../lib/crypto/kem.js';
import type { KemScheme, SignatureScheme } from '../../lib/crypto/scheme.js';
import { concat, noBytes } from '../../lib/base/bytes.js';
import { type JsonObject, asObject, bytes, number, objects, optionalBytes, optionalText, text, texts } from '../support/vectors-json.js';
import { ed25519Case } from './ed25519.js';
import * as mlDsa from './ml-dsa.js';
import * as mlKem from './ml-kem.js';
import {
  type VectorBody,
  type VectorCase,
  check,
  checkBytes,
  accepts,
  checkRefused,
  checkVerdict,
  kemNamed,
  noScheme,
  signatureNamed,
} from './vector-case.js';

type GroupReader = (test: JsonObject, group: JsonObject, algorithm: string) => VectorBody;

const skip = (reason: string): VectorBody => ({ skipped: reason });

function aeadTest(test: JsonObject, group: JsonObject): VectorBody {
  if (number(group, 'keySize') !== 8 * aeadKeyLength) return skip('keys of 256 bits only');
  if (number(group, 'tagSize') !== 8 * aeadTagLength) return skip('tags of 128 bits only');
  return {
    run() {
      const [key, iv, aad, message] = [bytes(test, 'key'), bytes(test, 'iv'), bytes(test, 'aad'), bytes(test, 'msg')];
      const sealed = concat([bytes(test, 'ct'), bytes(test, 'tag')]);
      if (text(test, 'result') === 'invalid') {
        checkRefused(() => open(key, iv, aad, sealed));
        return;
      }
      checkBytes('the sealed text', seal(key, iv, aad, message), sealed);
      checkBytes('the opened text', open(key, iv, aad, sealed), message);
    },
  };
}

function hkdfTest(test: JsonObject): VectorBody {
  return {
    run() {
      const derive = () => hkdf(sha256Algorithm, bytes(test, 'ikm'), bytes(test, 'salt'), bytes(test, 'info'), number(test, 'size'));
      if (text(test, 'result') === 'invalid') checkRefused(derive);
      else checkBytes('the derived key', derive(), bytes(test, 'okm'));
    },
  };
}

function macTest(test: JsonObject, group: JsonObject): VectorBody {
  return {
    run() {
      const mac = hmacSha256(bytes(test, 'key'), bytes(test, 'msg')).subarray(0, number(group, 'tagSize') / 8);
      if (text(test, 'result') === 'valid') checkBytes('the tag', mac, bytes(test, 'tag'));
      else check(Buffer.compare(mac, bytes(test, 'tag')) !== 0, 'the modified tag is the computed one');
    },
  };
}

function xdhTest(test: JsonObject): VectorBody {
  return {
    run() {
      using privateKey = new Secret<'AgreementPrivateKey'>(copySecret(bytes(test, 'private')));
      const compute = () => agree(x25519Scheme, privateKey, bytes(test, 'public')).expose();
      const refused = text(test, 'result') === 'invalid' || texts(test, 'flags').includes('ZeroSharedSecret');
      if (refused) checkRefused(compute);
      else checkBytes('the shared secret', compute(), bytes(test, 'shared'));
    },
  };
}

function eddsaTest(test: JsonObject, group: JsonObject): VectorBody {
  const key = asObject(group['publicKey'], 'publicKey');
  return ed25519Case(bytes(key, 'pk'), bytes(test, 'msg'), bytes(test, 'sig'), text(test, 'result') === 'valid');
}

function withKem(group: JsonObject, run: (scheme: KemScheme) => void): VectorBody {
  const name = text(group, 'parameterSet');
  const scheme = kemNamed(name);
  return scheme === undefined ? skip(noScheme(name)) : { run: () => run(scheme) };
}

function mlKemTest(test: JsonObject, group: JsonObject): VectorBody {
  return withKem(group, (scheme) => {
    const decapsulated = () => {
      const pair = mlKem.keyPairOfSeed(scheme, bytes(test, 'seed'));
      const expected = optionalBytes(test, 'ek');
      if (expected !== undefined) checkBytes('the public key', pair.publicKey, expected);
      return mlKem.decapsulateWith(scheme, pair.privateKey.expose(), bytes(test, 'c'));
    };
    if (text(test, 'result') === 'invalid') checkRefused(decapsulated);
    else checkBytes('the shared secret', decapsulated(), bytes(test, 'K'));
  });
}

function mlKemEncapsTest(test: JsonObject, group: JsonObject): VectorBody {
  return withKem(group, (scheme) => {
    const [publicKey, m] = [bytes(test, 'ek'), bytes(test, 'm')];
    if (text(test, 'result') === 'invalid') {
      checkRefused(() => mlKem.encapsulateWith(scheme, publicKey, m));
      check(m.length !== 32 || !isValidPublicKey(scheme, publicKey), 'the public key counts as valid');
      return;
    }
    check(isValidPublicKey(scheme, publicKey), 'the public key counts as invalid');
    mlKem.checkEncapsulation(scheme, publicKey, m, bytes(test, 'c'), bytes(test, 'K'));
  });
}

function mlKemDecapsTest(test: JsonObject, group: JsonObject): VectorBody {
  return withKem(group, (scheme) => {
    const decapsulated = () => mlKem.decapsulateWith(scheme, bytes(test, 'dk'), bytes(test, 'c'));
    if (text(test, 'result') === 'invalid') checkRefused(decapsulated);
    else checkBytes('the shared secret', decapsulated(), bytes(test, 'K'));
  });
}

function withSignature(name: string, run: (scheme: SignatureScheme) => void): VectorBody {
  const scheme = signatureNamed(name);
  return scheme === undefined ? skip(noScheme(name)) : { run: () => run(scheme) };
}

/** The expanded private key of a group: given as such, or made from its seed. A seed of a wrong length makes none. */
function privateKeyOf(scheme: SignatureScheme, group: JsonObject): Uint8Array {
  const expanded = optionalBytes(group, 'privateKey');
  if (expanded !== undefined) return expanded;
  const pair = mlDsa.keyPairOfSeed(scheme, bytes(group, 'privateSeed'));
  const publicKey = optionalBytes(group, 'publicKey');
  if (publicKey !== undefined) checkBytes('the public key', pair.publicKey, publicKey);
  return pair.privateKey.expose();
}

const noExternalMu = 'the external-mu interface does not exist here';

function mlDsaSignTest(test: JsonObject, group: JsonObject, algorithm: string): VectorBody {
  if (optionalText(test, 'msg') === undefined) return skip(noExternalMu);
  return withSignature(algorithm, (scheme) => {
    const context = optionalBytes(test, 'ctx') ?? noBytes;
    const rnd = optionalBytes(test, 'rnd') ?? new Uint8Array(32);
    const signed = () => mlDsa.signWith(scheme, privateKeyOf(scheme, group), bytes(test, 'msg'), context, rnd);
    if (text(test, 'result') === 'invalid') checkRefused(signed);
    else checkBytes('the signature', signed(), bytes(test, 'sig'));
  });
}

function mlDsaVerifyTest(test: JsonObject, group: JsonObject, algorithm: string): VectorBody {
  if (optionalText(test, 'msg') === undefined) return skip(noExternalMu);
  return withSignature(algorithm, (scheme) => {
    const context = optionalBytes(test, 'ctx') ?? noBytes;
    const verified = () => mlDsa.verifyWith(scheme, bytes(group, 'publicKey'), bytes(test, 'msg'), context, bytes(test, 'sig'));
    checkVerdict(text(test, 'result') === 'valid', accepts(verified));
  });
}

/** By type of group and algorithm; ML-KEM names its parameter set in the group, ML-DSA in the file. */
const readers: readonly { readonly type: string; readonly algorithm: RegExp; readonly read: GroupReader }[] = [
  { type: 'AeadTest', algorithm: /^AES-GCM$/u, read: aeadTest },
  { type: 'HkdfTest', algorithm: /^HKDF-SHA-256$/u, read: hkdfTest },
  { type: 'MacTest', algorithm: /^HMACSHA256$/u, read: macTest },
  { type: 'XdhComp', algorithm: /^XDH$/u, read: xdhTest },
  { type: 'EddsaVerify', algorithm: /^EDDSA$/u, read: eddsaTest },
  { type: 'MLKEMTest', algorithm: /^ML-KEM$/u, read: mlKemTest },
  { type: 'MLKEMEncapsTest', algorithm: /^ML-KEM$/u, read: mlKemEncapsTest },
  { type: 'MLKEMDecapsValidationTest', algorithm: /^ML-KEM$/u, read: mlKemDecapsTest },
  { type: 'MlDsaSign', algorithm: /^ML-DSA-/u, read: mlDsaSignTest },
  { type: 'MlDsaVerify', algorithm: /^ML-DSA-/u, read: mlDsaVerifyTest },
];

/** Whether `file` is a Wycheproof file. */
export function isWycheproof(file: JsonObject): boolean {
  return 'testGroups' in file && typeof file['schema'] === 'string';
}

/** The cases of a Wycheproof file. Throws for a type of group that is not known. */
export function wycheproofCases(file: JsonObject): VectorCase[] {
  const algorithm = text(file, 'algorithm');
  return objects(file, 'testGroups').flatMap((group) => {
    const type = text(group, 'type');
    const reader = readers.find((entry) => entry.type === type && entry.algorithm.test(algorithm));
    if (reader === undefined) throw new Error(`test groups of type ${type} for ${algorithm} are not known`);
    return objects(group, 'tests').map((test): VectorCase => {
      const name = `tcId ${number(test, 'tcId')} ${optionalText(test, 'comment') ?? ''}`.trim();
      return { name, ...reader.read(test, group, algorithm) };
    });
  });
}
