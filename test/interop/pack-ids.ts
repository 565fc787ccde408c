/** `pack-ids*`: the number of every combination of algorithms, and which of them are suites. Spec: wire.md §2. */
import { E2eeError } from '../../lib/base/errors.js';
import { type PackIdParts, cipherSuite, defaultSuite, packSuiteId, splitPackId } from '../../lib/crypto/cipher-suite.js';
import { kemByCode } from '../../lib/crypto/kem.js';
import { signatureByCode } from '../../lib/crypto/signature.js';
import { type JsonObject, number } from '../support/vectors-json.js';
import { type VectorCase, check } from '../vectors/vector-case.js';
import { checkEqual } from './interop-file.js';

/** `AlgTypeHash` of 256, 384 and 512 bits of SHA-2 and SHA-3; the reference has the first only. */
const suiteHashes: readonly number[] = [1, 2, 3, 9, 10, 11];

function isSuite(id: number): boolean {
  try {
    return cipherSuite(id).packId === id;
  } catch (error) {
    if (error instanceof E2eeError && error.code === 'unknown-suite') return false;
    throw error;
  }
}

function checkRow(parts: PackIdParts, raw: number, accepted: boolean): void {
  checkEqual('packed id', packSuiteId(parts), raw);
  const cut = {
    version: parts.version & 0xff,
    signature: parts.signature & 0xff,
    agreement: parts.agreement & 0xff,
    symmetric: parts.symmetric & 0xf,
    hash: parts.hash & 0xf,
  };
  checkEqual('split id', JSON.stringify(splitPackId(raw)), JSON.stringify(cut));
  const rows = signatureByCode(cut.signature) !== undefined && kemByCode(cut.agreement) !== undefined;
  const speakable = cut.version === 0 && cut.symmetric === 0 && suiteHashes.includes(cut.hash);
  checkEqual('whether it is a suite', isSuite(raw), rows && speakable);
  // What the reference accepts and this build has the rows for, this build accepts; never what is not implemented by anyone.
  if (accepted && rows) check(isSuite(raw), 'the reference accepts this suite');
  if (isSuite(raw) && !accepted) {
    const isKnown = cut.agreement === 0 || cut.agreement === 77 || cut.hash !== 1;
    check(isKnown, 'the reference refuses this suite for no known defect');
  }
}

function rowParts(row: readonly unknown[]): { parts: PackIdParts; raw: number; accepted: boolean } {
  const [version, signature, agreement, symmetric, hash, raw] = row.map(Number);
  const values = [version, signature, agreement, symmetric, hash, raw];
  if (!values.every((value) => Number.isInteger(value))) throw new Error('a row is not made of numbers');
  return {
    parts: { version: version!, signature: signature!, agreement: agreement!, symmetric: symmetric!, hash: hash! },
    raw: raw!,
    accepted: row[6] === true || row[6] === 1,
  };
}

/** One case per row, and the default. */
export function packIdCases(file: JsonObject): VectorCase[] {
  const { rows } = file;
  if (!Array.isArray(rows)) throw new Error('rows is not a list');
  return [
    { name: 'default', run: () => checkEqual('default pack id', defaultSuite.packId, number(file, 'default')) },
    ...rows.map((row: unknown, position): VectorCase => ({
      name: `row ${position}`,
      run: () => {
        if (!Array.isArray(row) || row.length !== 7) throw new Error('a row does not have seven columns');
        const { parts, raw, accepted } = rowParts(row);
        checkRow(parts, raw, accepted);
      },
    })),
  ];
}
