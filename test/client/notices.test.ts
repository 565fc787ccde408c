/** What the relay passes on without an effect on keys, as the application gets it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inspect } from 'node:util';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import type { UserUpdate } from '../../lib/wire/notification.js';
import type { PushPayload } from '../../lib/wire/push.js';
import { ClientWorld } from '../mutation/client-world.js';

const suite = suiteByName('mldsa44-mlkem512');

let world: ClientWorld;

beforeEach(async () => {
  world = await ClientWorld.create('notices', suite);
});

afterEach(async () => {
  await world.close();
});

function passkeyOf(user: UserUpdate['user']): PushPayload {
  const passkey = new Secret<'BackupPasskey'>(copySecret(new Uint8Array(16).fill(0xab)));
  return { kind: 'update-user', value: { modified: 5, user, operation: 4, change: { kind: 'backup-passkey', passkey } } };
}

/** How the client told the relay that it handled the last push. */
async function seenOf(payload: PushPayload): ReturnType<ClientWorld['deliverPush']> {
  world.changes();
  return world.deliverPush(world.signed(payload, world.alice.address));
}

test('a notice of any kind is handed out with everything it says, and changes nothing but that it was handled', async () => {
  const { alice } = world;
  const group = { domain: alice.address.domain, groupId: 'g' };
  const members = [{ domain: alice.address.domain, userId: 'alice', role: 1 }];
  const notices: PushPayload[] = [
    { kind: 'update-user', value: { modified: 1, user: alice.address, operation: 0, change: { kind: 'name', name: 'Alice' } } },
    { kind: 'update-user', value: { modified: 1, user: alice.address, operation: 99, change: undefined } },
    {
      kind: 'friend',
      value: {
        modified: 2,
        noticeId: 'n1',
        user: alice.address,
        userName: 'Alice',
        operation: 2,
        friendship: { modified: 2, fromUser: 'alice', toUser: 'target', nickname: 'Al', memoName: '', blockState: 0, status: 1 },
      },
    },
    {
      kind: 'group',
      value: {
        modified: 3,
        noticeId: 'n2',
        group,
        groupName: 'walkers',
        operation: 11,
        change: { kind: 'create', by: alice.address, members },
      },
    },
    { kind: 'system', value: { modified: 4, operation: 3, payload: new Uint8Array([1, 2, 3]) } },
  ];
  for (const notice of notices) {
    const seen = await seenOf(notice);
    expect(seen.events).toEqual([{ type: 'push', from: alice.address, ...notice }]);
    expect(new Set(seen.changes.map(({ table }) => table))).toEqual(new Set(['push', 'meta']));
    expect(seen.requests.map(({ name }) => name)).toEqual(['consume_proto_msg']);
  }
});

test('a planned change of suite is an event with its time and the name of the suite, known or not', async () => {
  const known = await seenOf({ kind: 'upgrade-suite', value: { time: 7, packId: suite.packId } });
  expect(known.events).toEqual([{ type: 'suite-upgrade', time: 7, packId: suite.packId, suite: suite.name }]);
  const unknown = await seenOf({ kind: 'upgrade-suite', value: { time: 8, packId: 0xffff } });
  expect(unknown.events).toEqual([{ type: 'suite-upgrade', time: 8, packId: 0xffff, suite: undefined }]);
});

test('a backup passkey of the own user is handed out, and cannot be printed by accident', async () => {
  const [event] = (await seenOf(passkeyOf(world.sibling.address))).events;
  if (event?.type !== 'push' || event.kind !== 'update-user' || event.value.change?.kind !== 'backup-passkey')
    throw new Error('no passkey');
  expect(event.value.change.passkey.expose()).toEqual(new Uint8Array(16).fill(0xab));
  expect(inspect(event, { depth: 9 }) + JSON.stringify(event)).not.toMatch(/ab, |171/u);
});

test('a backup passkey of somebody else is refused, and nobody gets to see it', async () => {
  for (const user of [world.alice.address, undefined, { domain: world.address.domain, groupId: world.address.userId }]) {
    const seen = await seenOf(passkeyOf(user));
    expect(seen.events).toMatchObject([{ type: 'undecryptable', code: 'wrong-recipient' }]);
    expect(new Set(seen.changes.map(({ table }) => table))).toEqual(new Set(['push', 'meta']));
  }
});
