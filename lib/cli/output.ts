import type { Writable } from 'node:stream';

/** One line of machine-readable output; every one names what it tells. */
export interface OutputEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Writes and resolves when the stream has taken the bytes: only then may a message be acknowledged. Rejects when the reader is gone. */
export function write(stream: Writable, content: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(content, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Where a command writes: results to standard output as text or as one JSON object per line, remarks to standard error. */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
    // The failed write itself rejects; without a listener the stream's error would end the process before that is handled.
    process.stdout.on('error', () => undefined);
    process.stderr.on('error', () => undefined);
  }

  /** Writes one result: `event` with `--json`, else `text`. */
  result(event: OutputEvent, text: string): Promise<void> {
    return write(process.stdout, `${this.json ? JSON.stringify(event) : text}\n`);
  }

  /** Writes something worth knowing beside the results: as an event with `--json`, else as text on standard error. */
  remark(event: OutputEvent, text: string): Promise<void> {
    return this.json ? this.result(event, '') : write(process.stderr, `${text}\n`);
  }

  /** Writes bytes as they are. */
  raw(bytes: Uint8Array): Promise<void> {
    return write(process.stdout, bytes);
  }
}
