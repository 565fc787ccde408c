import { createReadStream } from 'node:fs';
import { UsageError } from '../../index.js';
import { linesOf } from '../lines.js';

/**
 * The lines of a file, each with its line feed, cut or repeated to `count` messages when that is given. Throws `UsageError('input')` when
 * the file cannot be read or is empty.
 */
export async function readMessages(file: string, count: number | undefined): Promise<readonly Uint8Array[]> {
  const lines: Uint8Array[] = [];
  try {
    for await (const line of linesOf(createReadStream(file))) {
      lines.push(line);
      if (lines.length === count) break;
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError('input', `cannot read ${file}`, { cause: error });
  }
  if (lines.length === 0) throw new UsageError('input', `${file} is empty`);
  if (count === undefined) return lines;
  return Array.from({ length: count }, (_, position) => lines[position % lines.length] ?? lines[0] ?? new Uint8Array());
}
