/** Whoever sends and changes a group at the same time, all devices see messages and changes in one order. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodePayload, type ReceivedPush } from '../../lib/wire/push.js';
import { add, found, groupText, manager, member, remove, say, startGroupRelay, take } from './group-fixture.js';
import { type TestDevice, join } from './relay-fixture.js';

const step = fc.record({
  kind: fc.constantFrom('say' as const, 'say' as const, 'say' as const, 'add' as const, 'remove' as const, 'alone' as const),
  who: fc.nat(3),
  turns: fc.nat(12),
});

/** Names a push that several devices get, alike for all of them. */
function nameOf(push: ReceivedPush): string {
  const payload = decodePayload(push.payload);
  if (payload?.kind === 'message') return payload.value.messageId;
  if (payload?.kind === 'add-group-members' || payload?.kind === 'remove-group-members') {
    return `${payload.kind} ${payload.value.group.members.map(({ userId }) => userId).join()} ${Buffer.from(push.payload.bytes).length}`;
  }
  return '';
}

async function untilTheEnd(device: TestDevice): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const pushes = await take(device, 1);
    names.push(...pushes.map(nameOf));
    if (pushes.some((push) => push.payload.kind === 'message' && groupText(push) === 'end')) return names;
  }
}

test('messages and changes of a group stand in one order in all mailboxes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.boolean(), async (steps, fails) => {
      const fixture = await startGroupRelay();
      try {
        const devices: TestDevice[] = [];
        for (const userId of ['alice', 'bob', 'carol', 'dave']) devices.push(await join(fixture, userId));
        const guest = await join(fixture, 'guest');
        const [alice, ...others] = devices;
        if (alice === undefined) throw new Error('alice is missing');
        const group = await found(alice, others, devices.map(manager));
        const expected = new Map(devices.map((device) => [device, 0]));
        const count = (sender: TestDevice): void => {
          for (const device of devices) if (device !== sender) expected.set(device, (expected.get(device) ?? 0) + 1);
        };
        await Promise.all(
          steps.map(async ({ kind, who, turns }, index) => {
            const device = devices[who] ?? alice;
            for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
            if (fails && index === 7) fixture.failure = 'unavailable';
            if (fails && index === 8) fixture.failure = undefined;
            const answer =
              kind === 'say'
                ? await say(device, group, `${index}`)
                : kind === 'alone'
                  ? await say(device, group, `${index}`, { deny: [others[index % 3] ?? alice, ...devices.slice(1, 2)] })
                  : kind === 'add'
                    ? await add(device, group, [member(guest)], index)
                    : await remove(device, group, [member(guest)]);
            if (answer.ok && kind !== 'alone') count(device);
            if (!answer.ok) expect([404, 409, 503]).toContain(answer.code);
          }),
        );
        fixture.failure = undefined;
        // A last word, so that everything before it has come. It is refused while an earlier one of hers is still on its way to its refusal.
        for (let answer = await say(alice, group, 'end'); !answer.ok; answer = await say(alice, group, 'end'))
          expect(answer.code).toBe(503);
        const seen = await Promise.all(others.map(untilTheEnd));
        others.forEach((device, index) => {
          expect(seen[index]?.length ?? 0).toBeGreaterThan(expected.get(device) ?? 0);
        });
        for (const one of seen) {
          for (const other of seen) {
            const shared = new Set(one.filter((name) => other.includes(name)));
            expect(one.filter((name) => shared.has(name))).toEqual(other.filter((name) => shared.has(name)));
          }
        }
      } finally {
        await fixture.relay.close();
      }
    }),
    { seed: 20261126, numRuns: 25 },
  );
}, 120_000);
