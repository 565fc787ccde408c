/** The corpus in the repository: per target a file of what was kept and one of what has found defects, one input per line in base64. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../lib/base/package-root.js';

const folder = path.join(packageRoot(), 'test/fuzz/corpus');

function read(file: string): Uint8Array[] {
  const whole = path.join(folder, file);
  if (!existsSync(whole)) return [];
  const lines = readFileSync(whole, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => Uint8Array.from(Buffer.from(line === '-' ? '' : line, 'base64')));
}

/** What was kept because it shows something new. */
export function loadKept(target: string): Uint8Array[] {
  return read(`${target}.txt`);
}

/** All inputs of `target`: what was kept, and what found a defect that has been fixed. */
export function loadCorpus(target: string): Uint8Array[] {
  return [...loadKept(target), ...read(`${target}.fixed.txt`)];
}

/** Replaces what {@link loadKept} gives. */
export function saveKept(target: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(folder, { recursive: true });
  // An empty input would be an empty line.
  const lines = inputs.map((input) => `${input.length === 0 ? '-' : Buffer.from(input).toString('base64')}\n`);
  writeFileSync(path.join(folder, `${target}.txt`), lines.join(''));
}
