/** The interop vectors, as far as they are records of the wire. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../lib/base/package-root.js';

/** One file, as far as the wire tests look at it. */
export interface InteropFile {
  readonly cases?: readonly Record<string, unknown>[];
  readonly events?: readonly Record<string, unknown>[];
  readonly accounts?: readonly Record<string, unknown>[] | Record<string, string>;
  readonly rows?: readonly unknown[];
  readonly start?: Record<string, string>;
  readonly end?: Record<string, string>;
  readonly epochs?: readonly Record<string, unknown>[];
}

/** The file of that name. */
export function interop(name: string): InteropFile {
  return JSON.parse(readFileSync(path.join(packageRoot(), 'test/vectors/data/interop', `${name}.json`), 'utf8')) as InteropFile;
}

/** The bytes of a field in base64. */
export function interopBytes(entry: Readonly<Record<string, unknown>>, field: string): Uint8Array {
  return new Uint8Array(Buffer.from(String(entry[field]), 'base64'));
}
