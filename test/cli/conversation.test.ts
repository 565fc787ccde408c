import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Command, run } from './command.js';

/** Every command is a process that opens a database. */
jest.setTimeout(60_000);

let home: string;
let running: Command[];

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'skissm-cli-'));
  running = [];
});

afterEach(async () => {
  for (const command of running) await command.destroy();
  await rm(home, { recursive: true, force: true });
});

function start(...words: string[]): Command {
  const command = new Command(words, home);
  running.push(command);
  return command;
}

const store = (user: string): string => path.join(home, `${user}.db`);

async function startRelay(...words: string[]): Promise<{ relay: Command; url: string; codes: string[] }> {
  const relay = start('relay', '--data', path.join(home, 'relay'), '--domain', 'example.org', '--invitations', '2', '--json', ...words);
  const { url } = await relay.event('listening');
  const codes = await relay.until(({ events }) => {
    const found = events.filter(({ event }) => event === 'invitation').map(({ code }) => String(code));
    return found.length === 2 ? found : undefined;
  });
  return { relay, url: String(url), codes };
}

async function register(user: string, url: string, invitation: string): Promise<void> {
  const words = ['register', '--relay', url, '--user', user, '--device', 'laptop', '--store', store(user), '--one-time-pre-keys', '25'];
  const { code, stdout, stderr } = await run([...words, '--json'], home, '', { SKISSM_INVITATION: invitation });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ event: 'registered', user: `${user}@example.org`, device: 'laptop' });
}

describe('a relay', () => {
  test('prints its address as the first line and stops gracefully on SIGTERM', async () => {
    const relay = start('relay', '--data', path.join(home, 'relay'));
    const address = await relay.until(({ lines }) => lines[0]);
    expect(address).toMatch(/^ws:\/\/127\.0\.0\.1:[1-9]\d*\/?$/u);
    relay.signal('SIGTERM');
    const { code, stdout, stderr } = await relay.finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${address}\n` });
    expect(stderr).toContain('"msg":"closed"');
    expect((await stat(path.join(home, 'relay', 'relay.db'))).mode & 0o077).toBe(0);
  });

  test('gives invitations while it runs and when it has stopped, each for one registration', async () => {
    const data = path.join(home, 'relay');
    const { relay, url } = await startRelay();
    const whileRunning = await run(['relay', 'invite', '--data', data, '--json'], home);
    expect(whileRunning.code).toBe(0);
    const { code } = JSON.parse(whileRunning.stdout) as { code: string };
    await register('alice', url, code);
    const words = ['register', '--relay', url, '--user', 'eve', '--device', 'd', '--store', store('eve'), '--invitation', code];
    expect(await run(words, home)).toMatchObject({ code: 3, stderr: expect.stringMatching(/^error: registration-refused: /u) });
    relay.end();
    relay.signal('SIGINT');
    expect((await relay.finished).code).toBe(0);
    const whenStopped = await run(['relay', 'invite', '--data', data], home);
    expect(whenStopped).toMatchObject({ code: 0, stdout: expect.stringMatching(/^invitation \S+\n$/u) });
  });

  test('is refused a second time on the same directory', async () => {
    await startRelay();
    const second = await run(['relay', '--data', path.join(home, 'relay'), '--domain', 'example.org'], home);
    expect(second).toMatchObject({ code: 4, stdout: '', stderr: expect.stringMatching(/error: locked: /u) });
  });
});

describe('two accounts', () => {
  test('exchange a file line by line, and what arrives is the file', async () => {
    const { url, codes } = await startRelay();
    await register('alice', url, codes[0]!);
    await register('bob', url, codes[1]!);
    const content = 'first line\n\n  indented, with ü and \u{1f600}\r\nthe last line has no line feed';
    const file = path.join(home, 'file');
    await writeFile(file, content);
    const bob = start('listen', '--store', store('bob'), '--raw', '--count', '4');
    const sent = await run(['send', 'bob@example.org', '--file', file, '--store', store('alice'), '--json'], home);
    expect({ code: sent.code, stderr: sent.stderr }).toEqual({ code: 0, stderr: '' });
    const events = sent.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.filter(({ event }) => event === 'sent')).toHaveLength(4);
    expect(events.at(-1)).toEqual({ event: 'done', messages: 4, to: 'bob@example.org' });
    const { code, stdout } = await bob.finished;
    expect({ code, stdout }).toEqual({ code: 0, stdout: content });
  });

  test('talk both ways with JSON on standard input and output', async () => {
    const { url, codes } = await startRelay();
    await register('alice', url, codes[0]!);
    await register('bob', url, codes[1]!);
    const bob = start('listen', '--store', store('bob'), '--json', '--json-input', '--exit-on-eof');
    const alice = start('listen', '--store', store('alice'), '--to', 'bob@example.org', '--json', '--exit-on-eof');
    alice.write('hello bob\n');
    expect(await bob.event('message')).toMatchObject({
      from: 'alice@example.org/laptop',
      kind: 'message',
      length: 10,
      text: 'hello bob\n',
    });
    bob.write(`${JSON.stringify({ to: 'alice@example.org', base64: '/wA=' })}\n`);
    expect(await alice.event('message')).toMatchObject({ from: 'bob@example.org/laptop', length: 2, base64: '/wA=' });
    alice.end();
    bob.end();
    expect([(await alice.finished).code, (await bob.finished).code]).toEqual([0, 0]);

    const [ofAlice, ofBob] = await Promise.all(
      [['alice', 'bob'] as const, ['bob', 'alice'] as const].map(async ([own, peer]) => {
        const { code, stdout } = await run(['fingerprint', `${peer}@example.org`, '--store', store(own), '--json'], home);
        expect(code).toBe(0);
        const { devices } = JSON.parse(stdout) as { devices: { identity: string; sessions: { fingerprint: string }[] }[] };
        return devices[0]!.sessions[0]!.fingerprint;
      }),
    );
    expect(ofAlice).toMatch(/^[0-9a-f]{128}$/u);
    expect(ofAlice).toBe(ofBob);

    const { code, stdout } = await run(['status', '--store', store('alice'), '--json'], home);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      event: 'status',
      device: 'alice@example.org/laptop',
      sessions: { ready: 1, invited: 0 },
      outbox: 0,
      pending: 0,
      inbox: 0,
      setAside: 0,
      earlyMessages: 0,
      undecryptable: {},
    });
    const { stdout: text } = await run(['status', '--store', store('alice')], home);
    expect(text).toContain('0 messages that came before their session, 0 pushes set aside');
    expect(text).toMatch(/^undecryptable +nothing$/mu);
  });

  test('cannot share a store: the second process names the lock and ends with exit code 4', async () => {
    const { url, codes } = await startRelay();
    await register('alice', url, codes[0]!);
    const first = start('listen', '--store', store('alice'), '--json');
    await first.event('ready');
    const second = await run(['status', '--store', store('alice')], home);
    expect(second).toMatchObject({ code: 4, stdout: '', stderr: expect.stringMatching(/^error: locked: /u) });
    first.signal('SIGTERM');
    expect((await first.finished).code).toBe(0);
  });

  test('are told when nobody has the address, and nothing is stored for it', async () => {
    const { url, codes } = await startRelay();
    await register('alice', url, codes[0]!);
    const sent = await run(['send', 'nobody@example.org', 'hello?', '--store', store('alice')], home);
    expect(sent).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/^error: no-such-user: /u) });
    const invited = await run(['invite', 'nobody@example.org', '--store', store('alice')], home);
    expect(invited).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/^error: no-such-user: /u) });
    const { stdout } = await run(['status', '--store', store('alice'), '--json'], home);
    expect(JSON.parse(stdout)).toMatchObject({ pending: 0, connection: 'connected' });
  });

  test('know that a message waits while the other has never answered, and it arrives when he does', async () => {
    const { url, codes } = await startRelay();
    await register('alice', url, codes[0]!);
    await register('bob', url, codes[1]!);
    const waiting = await run(['send', 'bob@example.org', 'for later', '--store', store('alice'), '--wait', '1'], home);
    expect(waiting).toMatchObject({ code: 3, stderr: expect.stringMatching(/^error: not-delivered: /u) });
    const bob = start('listen', '--store', store('bob'), '--count', '1');
    await bob.until(({ remarks }) => (remarks.includes('listening as bob@example.org/laptop') ? true : undefined));
    const alice = start('listen', '--store', store('alice'));
    expect(await bob.finished).toMatchObject({ code: 0, stdout: 'alice@example.org/laptop: for later\n' });
    alice.signal('SIGTERM');
    expect((await alice.finished).code).toBe(0);
  });

  test('stop without complaint when their reader goes away', async () => {
    const { url, codes } = await startRelay();
    await register('alice', url, codes[0]!);
    await register('bob', url, codes[1]!);
    const bob = start('listen', '--store', store('bob'));
    await bob.until(({ remarks }) => (remarks.includes('listening as') ? true : undefined));
    bob.closeOutput();
    expect(await run(['send', 'bob@example.org', 'into the void', '--store', store('alice')], home)).toMatchObject({ code: 0 });
    expect((await bob.finished).code).toBe(0);
    const again = await run(['listen', '--store', store('bob'), '--count', '1'], home);
    expect(again).toMatchObject({ code: 0, stdout: 'alice@example.org/laptop: into the void\n' });
  });

  test('cannot be made twice in one store', async () => {
    const { url, codes } = await startRelay();
    await register('alice', url, codes[0]!);
    const words = [
      'register',
      '--relay',
      url,
      '--user',
      'alice',
      '--device',
      'laptop',
      '--store',
      store('alice'),
      '--invitation',
      codes[1]!,
    ];
    expect(await run(words, home)).toMatchObject({ code: 2, stderr: expect.stringMatching(/^error: /u) });
  });

  test('keep what was sent while the relay was away, and send it with the next command', async () => {
    const { relay, url, codes } = await startRelay();
    await register('alice', url, codes[0]!);
    await register('bob', url, codes[1]!);
    relay.signal('SIGTERM');
    await relay.finished;
    const offline = await run(['send', 'bob@example.org', 'kept', '--store', store('alice'), '--wait', '1'], home);
    expect(offline).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^note: connection: .*offline.*\nerror: not-delivered: [^\n]*\n$/u),
    });
    const invited = await run(['invite', 'bob@example.org', '--store', store('alice'), '--wait', '1', '--json'], home);
    expect(invited.code).toBe(3);
    expect(JSON.parse(invited.stderr)).toMatchObject({ event: 'error', code: expect.stringMatching(/^(offline|not-delivered)$/u) });
    const { port } = new URL(url);
    await startRelay('--port', port);
    const bob = start('listen', '--store', store('bob'), '--json', '--count', '1');
    const alice = start('listen', '--store', store('alice'), '--json');
    expect(await bob.event('message')).toMatchObject({ from: 'alice@example.org/laptop', text: 'kept' });
    expect((await bob.finished).code).toBe(0);
    alice.signal('SIGTERM');
    expect((await alice.finished).code).toBe(0);
  });
});
