import { describe, expect, test } from '@jest/globals';
import type { AddonJob } from '../../lib/crypto/addon.js';
import { addon, codeOf, toHex } from './addon-under-test.js';
import { counting } from './export-table.mjs';

const mlKem = addon.kemSchemes().find((row) => row.name === 'ML-KEM-512')!;

function walk(steps: number, out = new Uint8Array(32)): AddonJob {
  return { operation: 'chain-walk', scheme: 1, count: steps, inputs: [counting(32)], outputs: [out] };
}

function walked(steps: number): string {
  const out = new Uint8Array(32);
  addon.chainWalk(1, counting(32), steps, out);
  return toHex(out);
}

test('jobs of one batch are independent and answered in their order', async () => {
  const jobs = [3, 1, 4, 1, 5].map((steps) => walk(steps));
  await expect(addon.runBatch(jobs)).resolves.toEqual([0, 0, 0, 0, 0]);
  expect(jobs.map((job) => toHex(job.outputs[0]!))).toEqual([3, 1, 4, 1, 5].map(walked));
});

test('a job that fails says why, its outputs are zero and the others are done', async () => {
  const bad: AddonJob = {
    operation: 'kem-encapsulate',
    scheme: mlKem.code,
    count: 0,
    inputs: [new Uint8Array(mlKem.publicKeyLength).fill(0xff)],
    outputs: [new Uint8Array(mlKem.ciphertextLength).fill(1), new Uint8Array(mlKem.sharedSecretLength).fill(1)],
  };
  const good = walk(2);
  await expect(addon.runBatch([bad, good])).resolves.toEqual(['bad-public-key', 0]);
  expect(bad.outputs.every((out) => out.every((byte) => byte === 0))).toBe(true);
  expect(toHex(good.outputs[0]!)).toBe(walked(2));
});

test('inputs are copied at the call: what happens to them later changes nothing', async () => {
  const job = walk(2);
  const running = addon.runBatch([job]);
  job.inputs[0]!.fill(0);
  structuredClone(job.inputs[0]!.buffer, { transfer: [job.inputs[0]!.buffer as ArrayBuffer] });
  await running;
  expect(toHex(job.outputs[0]!)).toBe(walked(2));
});

test('a job whose output memory was given away meanwhile fails alone', async () => {
  const gone = walk(2);
  const kept = walk(3);
  const running = addon.runBatch([gone, kept]);
  structuredClone(gone.outputs[0]!.buffer, { transfer: [gone.outputs[0]!.buffer as ArrayBuffer] });
  await expect(running).resolves.toEqual(['argument-type', 0]);
  expect(toHex(kept.outputs[0]!)).toBe(walked(3));
});

test('a refused batch runs nothing and zeroes the outputs of all its jobs', () => {
  const outputs = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
  const jobs = outputs.map((out) => walk(1, out));
  const refused = [jobs[0]!, { ...jobs[1]!, inputs: [counting(31)] }, jobs[2]!];
  expect(codeOf(() => addon.runBatch(refused))).toBe('argument-length');
  expect(outputs.every((out) => out.every((byte) => byte === 0))).toBe(true);
});

describe('outputs may not share memory across a batch', () => {
  const memory = new Uint8Array(200);
  const part = (from: number): Uint8Array => memory.subarray(from, from + 32);
  const job = (from: number, to: number): AddonJob => ({ ...walk(1), inputs: [part(from)], outputs: [part(to)] });

  test.each([
    ['two outputs', [job(0, 100), job(32, 131)]],
    ['an output and a later input', [job(0, 100), job(69, 140)]],
    ['an output and an earlier input', [job(50, 100), job(0, 81)]],
    [
      'an output inside a large input',
      [{ ...job(0, 100), operation: 'sign' as const, scheme: 0, inputs: [counting(32), memory], outputs: [memory.subarray(60, 124)] }],
    ],
  ])('%s', (_, jobs) => {
    memory.fill(7);
    expect(codeOf(() => addon.runBatch(jobs))).toBe('argument-overlap');
    expect(memory.every((byte) => byte === 7)).toBe(true);
  });

  test('inputs may be the same memory and neighbours may touch', async () => {
    memory.fill(7);
    await expect(addon.runBatch([job(0, 32), job(0, 64), job(0, 96)])).resolves.toEqual([0, 0, 0]);
  });
});

describe('a batch is refused at the call', () => {
  const right = walk(1);
  test.each<[string, unknown, string]>([
    ['a job that is no object', [null], 'argument-type'],
    ['an unknown operation', [{ ...right, operation: 'kem-guess' }], 'argument-type'],
    ['an operation of a very long name', [{ ...right, operation: 'x'.repeat(10_000) }], 'argument-type'],
    ['an operation that is no string', [{ ...right, operation: 3 }], 'argument-type'],
    ['inputs that are no array', [{ ...right, inputs: right.inputs[0] }], 'argument-type'],
    ['too few inputs', [{ ...right, inputs: [] }], 'argument-length'],
    ['too many outputs', [{ ...right, outputs: [new Uint8Array(32), new Uint8Array(32)] }], 'argument-length'],
    ['missing outputs', [{ operation: right.operation, scheme: 1, count: 1, inputs: right.inputs }], 'argument-type'],
    ['an array with holes', new Array<AddonJob>(3), 'argument-type'],
    ['more jobs than 65536', new Array<AddonJob>(65537).fill(right), 'argument-range'],
    ['something like an array', { length: 1, 0: right }, 'argument-type'],
  ])('%s', (_, jobs, code) => {
    expect(codeOf(() => addon.runBatch(jobs as AddonJob[]))).toBe(code);
  });

  test('an exception of the caller’s own getter passes through', () => {
    const own = new Error('mine');
    const job = {
      ...right,
      get outputs(): Uint8Array[] {
        throw own;
      },
    };
    expect(() => addon.runBatch([job])).toThrow(own);
  });

  test('a getter that takes memory away while the batch is read cannot make it dangle', () => {
    const out = new Uint8Array(32);
    const job: AddonJob = {
      operation: 'chain-walk',
      scheme: 1,
      count: 1,
      outputs: [out],
      get inputs(): Uint8Array[] {
        structuredClone(out.buffer, { transfer: [out.buffer] });
        return [counting(32)];
      },
    };
    return expect(addon.runBatch([job])).resolves.toEqual(['argument-type']);
  });
});

test('many batches at once are all answered', async () => {
  const batches = Array.from({ length: 40 }, (_, index) => [walk(index), walk(index + 1)]);
  await Promise.all(batches.map((jobs) => addon.runBatch(jobs)));
  for (const [index, jobs] of batches.entries()) {
    expect(jobs.map((job) => toHex(job.outputs[0]!))).toEqual([walked(index), walked(index + 1)]);
  }
});
