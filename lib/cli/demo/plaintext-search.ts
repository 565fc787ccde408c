import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** Shorter lines are not searched: they may stand in any file by chance. */
export const shortestSearchedLine = 12;

/** Lines longer than twice this are searched in pieces of this length too: a database may split a value over pages. */
const pieceLength = 64;

const hashFactor = 0x01000193;
const filterBits = 20;

interface Pattern {
  readonly bytes: Buffer;
  /** Number of the text it belongs to. */
  readonly text: number;
}

/** Where each of the searched texts was found: its number and the files. */
export type Findings = ReadonlyMap<number, ReadonlySet<string>>;

/**
 * Looks for many texts at once in all files of a directory, byte by byte: as they are, and as they would stand inside a JSON string of a log.
 * Finds by a rolling hash over the first bytes (Rabin and Karp), then compares.
 */
export class PlaintextSearch {
  readonly #patterns = new Map<number, Pattern[]>();
  /** One bit per possible hash prefix: most positions of a file are passed over with one look. */
  readonly #filter = new Uint8Array(1 << (filterBits - 3));
  #longest = shortestSearchedLine;

  /** Texts of fewer than `shortestSearchedLine` bytes are left out; `size` tells how many are searched. */
  readonly size: number;

  constructor(texts: readonly Uint8Array[]) {
    let size = 0;
    for (const [number, text] of texts.entries()) {
      if (text.length < shortestSearchedLine) continue;
      size += 1;
      for (const form of formsOf(text)) for (const bytes of piecesOf(form)) this.#add({ bytes, text: number });
    }
    this.size = size;
  }

  /** Searches every file below `directory`. A file that disappears meanwhile (a write-ahead log after its checkpoint) is passed over. */
  async searchDirectory(directory: string): Promise<Findings> {
    const findings = new Map<number, Set<string>>();
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      for (const text of await this.#searchFile(file)) {
        const files = findings.get(text) ?? new Set();
        findings.set(text, files.add(path.relative(directory, file)));
      }
    }
    return findings;
  }

  /** The numbers of the texts that occur in `content`. */
  searchBytes(content: Buffer): Set<number> {
    const found = new Set<number>();
    if (content.length < shortestSearchedLine) return found;
    let leaving = 1;
    for (let i = 1; i < shortestSearchedLine; i += 1) leaving = Math.imul(leaving, hashFactor);
    let hash = hashOf(content);
    for (let start = 0; ; start += 1) {
      if (this.#mayStartWith(hash)) this.#compare(content, start, hash, found);
      const entering = content[start + shortestSearchedLine];
      if (entering === undefined) return found;
      hash = (Math.imul(hash - Math.imul(content[start] ?? 0, leaving), hashFactor) + entering) | 0;
    }
  }

  async #searchFile(file: string): Promise<Set<number>> {
    const found = new Set<number>();
    let carried: Buffer = Buffer.alloc(0);
    try {
      for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
        const content = Buffer.concat([carried, Buffer.from(chunk)]);
        for (const text of this.searchBytes(content)) found.add(text);
        // A text may begin in this chunk and end in the next.
        carried = content.subarray(Math.max(0, content.length - this.#longest + 1));
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
    return found;
  }

  #add(pattern: Pattern): void {
    const hash = hashOf(pattern.bytes);
    const same = this.#patterns.get(hash) ?? [];
    same.push(pattern);
    this.#patterns.set(hash, same);
    const bit = hash >>> (32 - filterBits);
    this.#filter[bit >>> 3] = (this.#filter[bit >>> 3] ?? 0) | (1 << (bit & 7));
    this.#longest = Math.max(this.#longest, pattern.bytes.length);
  }

  #mayStartWith(hash: number): boolean {
    const bit = hash >>> (32 - filterBits);
    return ((this.#filter[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  #compare(content: Buffer, start: number, hash: number, found: Set<number>): void {
    for (const { bytes, text } of this.#patterns.get(hash) ?? []) {
      if (content.length - start >= bytes.length && content.compare(bytes, 0, bytes.length, start, start + bytes.length) === 0) {
        found.add(text);
      }
    }
  }
}

function hashOf(bytes: Buffer): number {
  let hash = 0;
  for (let i = 0; i < shortestSearchedLine; i += 1) hash = (Math.imul(hash, hashFactor) + (bytes[i] ?? 0)) | 0;
  return hash;
}

function formsOf(text: Uint8Array): Buffer[] {
  const plain = Buffer.from(text);
  const inJson = Buffer.from(JSON.stringify(plain.toString('utf8')).slice(1, -1), 'utf8');
  return plain.equals(inJson) ? [plain] : [plain, inJson];
}

function piecesOf(text: Buffer): Buffer[] {
  if (text.length <= 2 * pieceLength) return [text];
  const pieces: Buffer[] = [];
  for (let start = 0; start + pieceLength <= text.length; start += pieceLength) pieces.push(text.subarray(start, start + pieceLength));
  return pieces;
}
