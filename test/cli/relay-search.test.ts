import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { RelaySearch } from '../../lib/cli/demo/relay-search.js';

const messages = ['the first secret line\n', 'the second secret line\r\n', 'short\n', '\n'].map((line) => Buffer.from(line));
const planted = 'planted-0123456789abcdef.demo';

let directory: string;
let database: string;
let log: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'skissm-search-'));
  database = path.join(directory, 'relay.db-wal');
  log = path.join(directory, 'relay.log');
  await writeFile(database, `binary ${planted} binary`);
  await writeFile(log, JSON.stringify({ domain: planted }));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function searched(...between: (() => Promise<void>)[]): Promise<ReturnType<RelaySearch['result']>> {
  const search = new RelaySearch(directory, planted, messages);
  await search.before();
  for (const change of between) {
    await change();
    await search.again();
  }
  return search.result();
}

describe("the search of the relay's files", () => {
  test('finds the planted line in database and log, and no line where none is', async () => {
    expect(await searched(() => appendFile(database, 'ciphertext'))).toEqual({
      linesSearched: 2,
      linesKnownBefore: 0,
      linesFound: 0,
      plantedLineFound: true,
      plantedIn: ['relay.db-wal', 'relay.log'],
    });
  });

  test.each([
    ['the write-ahead log', () => appendFile(database, 'xx the second secret line xx')],
    ['the log', () => appendFile(log, JSON.stringify({ text: 'the first secret line' }))],
    ['a new file', () => writeFile(path.join(directory, 'new'), 'the first secret line')],
  ])('finds a line that got into %s', async (_, leak) => {
    expect(await searched(leak)).toMatchObject({ linesFound: 1 });
  });

  test('still counts a line that was there while the relay ran and is gone afterwards', async () => {
    const result = await searched(
      () => appendFile(database, 'the first secret line'),
      () => writeFile(database, planted),
    );
    expect(result).toMatchObject({ linesFound: 1, plantedLineFound: true });
  });

  test('does not take a line that was there before the first message for a leak, and says so', async () => {
    await appendFile(database, 'the first secret line');
    expect(await searched(() => Promise.resolve())).toMatchObject({ linesKnownBefore: 1, linesFound: 0 });
  });

  test('proves nothing when it misses the planted line once', async () => {
    expect(await searched(() => writeFile(log, '{}'))).toMatchObject({ plantedLineFound: false });
  });
});
