/** Whatever senders, receivers and the network do, what a device gets is in order, complete, and nothing of it comes after it was consumed. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodePayload, encodePush } from '../../lib/wire/push.js';
import { pushOutcomes } from '../../lib/wire/request.js';
import { settled } from '../transport/fake-clock.js';
import type { RelayFixture, TestDevice } from './relay-fixture.js';
import { expectOk, join, startRelay, textOf } from './relay-fixture.js';

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('consume' as const), pick: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'reconnect' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'cut' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync' as const), pick: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'settle' as const }) },
);

class Story {
  fixture: RelayFixture;
  readonly alice: TestDevice;
  readonly bob: TestDevice;
  #sent = 0;
  /** What was answered with 200, by number. */
  readonly accepted: number[] = [];
  readonly consumed = new Set<number>();

  constructor(fixture: RelayFixture, alice: TestDevice, bob: TestDevice) {
    this.fixture = fixture;
    this.alice = alice;
    this.bob = bob;
  }

  async send(count: number): Promise<void> {
    const numbers = Array.from({ length: count }, () => (this.#sent += 1));
    const answers = await Promise.all(numbers.map((number) => this.alice.send(this.bob.address, `${number}`)));
    numbers.forEach((number, index) => {
      if (answers[index]?.ok === true) this.accepted.push(number);
    });
  }

  async reconnect(): Promise<void> {
    this.bob.pushes.length = 0;
    await this.bob.connect(this.fixture.network.transport);
  }

  async consume(pick: number): Promise<void> {
    const push = this.bob.pushes[pick % Math.max(1, this.bob.pushes.length)];
    if (push?.tag === undefined) return;
    const number = Number(textOf(push));
    const answer = await this.bob.request('consume_proto_msg', { pushId: push.tag.id, outcome: pushOutcomes.succeeded });
    expect(answer.ok).toBe(!this.consumed.has(number));
    this.consumed.add(number);
  }

  sync(pick: number): void {
    const push = this.bob.pushes[pick % Math.max(1, this.bob.pushes.length)];
    if (push === undefined) return;
    const payload = encodePayload({ kind: 'acquire-sync', value: { last: push.tag } });
    this.bob.pushes.length = 0;
    this.bob.connection?.push(encodePush({ tag: undefined, from: undefined, to: this.bob.address, payload, signatures: [] }));
  }

  /** What has come since the last beginning is in order and without gaps, but for what was consumed. */
  check(): void {
    const numbers = this.bob.pushes.map((push) => Number(textOf(push)));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    const [first = 0] = numbers;
    const last = numbers.at(-1) ?? 0;
    const expected = this.accepted.filter((number) => number >= first && number <= last && !this.consumed.has(number));
    expect(numbers).toEqual(expect.arrayContaining(expected));
  }
}

test('deliveries are in order and complete', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const fixture = await startRelay({ limits: { lowOneTimePreKeys: 0, pushWindow: 4, mailboxRows: 60 } });
      const story = new Story(fixture, await join(fixture, 'alice'), await join(fixture, 'bob'));
      try {
        for (const one of steps) {
          switch (one.kind) {
            case 'send':
              await story.send(one.count);
              break;
            case 'consume':
              await story.consume(one.pick);
              break;
            case 'reconnect':
              await story.reconnect();
              break;
            case 'cut':
              await story.bob.connection?.close();
              await story.reconnect();
              break;
            case 'sync':
              story.sync(one.pick);
              await settled();
              break;
            case 'restart':
              story.fixture = await story.fixture.restart();
              await story.alice.connect(story.fixture.network.transport);
              await story.reconnect();
              break;
            case 'fail':
              story.fixture.failure = 'unavailable';
              await story.send(one.count);
              story.fixture.failure = undefined;
              break;
            case 'settle':
              await settled();
              break;
          }
          story.check();
        }
        await story.reconnect();
        const left = story.accepted.filter((number) => !story.consumed.has(number));
        const got: number[] = [];
        // The window is 4, so each push is consumed before more can come.
        for (const number of left) {
          const pushes = await story.bob.received(got.length + 1);
          const push = pushes[got.length];
          got.push(Number(textOf(push)));
          expect(got.at(-1)).toBe(number);
          expectOk(await story.bob.request('consume_proto_msg', { pushId: push?.tag?.id ?? '', outcome: pushOutcomes.succeeded }));
        }
        await settled();
        expect(story.bob.pushes).toHaveLength(left.length);
      } finally {
        await story.fixture.relay.close();
      }
    }),
    { seed: 20251123, numRuns: 60 },
  );
}, 60_000);
