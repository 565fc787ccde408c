/** NIST ACVP: ML-KEM and ML-DSA. */
import { noBytes } from '../../lib/base/bytes.js';
import { addon, callAddon } from '../../lib/crypto/native.js';
import { isValidPublicKey } from '../../lib/crypto/kem.js';
import type { KemScheme } from '../../lib/crypto/scheme.js';
import { type JsonObject, bytes, flag, number, objects, optionalBytes, optionalText, text } from '../support/vectors-json.js';
import * as mlDsa from './ml-dsa.js';
import * as mlKem from './ml-kem.js';
import {
  type VectorBody,
  type VectorCase,
  accepts,
  check,
  checkBytes,
  checkVerdict,
  kemNamed,
  noScheme,
  refuses,
  signatureNamed,
} from './vector-case.js';

/** Whether `file` is an ACVP file. */
export function isAcvp(file: JsonObject): boolean {
  return 'testGroups' in file && 'mode' in file && 'revision' in file;
}

function keyGeneration(scheme: KemScheme, test: JsonObject): void {
  const pair = mlKem.keyPairOfSeed(scheme, new Uint8Array([...bytes(test, 'd'), ...bytes(test, 'z')]));
  checkBytes('the public key', pair.publicKey, bytes(test, 'ek'));
  checkBytes('the private key', pair.privateKey.expose(), bytes(test, 'dk'));
}

function publicKeyCheck(scheme: KemScheme, test: JsonObject): void {
  const key = bytes(test, 'ek');
  checkVerdict(flag(test, 'testPassed'), isValidPublicKey(scheme, key));
  checkVerdict(flag(test, 'testPassed'), !refuses(() => mlKem.encapsulateWith(scheme, key, new Uint8Array(32))));
}

function privateKeyCheck(scheme: KemScheme, test: JsonObject): void {
  const key = bytes(test, 'dk');
  checkVerdict(
    flag(test, 'testPassed'),
    accepts(() => callAddon(() => addon.kemIsValidPrivateKey(scheme.code, key))),
  );
  checkVerdict(flag(test, 'testPassed'), !refuses(() => mlKem.decapsulateWith(scheme, key, new Uint8Array(scheme.ciphertextLength))));
}

function mlKemBody(mode: string, group: JsonObject, test: JsonObject): VectorBody {
  const name = text(group, 'parameterSet');
  const scheme = kemNamed(name);
  if (scheme === undefined) return { skipped: noScheme(name) };
  const kind = mode === 'keyGen' ? mode : text(group, 'function');
  switch (kind) {
    case 'keyGen':
      return { run: () => keyGeneration(scheme, test) };
    case 'encapsulation':
      return { run: () => mlKem.checkEncapsulation(scheme, bytes(test, 'ek'), bytes(test, 'm'), bytes(test, 'c'), bytes(test, 'k')) };
    case 'decapsulation': {
      const privateKey = optionalBytes(test, 'dk') ?? bytes(group, 'dk');
      return {
        run: () => checkBytes('the shared secret', mlKem.decapsulateWith(scheme, privateKey, bytes(test, 'c')), bytes(test, 'k')),
      };
    }
    case 'encapsulationKeyCheck':
      return { run: () => publicKeyCheck(scheme, test) };
    case 'decapsulationKeyCheck':
      return { run: () => privateKeyCheck(scheme, test) };
    default:
      throw new Error(`ML-KEM ${kind} is not known`);
  }
}

function mlDsaBody(mode: string, group: JsonObject, test: JsonObject): VectorBody {
  const name = text(group, 'parameterSet');
  const scheme = signatureNamed(name);
  if (scheme === undefined) return { skipped: noScheme(name) };
  if (mode === 'keyGen') {
    return {
      run() {
        const pair = mlDsa.keyPairOfSeed(scheme, bytes(test, 'seed'));
        checkBytes('the public key', pair.publicKey, bytes(test, 'pk'));
        checkBytes('the private key', pair.privateKey.expose(), bytes(test, 'sk'));
      },
    };
  }
  if (mode !== 'sigVer') throw new Error(`ML-DSA ${mode} is not known`);
  if (optionalText(group, 'signatureInterface') !== 'external' || optionalText(group, 'preHash') !== 'pure') {
    return { skipped: 'only the external interface without pre-hash exists here' };
  }
  return {
    run() {
      const publicKey = optionalBytes(test, 'pk') ?? bytes(group, 'pk');
      const verified = () =>
        mlDsa.verifyWith(scheme, publicKey, bytes(test, 'message'), optionalBytes(test, 'context') ?? noBytes, bytes(test, 'signature'));
      checkVerdict(flag(test, 'testPassed'), accepts(verified));
    },
  };
}

/** The cases of an ACVP file. Throws for an algorithm or mode that is not known. */
export function acvpCases(file: JsonObject): VectorCase[] {
  const [algorithm, mode] = [text(file, 'algorithm'), text(file, 'mode')];
  check(algorithm === 'ML-KEM' || algorithm === 'ML-DSA', `${algorithm} is not known`);
  const body = algorithm === 'ML-KEM' ? mlKemBody : mlDsaBody;
  return objects(file, 'testGroups').flatMap((group) =>
    objects(group, 'tests').map((test) => ({ name: `tcId ${number(test, 'tcId')}`, ...body(mode, group, test) })),
  );
}
