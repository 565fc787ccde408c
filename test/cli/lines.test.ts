import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../lib/index.js';
import { fromJsonContent, printable, toJsonContent } from '../../lib/cli/content.js';
import { linesOf, withoutLineEnding } from '../../lib/cli/lines.js';

async function* chunks(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(Buffer.from(part, 'utf8'));
}

async function linesIn(...parts: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(chunks(...parts))) lines.push(Buffer.from(line).toString('utf8'));
  return lines;
}

describe('lines of a stream', () => {
  test('keep their line feed, and the last one may have none', async () => {
    expect(await linesIn('one\n\ntwo\r\nthree')).toEqual(['one\n', '\n', 'two\r\n', 'three']);
  });

  test('do not depend on how the bytes are cut into chunks', async () => {
    const content = 'first\nsecond line\n\nlast\n';
    const whole = await linesIn(content);
    for (let cut = 0; cut <= content.length; cut += 1) expect(await linesIn(content.slice(0, cut), content.slice(cut))).toEqual(whole);
    expect(await linesIn(...content.split(/(?:)/u))).toEqual(whole);
  });

  test('that are too long are refused before they are complete', async () => {
    const read = async (): Promise<void> => {
      for await (const line of linesOf(chunks('short\n', 'x'.repeat(20), 'x'.repeat(20)), 30)) expect(line.length).toBe(6);
    };
    await expect(read()).rejects.toThrow(UsageError);
  });

  test('of an empty stream are none', async () => {
    expect(await linesIn('')).toEqual([]);
  });

  test('lose exactly one line ending', () => {
    const stripped = ['a\n', 'a\r\n', 'a', '\n', 'a\n\n'].map((line) => Buffer.from(withoutLineEnding(Buffer.from(line))).toString());
    expect(stripped).toEqual(['a', 'a', 'a', '', 'a\n']);
  });
});

describe('content in JSON', () => {
  test('gives the same bytes back, whether they are text or not', () => {
    for (const bytes of [[0x68, 0x69], [0xef, 0xbb, 0xbf, 0x61], [0xff, 0xfe, 0x00], [0xc3], [0x00, 0x0a], []]) {
      const content = toJsonContent(Uint8Array.from(bytes));
      expect([...fromJsonContent(JSON.parse(JSON.stringify(content)) as object)]).toEqual(bytes);
    }
  });

  test('is text where it is valid UTF-8 and base64 where not', () => {
    expect(toJsonContent(Buffer.from('größe', 'utf8'))).toEqual({ text: 'größe' });
    expect(toJsonContent(Uint8Array.of(0xff, 0x00))).toEqual({ base64: '/wA=' });
  });

  test('without either field is refused', () => {
    expect(() => fromJsonContent({ txt: 'x' })).toThrow(UsageError);
  });

  test('on a terminal carries no control characters', () => {
    expect(printable(Buffer.from('a\u001b[31mb\tc\u0085', 'utf8'))).toBe('a\u{fffd}[31mb\tc\u{fffd}');
    expect(printable(Uint8Array.of(0xff))).toBe('(1 bytes that are not text)');
  });
});
