/** Whatever is sent, consumed, removed and lost, each body's count is the number of rows that name it. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { settled } from '../transport/fake-clock.js';
import { found, rowsOf, say, startGroupRelay } from './group-fixture.js';
import { type RelayFixture, type TestDevice, join } from './relay-fixture.js';

const step = fc.record({
  kind: fc.constantFrom('say', 'say', 'consume', 'consume', 'consume', 'away', 'remove', 'fail', 'restart'),
  who: fc.nat(3),
  pick: fc.nat(5),
});

function counts(fixture: RelayFixture): number {
  const prefix = Buffer.from('count').toString('hex');
  return rowsOf(fixture.tables, 'body')
    .filter(([key]) => key.startsWith(prefix))
    .reduce((sum, [, value]) => sum + (value[1] ?? 0), 0);
}

function pointers(fixture: RelayFixture): number {
  return rowsOf(fixture.tables, 'mailbox').filter(([, value]) => value[0] === 2).length;
}

test('counts are exact, and nothing is left when everything was consumed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      let fixture = await startGroupRelay({ bodyCacheBytes: 3_000 });
      try {
        const alice = await join(fixture, 'alice');
        const others: TestDevice[] = [];
        for (const userId of ['bob', 'carol', 'dave', 'eve']) others.push(await join(fixture, userId));
        const group = await found(alice, others);
        const gone = new Set<TestDevice>();
        const connect = async (device: TestDevice): Promise<void> => {
          device.pushes.length = 0;
          await device.connect(fixture.network.transport);
          await settled();
        };
        const consume = async (device: TestDevice, pick: number): Promise<void> => {
          const push = device.pushes[pick % Math.max(1, device.pushes.length)];
          if (push?.tag === undefined) return;
          const answer = await device.request('consume_proto_msg', { pushId: push.tag.id, outcome: 1 });
          if (answer.ok) device.pushes.splice(device.pushes.indexOf(push), 1);
        };
        for (const { kind, who, pick } of steps) {
          const device = others[who];
          if (device === undefined || gone.has(device)) continue;
          switch (kind) {
            case 'say':
              await Promise.all([say(alice, group, `${pick}`), say(device, group, `${pick}`), consume(device, pick)]);
              break;
            case 'consume':
              await Promise.all(others.filter((other) => !gone.has(other)).map((other) => consume(other, pick)));
              break;
            case 'away':
              await connect(device);
              break;
            case 'remove':
              gone.add(device);
              await Promise.all([
                say(alice, group, 'bye'),
                consume(device, pick).catch(() => undefined),
                fixture.relay.removeDevice(device.address.userId, 'phone'),
              ]);
              break;
            case 'fail':
              fixture.failure = pick > 2 ? 'unavailable' : 'outcome-unknown-lost';
              await Promise.all([say(alice, group, 'lost'), consume(device, pick)]);
              fixture.failure = undefined;
              break;
            default:
              fixture = await fixture.restart();
              for (const one of [alice, ...others]) if (!gone.has(one)) await connect(one);
          }
          await settled();
          expect(counts(fixture)).toBe(pointers(fixture));
        }
        for (const device of [alice, ...others]) {
          if (gone.has(device)) continue;
          await connect(device);
          while (device.pushes.length > 0) await consume(device, 0);
        }
        expect(rowsOf(fixture.tables, 'body')).toEqual([]);
        expect(rowsOf(fixture.tables, 'mailbox')).toEqual([]);
      } finally {
        await fixture.relay.close();
      }
    }),
    { seed: 20261127, numRuns: 25 },
  );
}, 120_000);
