import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { addonFile, toHex, addon } from './addon-under-test.js';

const load = `const addon = require(${JSON.stringify(addonFile)});`;
/** Jobs that take long enough to be under way when the environment ends. */
const busy = `
  const job = () => ({ operation: 'chain-walk', scheme: 1, count: 3000, inputs: [new Uint8Array(32)], outputs: [new Uint8Array(32)] });
  for (let i = 0; i < 12; i += 1) addon.runBatch([job(), job()]).then(() => undefined);`;

function work(code: string): Promise<{ messages: unknown[]; exitCode: number }> {
  return new Promise((resolve, reject) => {
    const messages: unknown[] = [];
    const worker = new Worker(code, { eval: true });
    worker.on('message', (message) => messages.push(message));
    worker.on('error', reject);
    worker.on('exit', (exitCode) => resolve({ messages, exitCode }));
  });
}

function run(code: string): { status: number | null; signal: string | null; stderr: string; stdout: string } {
  return spawnSync(process.execPath, ['-e', load + code], { encoding: 'utf8' });
}

describe('a worker thread', () => {
  const compute = `${load}
    const { parentPort } = require('node:worker_threads');
    const out = new Uint8Array(32);
    addon.chainWalk(1, new Uint8Array(32), 5, out);
    const later = new Uint8Array(32);
    addon.runBatch([{ operation: 'chain-walk', scheme: 1, count: 5, inputs: [new Uint8Array(32)], outputs: [later] }])
      .then(() => parentPort.postMessage([out, later].map((bytes) => Buffer.from(bytes).toString('hex'))));`;

  test('uses the addon beside the main thread, several times over', async () => {
    const expected = new Uint8Array(32);
    addon.chainWalk(1, new Uint8Array(32), 5, expected);
    const results = await Promise.all([work(compute), work(compute), work(compute)]);
    expect(results).toEqual(Array(3).fill({ messages: [[toHex(expected), toHex(expected)]], exitCode: 0 }));
  });

  test('checks arguments there too', async () => {
    const { messages } = await work(`${load}
      const { parentPort } = require('node:worker_threads');
      try { addon.hash(1, new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 })), new Uint8Array(32)); } catch (error) { parentPort.postMessage(error.code); }`);
    expect(messages).toEqual(['argument-type']);
  });

  test('may exit with jobs in flight', async () => {
    await expect(work(`${load}${busy} process.exit(5);`)).resolves.toEqual({ messages: [], exitCode: 5 });
  });

  test('may be terminated with jobs in flight', async () => {
    const worker = new Worker(
      `${load}${busy} require('node:worker_threads').parentPort.postMessage('busy'); setInterval(() => undefined, 1000);`,
      {
        eval: true,
      },
    );
    await new Promise((resolve) => worker.once('message', resolve));
    await expect(worker.terminate()).resolves.toBe(1);
  });
});

describe('a process', () => {
  test('may exit with jobs in flight', () => {
    expect(run(`${busy} process.exit(5);`)).toMatchObject({ status: 5, signal: null, stderr: '' });
  });

  test('ends by itself once all jobs are answered', () => {
    const { status, stdout } = run(`
      const jobs = [{ operation: 'chain-walk', scheme: 1, count: 10, inputs: [new Uint8Array(32)], outputs: [new Uint8Array(32)] }];
      addon.runBatch(jobs).then((results) => process.stdout.write(JSON.stringify(results)));`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '[0]' });
  });

  test('may die of an exception with jobs in flight', () => {
    const { status, signal } = run(`${busy} throw new Error('end');`);
    expect({ status, signal }).toEqual({ status: 1, signal: null });
  });

  test('keeps output memory alive while nobody else refers to it', () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [
        '--expose-gc',
        '-e',
        `${load}
        let answered = 0;
        for (let i = 0; i < 20; i += 1) {
          addon.runBatch([{ operation: 'chain-walk', scheme: 1, count: 500, inputs: [new Uint8Array(32)], outputs: [new Uint8Array(32)] }])
            .then(([result]) => { answered += result === 0 ? 1 : 0; gc(); if (answered === 20) process.stdout.write('all'); });
          gc();
        }`,
      ],
      { encoding: 'utf8' },
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'all' });
  });
});
