/** What every interop file has in common: its kind, its suite, base64 values. */
import { readFileSync } from 'node:fs';
import { type CipherSuite, cipherSuite } from '../../lib/crypto/cipher-suite.js';
import { type JsonObject, asObject, number, text } from '../support/vectors-json.js';
import { check } from '../vectors/vector-case.js';

/** Reads a file of vectors. */
export function readInteropFile(path: string): JsonObject {
  return asObject(JSON.parse(readFileSync(path, 'utf8')), 'the file');
}

/** The standard base64 value `key`. */
export function base64(from: JsonObject, key: string): Uint8Array {
  const value = text(from, key);
  const bytes = Buffer.from(value, 'base64');
  check(bytes.toString('base64') === value, `${key} is not standard base64`);
  return new Uint8Array(bytes);
}

/** The base64 value `key`, or `undefined` when it is absent, null or empty. */
export function optionalBase64(from: JsonObject, key: string): Uint8Array | undefined {
  const value = from[key];
  return value === undefined || value === null || value === '' ? undefined : base64(from, key);
}

/** The object `key`. */
export function object(from: JsonObject, key: string): JsonObject {
  return asObject(from[key], key);
}

/** The object `key`, or `undefined` when it is absent or null. */
export function optionalObject(from: JsonObject, key: string): JsonObject | undefined {
  const value = from[key];
  return value === undefined || value === null ? undefined : asObject(value, key);
}

/** The suite that the file names by its pack id; throws for one this build does not speak. */
export function suiteOf(file: JsonObject): CipherSuite {
  return cipherSuite(number(object(file, 'suite'), 'e2ees_pack_id'));
}

/** Fails unless the suite's rows have the lengths and codes that the file states. */
export function checkSuite(file: JsonObject): void {
  const suite = suiteOf(file);
  const stated = object(file, 'suite');
  const { signature, agreement } = suite;
  const ours: Record<string, number> = {
    ds: signature.code,
    kem: agreement.code,
    se: 0,
    hash: 1,
    sign_pub_len: signature.publicKeyLength,
    sign_priv_len: signature.privateKeyLength,
    sig_len: signature.signatureLength,
    kem_pub_len: agreement.publicKeyLength,
    kem_priv_len: agreement.privateKeyLength,
    kem_ct_len: agreement.kind === 'kem' ? agreement.ciphertextLength : 0,
    shared_secret_len: agreement.sharedSecretLength,
  };
  for (const [name, value] of Object.entries(ours)) check(number(stated, name) === value, `${name} is ${value}, the file says otherwise`);
}

/** Fails unless the two are equal. */
export function checkEqual(what: string, actual: unknown, expected: unknown): void {
  check(actual === expected, `${what} is ${String(actual)}, expected ${String(expected)}`);
}
