import { limits, UsageError } from '../index.js';

const lineFeed = 0x0a;

/**
 * The lines of a stream, each with its line feed (the last one perhaps without), so that all of them joined are the input again and an empty
 * line is one byte, never an empty message. Throws `UsageError('line-too-long')` for a line of more than `longest` bytes; the default is what
 * one message holds.
 */
export async function* linesOf(source: AsyncIterable<unknown>, longest: number = limits.plaintextLength): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldLength = 0;
  for await (const chunk of source) {
    let rest = bytesOf(chunk);
    for (let end = rest.indexOf(lineFeed); end >= 0; end = rest.indexOf(lineFeed)) {
      checkLength(heldLength + end + 1, longest);
      yield joined([...held, rest.subarray(0, end + 1)]);
      held = [];
      heldLength = 0;
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) held.push(rest);
    heldLength += rest.length;
    checkLength(heldLength, longest);
  }
  if (heldLength > 0) yield joined(held);
}

/** A line without its line ending. */
export function withoutLineEnding(line: Uint8Array): Uint8Array {
  if (line.at(-1) !== lineFeed) return line;
  return line.subarray(0, line.at(-2) === 0x0d ? -2 : -1);
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  return Buffer.from(String(chunk), 'utf8');
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function checkLength(length: number, longest: number): void {
  if (length > longest) throw new UsageError('line-too-long', `a line has more than ${longest} bytes`);
}
