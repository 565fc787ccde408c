import { UsageError } from '../index.js';

/** The bytes of a message in JSON: as text when they are valid UTF-8, else in standard base64. Exactly one of the two is there. */
export interface JsonContent {
  readonly text?: string;
  readonly base64?: string;
}

/** The JSON form of bytes; `fromJsonContent` gives the same bytes back. */
export function toJsonContent(bytes: Uint8Array): JsonContent {
  const text = utf8TextOf(bytes);
  return text === undefined ? { base64: Buffer.from(bytes).toString('base64') } : { text };
}

/** The bytes of a JSON form. Throws `UsageError('input')` when neither field is a string. */
export function fromJsonContent(value: object): Uint8Array {
  if ('text' in value && typeof value.text === 'string') return new Uint8Array(Buffer.from(value.text, 'utf8'));
  if ('base64' in value && typeof value.base64 === 'string') return new Uint8Array(Buffer.from(value.base64, 'base64'));
  throw new UsageError('input', 'a line of JSON input needs a field "text" or "base64"');
}

/** The bytes as text, or `undefined` when they are not valid UTF-8. */
export function utf8TextOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Message text for a terminal: control characters other than tabs and line feeds of a peer must not steer it. */
export function printable(bytes: Uint8Array): string {
  const text = utf8TextOf(bytes);
  if (text === undefined) return `(${bytes.length} bytes that are not text)`;
  return text.replace(/[^\P{Cc}\t\n]/gu, '\u{fffd}');
}

/** Text of a peer that stands inside a line of ours: without any control character, so that it is neither a line of its own. */
export function printableName(text: string): string {
  return text.replace(/\p{Cc}/gu, '\u{fffd}');
}
