import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Accounts, eventsIn } from './accounts.js';

/** Every command is a process that opens a database. */
jest.setTimeout(90_000);

let accounts: Accounts;

beforeEach(async () => {
  accounts = await Accounts.create(3);
});

afterEach(async () => {
  await accounts.end();
});

const refused = (code: number, name: string): object => ({
  code,
  stdout: '',
  stderr: expect.stringMatching(new RegExp(`^error: ${name}: `, 'mu')),
});

describe('a change of a group', () => {
  test('is refused when nobody has the address, and no group comes of it', async () => {
    await accounts.register('alice');
    const words = ['group', 'create', 'friends', 'nobody@example.org'];
    expect(await accounts.run('alice', ...words)).toMatchObject(refused(5, 'group-request-refused'));
    expect(await accounts.run('alice', 'group', 'list')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('is refused to a member who is no manager, and the group stays as it is', async () => {
    await accounts.register('alice', 'bob', 'carol');
    const bob = await accounts.listen('bob');
    expect((await accounts.run('alice', 'group', 'create', 'friends', 'bob@example.org')).code).toBe(0);
    await bob.event('group-ready');
    await accounts.stop(bob);
    const before = await accounts.run('bob', 'group', 'list', '--json');
    expect(await accounts.run('bob', 'group', 'add', 'friends', 'carol@example.org')).toMatchObject(refused(5, 'not-a-manager'));
    expect(await accounts.run('bob', 'group', 'remove', 'friends', 'alice@example.org')).toMatchObject(refused(5, 'not-a-manager'));
    expect(await accounts.run('alice', 'group', 'remove', 'friends', 'alice@example.org')).toMatchObject(refused(2, 'group-members'));
    expect(await accounts.run('bob', 'group', 'list', '--json')).toEqual(before);
  });

  test('waits in the store for a device that has never answered, and its messages come when it does', async () => {
    await accounts.register('alice', 'bob');
    const created = await accounts.run('alice', 'group', 'create', 'friends', 'bob@example.org', '--wait', '1');
    expect(created).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('  friends  '),
      stderr: expect.stringMatching(/^error: not-delivered: /mu),
    });
    const sent = await accounts.run('alice', 'group', 'send', 'friends', 'for later', '--wait', '1');
    expect(sent).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(/^error: not-delivered: /mu) });
    const bob = accounts.start('bob', 'listen', '--count', '1');
    const alice = await accounts.listen('alice');
    expect(await bob.finished).toMatchObject({ code: 0, stdout: '[friends] alice@example.org/laptop: for later\n' });
    await accounts.stop(alice);
  });

  test('needs the id when two groups have the same name, and a group that is known', async () => {
    await accounts.register('alice', 'bob');
    const bob = await accounts.listen('bob');
    for (const name of ['friends', 'friends']) {
      expect((await accounts.run('alice', 'group', 'create', name, 'bob@example.org')).code).toBe(0);
    }
    expect(await accounts.run('alice', 'group', 'send', 'friends', 'to whom?')).toMatchObject(refused(2, 'group'));
    expect(await accounts.run('alice', 'group', 'leave', 'enemies')).toMatchObject(refused(5, 'no-such-group'));
    const typing = accounts.start('alice', 'listen', '--group', 'enemies');
    typing.write('a line\n');
    expect(await typing.finished).toMatchObject({ code: 5, stderr: expect.stringMatching(/^error: no-such-group: /mu) });
    const [first] = eventsIn(await accounts.run('alice', 'group', 'list', '--json'));
    expect((await accounts.run('alice', 'group', 'send', String(first?.['group']), 'to this one')).code).toBe(0);
    expect(await bob.event('message')).toMatchObject({ group: first?.['group'], text: 'to this one' });
  });

  test('of a name with control characters cannot steer a terminal or write lines of its own', async () => {
    await accounts.register('alice', 'bob');
    const bob = accounts.start('bob', 'listen', '--count', '1');
    await bob.until(({ remarks }) => (remarks.includes('listening as') ? true : undefined));
    const name = 'a\u001b[2J\nbob: b';
    expect((await accounts.run('alice', 'group', 'create', name, 'bob@example.org')).code).toBe(0);
    expect((await accounts.run('alice', 'group', 'send', name, 'hello')).code).toBe(0);
    const { stdout, stderr } = await bob.finished;
    expect(stdout).toBe('[a\u{fffd}[2J\u{fffd}bob: b] alice@example.org/laptop: hello\n');
    expect(stderr).toContain('note: group-created: ');
    expect(stderr).not.toContain('\u001b');
    expect(stderr).not.toMatch(/^bob/mu);
  });
});
