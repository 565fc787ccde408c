/**
 * Encrypted files per second, durable, beside the least that any program does for it: the same blocks through `node:crypto` with synchronous
 * calls, and one `fsync`.
 */
import { createCipheriv, randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encryptFile, generateFileKey, limits } from '../lib/index.js';
import type { Case } from './measure.js';
import { type Question, figureTask } from './task.js';

const mebibyte = 1_048_576;
const fileLength = 64 * mebibyte;

export const fileQuestion: Question = () => [figureTask(encryption)];

const encryption: Case = {
  name: 'file.encrypt.64MiB',
  algorithm: 'AES-256-GCM',
  about: 'one file of 64 MiB in the page cache to a durable file in the temporary directory; raw is node:crypto with synchronous calls',
  prepare() {
    const folder = mkdtempSync(path.join(tmpdir(), 'skissm-bench-'));
    const [source, target, rawTarget] = ['source', 'target', 'raw'].map((name) => path.join(folder, name)) as [string, string, string];
    writeFileSync(source, randomFillSync(new Uint8Array(fileLength)));
    return {
      async run(iterations) {
        for (let i = 0; i < iterations; i += 1) (await encryptFile(source, target, { overwrite: true })).key.wipe();
      },
      raw: (iterations) => rawEncryption(source, rawTarget, iterations),
      close() {
        rmSync(folder, { recursive: true });
      },
    };
  },
};

/** Seconds that `iterations` plain encryptions of `source` take. */
function rawEncryption(source: string, target: string, iterations: number): number {
  using key = generateFileKey();
  const block = new Uint8Array(limits.fileBlockLength);
  const start = process.hrtime.bigint();
  for (let i = 0; i < iterations; i += 1) {
    const cipher = createCipheriv('aes-256-gcm', key.expose(), new Uint8Array(12));
    const [input, output] = [openSync(source, 'r'), openSync(target, 'w')];
    for (let length = readSync(input, block); length > 0; length = readSync(input, block)) {
      writeSync(output, cipher.update(block.subarray(0, length)));
    }
    cipher.final();
    writeSync(output, cipher.getAuthTag());
    fsyncSync(output);
    closeSync(output);
    closeSync(input);
  }
  return Number(process.hrtime.bigint() - start) / 1e9;
}
