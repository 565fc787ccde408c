import { describe, expect, test } from '@jest/globals';
import { loadRawLoops } from '../../bench/native/raw-loops.js';
import { addon, codeOf } from './addon-under-test.js';
import { withSampledSchemes } from './sampled-schemes.mjs';

const raw = loadRawLoops();

describe('the raw loops take time and check that their parts fit together', () => {
  test.each(
    addon
      .kemSchemes()
      .filter((row) => row.spec === 'FIPS 203')
      .map((row) => ({ name: row.name, code: row.code })),
  )('KEM $name', ({ code }) => {
    for (const operation of ['keygen', 'encaps', 'decaps'] as const) expect(raw.rawKem(code, operation, 2)).toBeGreaterThan(0);
    expect(raw.rawPingpong(code, 100, 10, 2)).toBeGreaterThan(0);
    expect(raw.rawHandshake(0, code, false, 1)).toBeGreaterThan(0);
    expect(raw.rawHandshake(0, code, true, 1)).toBeGreaterThan(0);
  });

  test.each(
    withSampledSchemes(addon)
      .signatureSchemes()
      .map((row) => ({ name: row.name, code: row.code })),
  )('signature $name', ({ code }) => {
    for (const operation of ['keygen', 'sign', 'verify'] as const) expect(raw.rawSignature(code, operation, 0, 1)).toBeGreaterThan(0);
  });

  test('agreement and chain', () => {
    expect(raw.rawX25519(2)).toBeGreaterThan(0);
    expect(raw.rawRoundtrip(0, 0, 2)).toBeGreaterThan(0);
    expect(raw.rawRoundtrip(3136, 64, 2)).toBeGreaterThan(0);
    expect(raw.rawAead(3136, 64, 2)).toBeGreaterThan(0);
    expect(raw.rawSha256(1000, 2)).toBeGreaterThan(0);
    expect(raw.rawHmacSha256(1, 2)).toBeGreaterThan(0);
  });
});

test.each<[string, () => unknown, string]>([
  ['no iterations', () => raw.rawX25519(0), 'argument-range'],
  ['half an iteration', () => raw.rawRoundtrip(0, 0, 0.5), 'argument-range'],
  ['an unknown scheme', () => raw.rawKem(34, 'keygen', 1), 'unknown-scheme'],
  ['an operation of the other kind', () => raw.rawKem(49, 'sign' as 'keygen', 1), 'argument-type'],
  ['a switch that is no boolean', () => raw.rawHandshake(17, 49, 1 as unknown as boolean, 1), 'argument-type'],
])('%s is refused', (_, run, code) => {
  expect(codeOf(run)).toBe(code);
});
