import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { UsageError } from '../index.js';
import { linesOf } from './lines.js';
import { showProgress, type Progress } from './progress.js';

/** What a command is to send. */
export interface Source {
  /** The contents of the messages, in order. */
  readonly messages: AsyncIterable<Uint8Array>;
  readonly progress?: Progress;
  /** A message of `length` bytes was sent. */
  sent(length: number): void;
}

/**
 * The text as one message, or the lines of the file, or those of standard input when there is neither or the text is "-". Rejects with `UsageError`
 * (`arguments`, `input`) when both are given, the text is empty or the file cannot be read.
 */
export async function sourceOf(text: string | undefined, file: string | undefined): Promise<Source> {
  if (text !== undefined && file !== undefined) throw new UsageError('arguments', 'give a text or --file, not both');
  if (file !== undefined) return fileSource(file);
  if (text === undefined || text === '-') return { messages: linesOf(process.stdin), sent: () => undefined };
  if (text === '') throw new UsageError('arguments', 'an empty text cannot be sent');
  return { messages: single(Buffer.from(text, 'utf8')), sent: () => undefined };
}

async function fileSource(file: string): Promise<Source> {
  let size: number;
  try {
    size = (await stat(file)).size;
  } catch (error) {
    throw new UsageError('input', `cannot read ${file}`, { cause: error });
  }
  const progress = showProgress('sending', size, 'bytes');
  let done = 0;
  return {
    messages: linesOf(createReadStream(file)),
    progress,
    sent(length) {
      done += length;
      progress.update(done);
    },
  };
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new Uint8Array(bytes));
}
