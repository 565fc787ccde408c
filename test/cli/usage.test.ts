import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { suites } from '../../lib/crypto/cipher-suite.js';
import { run } from './command.js';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'skissm-cli-'));
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

const registration = ['register', '--user', 'alice', '--device', 'laptop', '--invitation', 'code'];

describe('help', () => {
  test('names every command and every exit code', async () => {
    const { code, stdout } = await run(['--help'], home);
    expect(code).toBe(0);
    for (const name of [
      'relay',
      'register',
      'invite',
      'send',
      'listen',
      'group',
      'fingerprint',
      'devices',
      'status',
      'file',
      'suites',
      'demo',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'mu'));
    }
    for (const exitCode of [0, 1, 2, 3, 4, 5, 6]) expect(stdout).toMatch(new RegExp(`^  ${exitCode}  `, 'mu'));
  });

  test('names every command on groups', async () => {
    const { code, stdout } = await run(['group', '--help'], home);
    expect(code).toBe(0);
    for (const name of ['create', 'add', 'remove', 'leave', 'list', 'send']) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'mu'));
  });

  test('of a command is printed without doing anything', async () => {
    const { code, stdout } = await run(['register', '--help'], home);
    expect(code).toBe(0);
    expect(stdout).toContain('--device <name>');
    expect(await readdir(home)).toEqual([]);
  });
});

test('suites lists all of them, as a table and as objects, with what the reference can speak', async () => {
  const { code, stdout } = await run(['suites', '--json'], home);
  expect(code).toBe(0);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  expect(rows.map(({ suite }) => suite)).toEqual(suites().map(({ name }) => name));
  const ofName = (name: string): unknown => rows.find(({ suite }) => suite === name);
  expect(ofName('mldsa87-mlkem1024')).toEqual({
    event: 'suite',
    suite: 'mldsa87-mlkem1024',
    packId: '0x00113101',
    signingKey: 2592,
    signature: 4627,
    agreementKey: 1568,
    ratchetKey: 1568,
    hash: 'SHA-256',
    reference: true,
  });
  for (const name of ['falcon512-mlkem512', 'mldsa87-x25519', 'curve25519', 'mldsa44-classicmceliece460896f'])
    expect(ofName(name)).toMatchObject({ reference: false });
  const table = (await run(['suites'], home)).stdout.trimEnd().split('\n');
  expect(table).toHaveLength(rows.length + 1);
  expect(new Set(table.map((line) => line.indexOf('0x'))).size).toBe(2);
});

describe('wrong usage', () => {
  test.each([
    ['an unknown command', ['fly'], /^error: usage: .*fly/u],
    ['an unknown option', ['status', '--frist'], /^error: usage: .*--frist/u],
    ['a missing argument', ['send'], /^error: usage: .*user@domain/u],
    ['a missing option', ['register', '--user', 'a', '--device', 'b'], /^error: usage: .*--relay/u],
    ['a port that is none', ['relay', '--port', '70000'], /^error: usage: .*--port/u],
    ['a number that is none', ['demo', '--messages', '0'], /^error: usage: .*--messages/u],
    ['an address without a domain', ['send', 'alice', 'hi'], /^error: usage: .*user@domain/u],
    ['a group without members', ['group', 'create', 'friends'], /^error: usage: .*user@domain/u],
    ['a device without its name', ['group', 'send', 'friends', 'hi', '--deny', 'a@b'], /^error: usage: .*user@domain\/device/u],
    ['a user and a group to listen for', ['listen', '--to', 'a@b', '--group', 'friends'], /^error: arguments: /u],
    ['an unknown log level', ['relay', '--log-level', 'chatty'], /^error: usage: .*--log-level/u],
    ['a text and a file', ['send', 'a@b', 'hi', '--file', 'x'], /^error: arguments: /u],
    ['an input that is not there', ['demo', '--input', '/nowhere/file'], /^error: input: .*\/nowhere\/file/u],
    ['an unknown policy for new devices', ['listen', '--new-devices', 'maybe'], /^error: usage: .*--new-devices/u],
    ['a device without its user', ['devices', 'approve', 'phone'], /^error: usage: /u],
    ['an unknown suite', ['demo', '--suite', 'rot13'], /^error: unknown-suite: /u],
    ['a certificate without its key', ['relay', '--tls-cert', 'x'], /^error: tls: /u],
    ['a relay address of another kind', [...registration, '--relay', 'http://localhost/'], /^error: url: /u],
  ])('%s ends with exit code 2 and one line', async (_, words, message) => {
    const { code, stdout, stderr } = await run(words, home);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('is a JSON object with --json', async () => {
    const { code, stderr } = await run(['status', '--json', '--frist'], home);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ event: 'error', code: 'usage' });
  });

  test('of demo leaves nothing behind and an empty input is refused', async () => {
    const file = path.join(home, 'empty');
    await writeFile(file, '');
    expect(await run(['demo', '--input', file], home)).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('a store that cannot be used', () => {
  test.each([['status'], ['listen'], ['send', 'a@b', 'hi'], ['fingerprint', 'a@b'], ['group', 'list'], ['group', 'send', 'friends', 'hi']])(
    'is missing: %s says so with exit code 4',
    async (...words) => {
      const { code, stderr } = await run([...words, '--store', path.join(home, 'none.db')], home);
      expect(code).toBe(4);
      expect(stderr).toMatch(/^error: unavailable: .*none\.db.*skissm register/u);
      expect(await readdir(home)).toEqual([]);
    },
  );

  test('is not a database: exit code 4, and the file stays as it is', async () => {
    const store = path.join(home, 'notes.db');
    await writeFile(store, 'These are notes, not a database.\n'.repeat(100));
    const before = await readFile(store);
    const { code, stderr } = await run(['status', '--store', store, '--relay', 'ws://127.0.0.1:9/'], home);
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringMatching(/^error: damaged: /u) });
    expect(await readFile(store)).toEqual(before);
  });

  test('is missing at the relay: invite says so with exit code 4', async () => {
    const { code, stderr } = await run(['relay', 'invite', '--data', path.join(home, 'relay')], home);
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringMatching(/^error: unavailable: /u) });
  });
});

describe('a relay that is not there', () => {
  test('ends a registration with exit code 3', async () => {
    const { code, stderr } = await run([...registration, '--relay', 'ws://127.0.0.1:9/', '--json'], home);
    expect(code).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({ event: 'error', code: expect.any(String) });
  });

  test('is refused without TLS when it is not on this machine', async () => {
    const { code, stderr } = await run([...registration, '--relay', 'ws://192.0.2.1:9/'], home);
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/^error: insecure: /u) });
  });
});
