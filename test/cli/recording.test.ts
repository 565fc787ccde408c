import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Recording } from '../../lib/cli/recording.js';
import { pushesOf, readRecording } from '../../lib/cli/demo/captured.js';
import { TransportError, type ConnectOptions, type Transport } from '../../lib/index.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'skissm-recording-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A relay that pushes these and then is gone. */
function pushing(...pushes: readonly Uint8Array[]): Transport {
  return {
    connect(options) {
      for (const push of pushes) options.onPush(push);
      return Promise.reject(new TransportError('offline', 'gone'));
    },
  };
}

const hello: ConnectOptions['hello'] = {
  version: 1,
  address: { domain: 'example.org', userId: 'bob', deviceId: 'phone' },
  credential: { kind: 'none' },
  incarnation: new Uint8Array(16),
  commitCounter: 0,
  lastPushId: '',
  greeting: new Uint8Array(0),
  previousGreeting: new Uint8Array(0),
};

describe('a recording', () => {
  test('holds every push as it came, behind what was there before, and the client gets it, too', async () => {
    const file = path.join(directory, 'pushes');
    const pushes = [Buffer.from('first push'), Buffer.from([0, 255, 10]), Buffer.from('third')].map((push) => new Uint8Array(push));
    const received: Uint8Array[] = [];
    for (const some of [pushes.slice(0, 2), pushes.slice(2)]) {
      await using recording = await Recording.open(file);
      const connecting = recording.of(pushing(...some)).connect({ hello, onPush: (push) => received.push(push) });
      await expect(connecting).rejects.toMatchObject({ code: 'offline' });
    }
    expect(received).toEqual(pushes);
    expect(await readRecording(file)).toEqual(pushes);
    expect(await readFile(file, 'utf8')).toMatch(/^Zmlyc3QgcHVzaA==\n/u);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(pushesOf(['third', 'missing', 'first'], pushes)).toEqual([pushes[2], pushes[0]]);
  });

  test('that cannot be written is refused before anything is done', async () => {
    await expect(Recording.open(path.join(directory, 'none', 'pushes'))).rejects.toMatchObject({ name: 'UsageError', code: 'record' });
  });
});
