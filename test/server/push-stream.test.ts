import { expect, test } from '@jest/globals';
import { PushStream } from '../../lib/server/push-stream.js';
import type { MailboxRow } from '../../lib/store/relay-store.js';
import { settled } from '../transport/fake-clock.js';

const address = { domain: 'example.test', userId: 'bob', deviceId: 'phone' };

function rowOf(sequence: number, length = 10): MailboxRow {
  return { sequence, id: `id ${sequence}`, content: { kind: 'whole', push: new Uint8Array(length).fill(sequence) } };
}

interface Bench {
  readonly stream: PushStream;
  readonly sent: number[];
  readonly limits: number[];
  /** Lets the page that is being read arrive. */
  arrive: () => void;
  buffered: number;
}

/** A stream over `rows`, all durable, whose pages arrive when the test says so. */
function bench(rows: readonly MailboxRow[], window = 256): Bench {
  const sent: number[] = [];
  const limits: number[] = [];
  const made: Omit<Bench, 'stream'> = { sent, limits, arrive: () => undefined, buffered: 0 };
  const stream = new PushStream(
    {
      address,
      durableSequence: () => rows.length,
      rows: async (after, limit) => {
        limits.push(limit);
        const page = rows.filter(({ sequence }) => sequence > after).slice(0, limit);
        await new Promise<void>((resolve) => {
          made.arrive = resolve;
        });
        return page;
      },
      push: ({ content }) => (content.kind === 'whole' ? content.push : Promise.resolve(undefined)),
    },
    {
      bufferedAmount: () => made.buffered,
      sendPush: (push) => {
        sent.push(push[0] ?? 0);
        made.buffered += push.length;
      },
      onFailure: (error) => {
        throw error;
      },
    },
    window,
  );
  return Object.assign(made, { stream });
}

test('a push that an older connection consumes while a page with it is being read is not sent again', async () => {
  const under = bench([1, 2, 3].map((sequence) => rowOf(sequence)));
  under.stream.start();
  under.stream.consumed('id 2');
  under.arrive();
  await settled();
  expect(under.sent).toEqual([1, 3]);
  expect(under.stream.outstanding('id 2')).toBeUndefined();
  expect(under.stream.outstanding('id 3')).toEqual({ sequence: 3, length: 10 });
});

test('large pushes are read in small pages, so that none is read and thrown away again and again', async () => {
  const under = bench(Array.from({ length: 100 }, (_, index) => rowOf(index + 1, 400_000)));
  under.stream.start();
  under.arrive();
  await settled();
  expect(under.sent).toEqual([1, 2, 3]);
  under.buffered = 0;
  under.stream.pump();
  under.arrive();
  await settled();
  under.arrive();
  await settled();
  expect(under.sent).toEqual([1, 2, 3, 4, 5, 6]);
  expect(under.limits[0]).toBe(32);
  expect(Math.max(...under.limits.slice(1))).toBe(2);
});

test('whoever says that he has what was never sent gets everything new all the same', async () => {
  const rows = [1, 2].map((sequence) => rowOf(sequence));
  const under = bench(rows);
  under.stream.start();
  under.arrive();
  await settled();
  under.stream.resumeAfter(Number.MAX_SAFE_INTEGER);
  await settled();
  expect(under.sent).toEqual([1, 2]);
  const next = rowOf(3);
  rows.push(next);
  under.stream.offer(next);
  await settled();
  expect(under.sent).toEqual([1, 2, 3]);
});
