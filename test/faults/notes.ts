/** What a process of a story notes while it runs: a line is with the system when the call returns, so it outlives the process. */
import { closeSync, existsSync, openSync, readSync, writeSync } from 'node:fs';
import type { DeviceAddress } from '../../lib/base/address.js';
import type { WalState } from './wal.js';

/** One line. */
export type Note =
  /** A point was reached for the first time by this process. */
  | { readonly note: 'reached'; readonly label: string }
  /** The process dies here; `wal` is what was durable before, when it dies in a commit. */
  | { readonly note: 'died'; readonly label: string; readonly wal?: WalState }
  /** A commit fails, or seems to. */
  | { readonly note: 'failed'; readonly label: string; readonly how: string }
  /** Something was sealed: fingerprint of the chain key, which gives key and IV, and hash of the ciphertext. */
  | { readonly note: 'sealed'; readonly key: string; readonly ciphertext: string }
  /** A message leaves the process; `sessionId` names the session or the epoch. */
  | { readonly note: 'left'; readonly ciphertext: string; readonly messageId: string; readonly sessionId: string }
  /** An invite leaves: which one-time pre-key of whom it uses (0: none), for which session. */
  | { readonly note: 'invited'; readonly device: string; readonly oneTimePreKeyId: number; readonly sessionId: string }
  /** The relay passes a message on. */
  | { readonly note: 'passed'; readonly ciphertext: string }
  /** The relay hands out a one-time pre-key. */
  | { readonly note: 'served'; readonly device: string; readonly oneTimePreKeyId: number }
  /** The application gets a message. */
  | {
      readonly note: 'got';
      readonly kind: string;
      readonly from: string;
      readonly groupId?: string;
      readonly text: string;
      readonly messageId: string;
      readonly life: number;
    }
  /** The application has acknowledged it. */
  | { readonly note: 'acknowledged'; readonly text: string }
  /** An event of the client. */
  | {
      readonly note: 'event';
      readonly type: string;
      readonly code?: string;
      /** The device it is about. */
      readonly device?: string;
      readonly sessionId?: string;
      readonly messageId?: string;
      readonly during?: string;
    };

/** How a device is named in notes. */
export function nameOf({ userId, deviceId }: Pick<DeviceAddress, 'userId' | 'deviceId'>): string {
  return `${userId}/${deviceId}`;
}

/** Writes notes to a file. */
export function openNotes(path: string): (note: Note) => void {
  const file = openSync(path, 'a');
  return (note) => void writeSync(file, `${JSON.stringify(note)}\n`);
}

/** Reads what processes have noted in one file, as it grows. */
export class Notes {
  readonly #path: string;
  readonly #notes: Note[] = [];
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Everything so far. */
  get all(): readonly Note[] {
    this.#readOn();
    return this.#notes;
  }

  /** Everything of one kind so far. */
  of<Kind extends Note['note']>(kind: Kind): Extract<Note, { note: Kind }>[] {
    return this.all.filter((note): note is Extract<Note, { note: Kind }> => note.note === kind);
  }

  #readOn(): void {
    if (!existsSync(this.#path)) return;
    const file = openSync(this.#path, 'r');
    const block = Buffer.alloc(1 << 18);
    let text = '';
    try {
      for (let read = -1; read !== 0;) {
        read = readSync(file, block, 0, block.length, this.#offset + Buffer.byteLength(text));
        text += block.toString('latin1', 0, read);
      }
    } finally {
      closeSync(file);
    }
    // A line that is being written counts when it is whole. Notes are ASCII.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    this.#offset += whole.length;
    for (const line of whole.split('\n')) if (line !== '') this.#notes.push(JSON.parse(line) as Note);
  }
}
