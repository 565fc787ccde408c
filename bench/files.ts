import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A file of the command line could not be used. */
export class FileError extends Error {}

/** Reads a file of the command line. Throws `FileError`. */
export function readText(file: string): string {
  return trying(file, 'read', () => readFileSync(file, 'utf8'));
}

/** Writes a file of the command line. Throws `FileError`. */
export function writeText(file: string, text: string): void {
  trying(file, 'written', () => {
    writeFileSync(file, text);
  });
}

/** Whether `file` can be made: asked before a run, so that its result is not lost after it. Throws `FileError`. */
export function checkWritable(file: string): void {
  trying(file, 'written', () => {
    accessSync(path.dirname(path.resolve(file)), constants.W_OK);
  });
}

function trying<T>(file: string, verb: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new FileError(`${file} cannot be ${verb}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
