import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Command, run } from './command.js';

/** A relay and clients, each a process of its own. */
jest.setTimeout(120_000);

let home: string;
let temporary: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'skissm-cli-'));
  temporary = path.join(home, 'tmp');
  await mkdir(temporary);
});

afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

const content =
  'A small file for the demonstration.\n\nIt has an empty line, and one line twice.\nIt has an empty line, and one line twice.\nends without a line feed: ü';

async function inputFile(): Promise<string> {
  const file = path.join(home, 'input');
  await writeFile(file, content);
  return file;
}

describe('the demonstration', () => {
  test('of a small file loses, doubles and reveals nothing, and leaves no file behind', async () => {
    const { code, stdout, stderr } = await run(['demo', '--input', await inputFile(), '--messages', '23', '--json'], home, '', {
      TMPDIR: temporary,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const summary = JSON.parse(stdout) as Record<string, unknown>;
    expect(summary).toMatchObject({
      suite: 'mldsa87-mlkem1024',
      messages: 23,
      answered: 23,
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      altered: 0,
      identical: true,
      linesSearched: 3,
      plaintextInRelay: 0,
      plantedLineFound: true,
      troubles: [],
      group: {
        devices: 5,
        users: 4,
        messages: 261,
        deliveries: 884,
        lost: 0,
        duplicated: 0,
        outOfOrder: 0,
        altered: 0,
        readByRemoved: 0,
        readByNewcomer: 0,
        removedStillConnected: true,
        capturedGiven: 80,
        capturedOpened: 0,
        controlOpened: true,
        linesSearched: 261,
        plaintextInRelay: 0,
        troubles: [],
        ok: true,
      },
      ok: true,
    });
    expect(summary['bytes']).toBe(Buffer.byteLength(content) * 4 + Buffer.byteLength(content.split('\n').slice(0, 3).join('\n')) + 1);
    expect(summary['seconds']).toBeGreaterThan(0);
    expect(summary['messagesPerSecond']).toBeGreaterThan(0);
    expect(await readdir(temporary)).toEqual([]);
  });

  test('runs with another suite, keeps its files on demand and tells its story to people', async () => {
    const keep = path.join(home, 'kept');
    const { code, stdout } = await run(['demo', '--input', await inputFile(), '--suite', 'curve25519', '--keep', keep], home);
    expect(stdout).toMatch(/5 messages \(\d+ bytes\) and 5 answers .*suite curve25519/u);
    expect(stdout).toContain('0 lost, 0 duplicated');
    expect(stdout).toMatch(/planted line was found .*relay\.db/u);
    expect(stdout).toContain('group of 5 devices of 4 users: 261 messages, 884 deliveries');
    expect(stdout).toContain('opened a message from before the removal and 0 of 80 from after');
    expect(code).toBe(0);
    expect((await readdir(keep)).sort()).toEqual(['alice', 'bob', 'carol', 'dave', 'relay']);
    expect(await readFile(path.join(keep, 'relay', 'relay.log'), 'utf8')).toContain('"msg":"closed"');
    expect(await run(['demo', '--input', await inputFile(), '--keep', keep], home)).toMatchObject({ code: 2 });
  });

  test('says which process died and why, and cleans up', async () => {
    const keep = path.join(home, 'kept');
    const demonstration = new Command(['demo', '--input', await inputFile(), '--messages', '1000000', '--keep', keep], home);
    await demonstration.until(({ lines }) => (lines.some((line) => line.startsWith('sending ')) ? true : undefined));
    const [firstLine = ''] = (await readFile(path.join(keep, 'relay', 'relay.log'), 'utf8')).split('\n');
    process.kill((JSON.parse(firstLine) as { pid: number }).pid, 'SIGKILL');
    expect(await demonstration.finished).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: demonstration-process: the relay ended with signal SIGKILL/u),
    });
  });

  test('that is interrupted stops its processes and removes its files', async () => {
    const demonstration = new Command(['demo', '--input', await inputFile(), '--messages', '1000000'], home, { TMPDIR: temporary });
    await demonstration.until(({ lines }) => (lines.some((line) => line.startsWith('sending ')) ? true : undefined));
    demonstration.signal('SIGINT');
    expect(await demonstration.finished).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error: interrupted: /u) });
    expect(await readdir(temporary)).toEqual([]);
  });
});
