import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Command, type Finished, run } from './command.js';

/** Every command is a process that opens a database. */
jest.setTimeout(120_000);

let home: string;
let running: Command[];
let url: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'skissm-devices-'));
  running = [];
  const relay = start('relay', '--data', path.join(home, 'relay'), '--domain', 'example.org');
  url = String((await relay.event('listening'))['url']);
});

afterEach(async () => {
  for (const command of running) await command.destroy();
  await rm(home, { recursive: true, force: true });
});

/** A command that goes on until it is told to stop, or the test ends. */
function start(...words: string[]): Command {
  const command = new Command([...words, '--json'], home);
  running.push(command);
  return command;
}

function on(device: string, ...words: string[]): Promise<Finished> {
  return run([...words, '--store', path.join(home, `${device}.db`), '--json'], home, '', { SKISSM_NEW_DEVICES: 'ask' });
}

/** The objects that a command printed; it must have done what it was asked. */
async function printed(device: string, ...words: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await on(device, ...words);
  expect({ words, code, stderr: code === 0 ? '' : stderr }).toEqual({ words, code: 0, stderr: '' });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Every device needs an invitation; that of a further device is for its user. */
async function register(user: string, device: string, isFurther = false): Promise<void> {
  const invite = ['relay', 'invite', '--data', path.join(home, 'relay'), ...(isFurther ? ['--user', user] : []), '--json'];
  const { code } = JSON.parse((await run(invite, home)).stdout) as { code: string };
  const words = ['register', '--relay', url, '--user', user, '--device', device, '--invitation', code];
  await printed(`${user}-${device}`, ...words, '--one-time-pre-keys', '5');
}

async function approvals(device: string, ...whose: string[]): Promise<unknown> {
  const [line] = await printed(device, 'devices', 'list', ...whose);
  const devices = line?.['devices'] as { device: string; approval: string }[];
  return Object.fromEntries(devices.map((each) => [each.device, each.approval]));
}

test('a new device of a known user waits for approval, can be rejected, and own ones can be removed', async () => {
  await register('alice', 'laptop');
  await register('bob', 'laptop');
  const listening = start('listen', '--store', path.join(home, 'bob-laptop.db'));
  await listening.event('ready');
  await printed('alice-laptop', 'send', 'bob@example.org', 'first');
  await listening.event('message');

  await register('bob', 'phone', true);
  const phone = start('listen', '--store', path.join(home, 'bob-phone.db'));
  await phone.event('ready');
  const alice = start('listen', '--store', path.join(home, 'alice-laptop.db'), '--new-devices', 'ask');
  await alice.until(({ remarks, lines }) => (`${remarks}${lines.join('\n')}`.includes('session-ready') ? true : undefined));
  alice.signal('SIGTERM');
  await alice.finished;
  expect(await approvals('alice-laptop', 'bob@example.org')).toEqual({
    'bob@example.org/laptop': 'given',
    'bob@example.org/phone': 'asked',
  });

  // What happened meanwhile is printed, too.
  const lines = await printed('alice-laptop', 'send', 'bob@example.org', 'second');
  const sent = lines.find(({ devices }) => devices !== undefined);
  expect(sent?.['devices']).toContainEqual({ device: 'bob@example.org/phone', state: 'unapproved' });
  expect(await printed('alice-laptop', 'devices', 'approve', 'bob@example.org', 'phone')).toEqual([
    { event: 'device-approved', device: 'bob@example.org/phone' },
  ]);
  expect(await phone.event('message')).toMatchObject({ text: 'second' });

  expect(await printed('alice-laptop', 'devices', 'reject', 'bob@example.org', 'phone')).toEqual([
    { event: 'device-rejected', device: 'bob@example.org/phone' },
  ]);
  expect(await approvals('alice-laptop', 'bob@example.org')).toMatchObject({ 'bob@example.org/phone': 'rejected' });
  expect(await on('alice-laptop', 'devices', 'approve', 'bob@example.org', 'nothing')).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('no-such-device'),
  });

  for (const command of [listening, phone]) {
    command.signal('SIGTERM');
    await command.finished;
  }
  expect(Object.keys((await approvals('bob-laptop')) as object)).toEqual(['bob@example.org/phone']);
  expect(await printed('bob-laptop', 'devices', 'remove', 'phone')).toEqual([{ event: 'device-removed', device: 'bob@example.org/phone' }]);
  expect(await approvals('bob-laptop')).toEqual({});
  const { code, stdout } = await run(['devices', 'list', '--store', path.join(home, 'bob-laptop.db')], home);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'no other device of bob@example.org is known\n' });
  expect(await on('bob-laptop', 'devices', 'remove', 'laptop')).toMatchObject({ code: 2, stderr: expect.stringContaining('device-id') });
});
