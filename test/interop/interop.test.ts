import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { packageRoot } from '../../lib/base/package-root.js';
import { runCases } from '../vectors/vector-report.js';
import { replayOf } from './group.js';
import { readInteropFile } from './interop-file.js';
import { runInterop } from './run-interop.js';

const own = join(packageRoot(), 'test', 'vectors', 'data', 'interop');

function run(directory: string | undefined): { readonly code: number; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const code = runInterop(directory, (line) => lines.push(line));
  return { code, lines };
}

describe('what the C reference did', () => {
  const { code, lines } = run(own);

  test('is what this library does', () => {
    expect(lines.filter((line) => line.includes('failed: '))).toEqual([]);
    expect(lines.at(-1)).toMatch(/^[1-9]\d* passed, 0 failed$/u);
    expect(code).toBe(0);
  });

  test('is replayed for every kind of file', () => {
    for (const kind of ['account-', 'session-', 'messages-', 'fingerprint-', 'key-derivation', 'pack-ids', 'group-', 'group-devices-']) {
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${kind}.*: [1-9]\\d* passed, 0 failed$`, 'u')));
    }
  });

  test.each(['group-curve25519.json', 'group-devices-mldsa87-mlkem1024.json', 'group-mldsa87-mlkem1024.json'])(
    'is exceeded in %s: messages that come late are opened, where the reference has lost their keys',
    (name) => {
      const { cases, replay } = replayOf(readInteropFile(join(own, name)));
      expect(runCases(cases, { slow: 'run' }).failures).toEqual([]);
      expect(replay().late.opened).toBeGreaterThan(0);
      expect(replay().late.refused).toBe(0);
    },
  );
});

describe('the runner', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'skissm-interop-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** Copies a file with one text replaced; the replacement must happen. */
  function altered(name: string, from: RegExp, to: string): void {
    const before = readFileSync(join(own, name), 'utf8');
    const after = before.replace(from, to);
    expect(after).not.toBe(before);
    writeFileSync(join(directory, name), after);
  }

  test('fails without a folder, for one that does not exist and for an empty one', () => {
    expect([run(undefined).code, run(join(directory, 'none')).code, run(directory).code]).toEqual([1, 1, 1]);
  });

  test('fails for a file of an unknown kind, of no JSON or of another shape', () => {
    for (const [name, content] of [
      ['unknown.json', '{}'],
      ['account-x.txt', '{}'],
      ['account-x.json', 'not json'],
      ['session-x.json', '{"cases": 5}'],
    ] as const) {
      writeFileSync(join(directory, name), content);
      expect(run(directory)).toMatchObject({ code: 1 });
      rmSync(join(directory, name));
    }
  });

  test.each([
    ['key-derivation.json', /"out_hex": "(..)/u, '"out_hex": "00'],
    ['fingerprint-mlkem1024.json', /"fingerprint_hex": "(..)/u, '"fingerprint_hex": "00'],
    ['session-curve25519.json', /"invitee_root_key_hex": "(..)/u, '"invitee_root_key_hex": "00'],
    ['session-mldsa87-mlkem1024.json', /"inviter_sender_chain_key_hex": "(..)/u, '"inviter_sender_chain_key_hex": "00'],
    ['messages-curve25519.json', /"receiver_chain_key_hex": "(..)/u, '"receiver_chain_key_hex": "00'],
    ['messages-mldsa87-mlkem1024.json', /"accepted": false/u, '"accepted": true'],
    ['account-curve25519.json', /"accepted": false/u, '"accepted": true'],
    ['pack-ids.json', /"default": 1126657/u, '"default": 1'],
    ['group-curve25519.json', /"chain_key_hex": "(..)/u, '"chain_key_hex": "00'],
    ['group-curve25519.json', /"accepted": true/u, '"accepted": false'],
    ['group-curve25519.json', /"group_session_b64": "CgEB/u, '"group_session_b64": "CgEC'],
  ])('fails when %s says something else', (name, from, to) => {
    altered(name, from, to);
    const { code, lines } = run(directory);
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatch(/^\d+ passed, [1-9]\d* failed$/u);
  });
});
