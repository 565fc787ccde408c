import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Accounts, eventsIn } from './accounts.js';
import type { Command } from './command.js';

/** Every command is a process that opens a database. */
jest.setTimeout(90_000);

let accounts: Accounts;

beforeEach(async () => {
  accounts = await Accounts.create(4);
});

afterEach(async () => {
  await accounts.end();
});

/** Makes the group `friends` of alice, who is not listening, and others who are; returns its id. */
async function createFriends(others: Readonly<Record<string, Command>>, ...options: string[]): Promise<string> {
  const users = Object.keys(others).map((user) => `${user}@example.org`);
  const created = await accounts.run('alice', 'group', 'create', 'friends', ...users, '--json', ...options);
  expect({ code: created.code, stderr: created.stderr }).toEqual({ code: 0, stderr: '' });
  const group = eventsIn(created).find(({ event }) => event === 'group');
  expect(group).toMatchObject({ name: 'friends', state: 'ready', isManager: true });
  await Promise.all(Object.values(others).map((command) => command.event('group-ready')));
  return String(group?.['group']);
}

function textsOf(command: Command): unknown[] {
  return command.events.filter(({ event }) => event === 'message').map(({ text }) => text);
}

function hears(command: Command, text: string): Promise<Record<string, unknown>> {
  return command.until(({ events }) => events.find((event) => event['event'] === 'message' && event['text'] === text));
}

function say(command: Command, group: string, text: string): void {
  command.write(`${JSON.stringify({ group, text })}\n`);
}

describe('a group', () => {
  test('is made, listed and talked in by all its members', async () => {
    await accounts.register('alice', 'bob', 'carol');
    const [bob, carol] = await Promise.all([accounts.listen('bob'), accounts.listen('carol')]);
    const id = await createFriends({ bob, carol }, '--manager', 'carol@example.org');
    expect(id).toMatch(/^[^@\s]+@example\.org$/u);
    expect(await bob.event('group-created')).toMatchObject({
      group: id,
      name: 'friends',
      members: ['alice@example.org', 'bob@example.org', 'carol@example.org'],
      by: 'alice@example.org/laptop',
    });

    const sent = await accounts.run('alice', 'group', 'send', 'friends', 'hello all', '--json');
    expect(sent.code).toBe(0);
    const events = eventsIn(sent);
    expect(events.find(({ event }) => event === 'sent')).toMatchObject({ group: id, length: 9, state: 'queued' });
    expect(events.at(-1)).toEqual({ event: 'done', messages: 1, group: id });
    const message = { from: 'alice@example.org/laptop', kind: 'group-message', group: id, groupName: 'friends', text: 'hello all' };
    expect(await hears(bob, 'hello all')).toMatchObject(message);
    expect(await hears(carol, 'hello all')).toMatchObject(message);

    say(bob, id, 'hello from bob\n');
    await hears(carol, 'hello from bob\n');
    const alice = await accounts.run('alice', 'listen', '--count', '1');
    expect(alice).toMatchObject({ code: 0, stdout: '[friends] bob@example.org/laptop: hello from bob\n' });

    const typing = accounts.start('alice', 'listen', '--group', 'friends', '--exit-on-eof');
    typing.write('a line\nand the last');
    typing.end();
    expect(await typing.finished).toMatchObject({ code: 0, stdout: '' });
    for (const text of ['a line\n', 'and the last']) await Promise.all([hears(bob, text), hears(carol, text)]);

    const listed = await accounts.run('alice', 'group', 'list');
    const users = 'alice@example.org (manager), bob@example.org, carol@example.org (manager)';
    expect(listed).toEqual({ code: 0, stderr: '', stdout: `${id}  friends  ready  ${users}\n` });
    const listedAsJson = eventsIn(await accounts.run('alice', 'group', 'list', '--json'));
    expect(listedAsJson).toMatchObject([
      {
        event: 'group',
        group: id,
        members: [
          { user: 'alice@example.org', role: 'manager' },
          { user: 'bob@example.org', role: 'member' },
          { user: 'carol@example.org', role: 'manager' },
        ],
        devices: ['alice@example.org/laptop', 'bob@example.org/laptop', 'carol@example.org/laptop'],
      },
    ]);
  });

  test('carries a file line by line, and not to a device that is denied', async () => {
    await accounts.register('alice', 'bob', 'carol');
    const [bob, carol] = await Promise.all([accounts.listen('bob'), accounts.listen('carol')]);
    const id = await createFriends({ bob, carol });
    const alice = accounts.start('alice', 'group', 'send', id, '--deny', 'carol@example.org/laptop');
    alice.write('one\ntwo\nthree');
    alice.end();
    expect(await alice.finished).toMatchObject({ code: 0, stdout: 'sent 3 messages to friends\n' });
    await hears(bob, 'three');
    const toCarol = ['group', 'send', 'friends', 'only to carol', '--allow', 'carol@example.org/laptop'];
    expect((await accounts.run('alice', ...toCarol)).code).toBe(0);
    expect((await accounts.run('alice', 'group', 'send', 'friends', 'to all again')).code).toBe(0);
    await Promise.all([hears(bob, 'to all again'), hears(carol, 'to all again')]);
    expect(textsOf(bob)).toEqual(['one\n', 'two\n', 'three', 'to all again']);
    expect(textsOf(carol)).toEqual(['only to carol', 'to all again']);
  });

  test('lets who is added read what follows, and not who is removed', async () => {
    await accounts.register('alice', 'bob', 'carol', 'dave');
    const [bob, carol, dave] = await Promise.all([accounts.listen('bob'), accounts.listen('carol'), accounts.listen('dave')]);
    const id = await createFriends({ bob, carol });
    say(bob, id, 'before dave');
    await hears(carol, 'before dave');

    const added = await accounts.run('alice', 'group', 'add', 'friends', 'dave@example.org', '--json');
    expect(added.code).toBe(0);
    const { members } = eventsIn(added).find(({ event }) => event === 'group') as { members: unknown[] };
    expect(members).toHaveLength(4);
    expect(await bob.event('group-members-added')).toMatchObject({ group: id, added: ['dave@example.org'] });
    await dave.event('group-ready');
    say(bob, id, 'with dave');
    expect(await hears(dave, 'with dave')).toMatchObject({ group: id, groupName: 'friends' });

    const removed = await accounts.run('alice', 'group', 'remove', id, 'bob@example.org', '--json');
    expect(removed.code).toBe(0);
    await Promise.all(
      [bob, carol, dave].map(async (command) => {
        expect(await command.event('group-members-removed')).toMatchObject({ group: id, removed: ['bob@example.org'] });
      }),
    );
    say(carol, id, 'without bob');
    await hears(dave, 'without bob');
    expect((await accounts.run('alice', 'send', 'bob@example.org', 'to bob alone')).code).toBe(0);
    await hears(bob, 'to bob alone');
    expect(textsOf(bob)).toEqual(['to bob alone']);
    expect(textsOf(dave)).toEqual(['with dave', 'without bob']);
    await accounts.stop(bob);
    const refused = await accounts.run('bob', 'group', 'send', id, 'still here');
    expect(refused).toMatchObject({ code: 5, stdout: '', stderr: expect.stringMatching(/^error: no-such-group: /u) });
    expect((await accounts.run('bob', 'group', 'list')).stdout).toBe('');
  });

  test('is left by a member, whom a manager who listens then removes', async () => {
    await accounts.register('alice', 'bob', 'carol');
    const [bob, carol] = await Promise.all([accounts.listen('bob'), accounts.listen('carol')]);
    const id = await createFriends({ bob, carol });
    await accounts.stop(bob);
    const alice = await accounts.listen('alice');
    const left = await accounts.run('bob', 'group', 'leave', 'friends', '--json');
    expect(left.code).toBe(0);
    expect(eventsIn(left)).toContainEqual({ event: 'left', group: id, name: 'friends' });
    expect(await carol.event('group-members-removed')).toMatchObject({ removed: ['bob@example.org'], by: 'alice@example.org/laptop' });
    say(alice, id, 'two are left');
    await hears(carol, 'two are left');
    expect(await accounts.run('bob', 'group', 'list')).toMatchObject({ code: 0, stdout: '' });
  });
});
