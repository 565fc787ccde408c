import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { toHex, utf8 } from '../../lib/base/bytes.js';
import { signatureByCode } from '../../lib/crypto/signature.js';
import * as mlDsa from './ml-dsa.js';
import { ownVectorDirectory, runVectors } from './run-vectors.js';

let directory: string;
let lines: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skissm-vectors-'));
  lines = [];
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const run = () => runVectors(directory, {}, (line) => lines.push(line));
const ownFile = () => JSON.parse(readFileSync(join(ownVectorDirectory(), 'xeddsa', 'xeddsa_25519.json'), 'utf8')) as OwnFile;

interface OwnFile {
  sign: { signatureSignBitVariant: string }[];
  verify: unknown[];
}

const save = (name: string, file: unknown) => writeFileSync(join(directory, name), JSON.stringify(file));

test('a file is recognised by its content, whatever its name and place', () => {
  mkdirSync(join(directory, 'deep'));
  save('deep/renamed.json', ownFile());
  expect(run()).toBe(0);
  expect(lines).toEqual(['deep/renamed.json: 92 passed, 0 failed, 0 skipped', '92 passed, 0 failed, 0 skipped']);
});

test('a wrong expected value is a failure that names the case, and the exit code is 1', () => {
  const file = ownFile();
  const first = file.sign[0]!;
  first.signatureSignBitVariant = `00${first.signatureSignBitVariant.slice(2)}`;
  save('altered.json', file);
  expect(run()).toBe(1);
  expect(lines[0]).toBe('altered.json: 91 passed, 1 failed, 0 skipped');
  expect(lines[1]).toMatch(/^ {2}failed: sign 1: the signature is [0-9a-f]+… \(64 bytes\), expected 00/u);
  expect(lines.at(-1)).toBe('91 passed, 1 failed, 0 skipped');
});

test.each([
  ['an unknown kind of file', 'other.json', '{}'],
  ['a file that is not JSON', 'broken.json', '{'],
  ['a file with an unknown ending', 'values.bin', 'x'],
  ['a Wycheproof file with an unknown type of group', 'w.json', '{"schema":"s","algorithm":"A","testGroups":[{"type":"T","tests":[]}]}'],
  ['a file without cases', 'none.json', '{"algorithm":"XEdDSA","sign":[],"verify":[]}'],
])('%s is a failure', (_what, name, content) => {
  writeFileSync(join(directory, name), content);
  expect(run()).toBe(1);
  expect(lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped');
});

test('a folder without vectors is a failure', () => {
  writeFileSync(join(directory, 'README.md'), 'nothing here');
  expect(run()).toBe(1);
  expect(lines.at(-1)).toBe('0 passed, 0 failed, 0 skipped');
});

test('a folder that does not exist is a failure', () => {
  expect(runVectors(join(directory, 'missing'), {}, (line) => lines.push(line))).toBe(1);
});

test('recorded conversations are named as covered by the other command', () => {
  save('session.json', { about: { how_to_check: 'replay it' } });
  expect(run()).toBe(1);
  expect(lines[0]).toBe('session.json: covered by `npm run interop`');
});

test('the folder in SKISSM_VECTORS is used when none is named', () => {
  save('ours.json', ownFile());
  expect(runVectors(undefined, { SKISSM_VECTORS: directory }, (line) => lines.push(line))).toBe(0);
  expect(lines.at(-1)).toBe('92 passed, 0 failed, 0 skipped');
});

test('a scheme that this build does not have is a visible skip', () => {
  save('meta.json', { 'falcon-padded-512': { 'nistkat-sha256': '00' } });
  expect(run()).toBe(0);
  expect(lines).toEqual([
    'meta.json: 0 passed, 0 failed, 1 skipped',
    '  skipped 1: this build has no falcon-padded-512',
    '0 passed, 0 failed, 1 skipped',
  ]);
});

test('a signing case with an expanded private key runs, and one whose coefficients are out of range must be refused', () => {
  const scheme = signatureByCode(1)!;
  const pair = mlDsa.keyPairOfSeed(scheme, new Uint8Array(32).fill(7));
  const message = utf8('expanded');
  const key = pair.privateKey.expose();
  const signature = mlDsa.signWith(scheme, key, message, new Uint8Array(), new Uint8Array(32));
  const outOfRange = Uint8Array.from(key);
  outOfRange[128] = 0xff;
  const group = (privateKey: Uint8Array, result: string) => ({
    type: 'MlDsaSign',
    privateKey: toHex(privateKey),
    publicKey: null,
    tests: [{ tcId: 1, msg: toHex(message), sig: result === 'valid' ? toHex(signature) : '', result }],
  });
  save('noseed.json', { schema: 's', algorithm: scheme.name, testGroups: [group(key, 'valid'), group(outOfRange, 'invalid')] });
  expect(run()).toBe(0);
  expect(lines.at(-1)).toBe('2 passed, 0 failed, 0 skipped');
});
