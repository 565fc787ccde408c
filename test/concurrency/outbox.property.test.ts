import { describe, expect, test } from '@jest/globals';
import fc, { type Scheduler } from 'fast-check';
import type { DeviceAddress } from '../../lib/base/address.js';
import { utf8, fromUtf8 } from '../../lib/base/bytes.js';
import { TransportError } from '../../lib/base/errors.js';
import { Outbox } from '../../lib/client/outbox.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { deleteOutboxEntry, readOutboxEntry } from '../../lib/store/client/queue-rows.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import type { Connection } from '../../lib/transport/transport.js';
import { FakeClock, settled } from '../transport/fake-clock.js';
import { ScheduledStore } from './scheduled-store.js';

/** What is put into the outbox. */
interface Put {
  readonly lane: 'one' | 'two' | 'three';
  /** Nothing may be under way beside an accept. */
  readonly isAccept: boolean;
}

/** What happens to the line meanwhile: it is lost, an answer is late, state is lost. */
type Trouble = 'lost' | 'late' | 'reload';

const put: fc.Arbitrary<Put> = fc.record({
  lane: fc.constantFrom('one', 'one', 'two', 'three'),
  isAccept: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
});

const welcome = {
  code: 200,
  reason: '',
  token: '',
  tokenExpiresAt: 0,
  serverTime: 0,
  pushWindow: 1,
  heartbeatInterval: 0,
  maxFrameLength: 1,
  storeSince: 0,
};

function device(deviceId: string): DeviceAddress {
  return { domain: 'example.test', userId: 'bob', deviceId };
}

interface Open {
  readonly body: string;
  /** The outbox knows that it is under way. */
  isKnown: boolean;
  readonly reject: (error: Error) => void;
}

/** A relay that takes what comes over one connection in its order, and answers in any. */
class Relay {
  readonly taken: string[] = [];
  readonly troubles: string[] = [];
  connection: Connection | undefined;
  readonly #scheduler: Scheduler;
  readonly #late: Set<string>;
  #open = new Set<Open>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#late = new Set();
    this.connect();
  }

  /** The next answer to each of these comes too late. */
  delay(body: string): void {
    this.#late.add(body);
  }

  connect(): void {
    const open = new Set<Open>();
    this.#open = open;
    let arrivals: Promise<unknown> = Promise.resolve();
    this.connection = {
      welcome,
      closed: new Promise(() => undefined),
      push: () => undefined,
      close: () => Promise.resolve(),
      request: (kind, bytes) => {
        const body = fromUtf8(bytes);
        const [lane] = body.split(' ');
        const beside = [...open].filter((other) => other.isKnown && other.body.startsWith(`${lane} `));
        if (beside.length > 0 && (kind === 'accept' || beside.some((other) => other.body.endsWith('accept')))) {
          this.troubles.push(`${body} left beside ${beside.map((other) => other.body).join()}`);
        }
        return new Promise((resolve, reject) => {
          const request: Open = { body, isKnown: true, reject };
          open.add(request);
          arrivals = arrivals
            .then(() => this.#scheduler.schedule(Promise.resolve(), `take ${body}`))
            .then(() => {
              if (!open.has(request)) return;
              this.taken.push(body);
              void this.#scheduler.schedule(Promise.resolve(), `answer ${body}`).then(() => {
                if (!open.delete(request)) return;
                if (this.#late.delete(body)) reject(new TransportError('timeout', 'no answer in time'));
                else resolve(utf8('done'));
              });
            });
        });
      },
    };
  }

  /** The outbox has lost its state: what is under way goes again, and its answers are ignored. */
  forget(): void {
    for (const request of this.#open) request.isKnown = false;
  }

  /** The connection ends; what it had not taken is gone. */
  lose(): void {
    this.connection = undefined;
    const open = [...this.#open];
    this.#open.clear();
    for (const { reject } of open) reject(new TransportError('offline', 'the connection has ended'));
  }
}

describe('the outbox, whatever the order in which the relay, the store and the line go on', () => {
  test('sends everything at least once, first times in order per destination, an accept alone, and forgets what was answered', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(put, { minLength: 3, maxLength: 14 }),
        fc.array(fc.constantFrom<Trouble>('lost', 'late', 'reload'), { maxLength: 4 }),
        async (scheduler, puts, troubles) => {
          const driver = new ScheduledStore(scheduler, []);
          const store = new GroupCommit(driver.open);
          const clock = new FakeClock();
          const relay = new Relay(scheduler);
          const odd: string[] = [];
          const outbox = new Outbox({
            store: new ClientStore(store),
            clock,
            random: { fill: (out) => out.fill(0) },
            connection: () => relay.connection,
            onAnswer: async ({ sequence }) => {
              await store.commit([deleteOutboxEntry(sequence)]);
              return 'done';
            },
            onRenew: () => undefined,
            onError: (error) => odd.push(String(error)),
          });
          const bodies = puts.map(({ lane, isAccept }, number) => `${lane} ${number}${isAccept ? ' accept' : ''}`);
          const durable = new Set<string>();
          const released: Promise<void>[] = [];
          let queued: Promise<void> = Promise.resolve();
          const work = [
            ...puts.map(async ({ lane, isAccept }, number) => {
              const body = bodies[number] ?? '';
              // Steps of one destination commit in their order.
              queued = queued.then(async () => {
                await scheduler.schedule(Promise.resolve(), `put ${body}`);
                const added = outbox.add([
                  {
                    kind: isAccept ? 'accept' : 'send_one2one_msg',
                    device: device(lane),
                    sessionId: undefined,
                    origin: undefined,
                    body: utf8(body),
                  },
                ]);
                const { writes } = added.change;
                const committed = store.commit(writes);
                added.change.apply();
                released.push(
                  committed.then(() => {
                    durable.add(body);
                    added.release();
                  }),
                );
              });
              return queued;
            }),
            ...troubles.map(async (trouble, number) => {
              await scheduler.schedule(Promise.resolve(), `${trouble} ${number}`);
              if (trouble === 'late') relay.delay(bodies[number % bodies.length] ?? '');
              if (trouble === 'reload') {
                // Steps wait while state is loaded.
                queued = queued.then(async () => {
                  await Promise.all(released);
                  relay.forget();
                  await outbox.load();
                });
                await queued;
              }
              if (trouble !== 'lost') return;
              relay.lose();
              await scheduler.schedule(Promise.resolve(), `back ${number}`);
              relay.connect();
              outbox.pump();
            }),
          ];
          const all = Promise.all(work).then(async () => {
            for (let round = 0; round < 40 && (outbox.size > 0 || durable.size < bodies.length); round += 1) {
              await settled();
              await clock.advance(60_000);
            }
          });
          await scheduler.waitFor(all);
          expect(odd).toEqual([]);
          expect(relay.troubles).toEqual([]);
          expect([...bodies].filter((body) => !relay.taken.includes(body))).toEqual([]);
          const firsts = [...new Set(relay.taken)];
          for (const lane of ['one', 'two', 'three']) {
            const ofLane = (body: string): boolean => body.startsWith(`${lane} `);
            expect(firsts.filter(ofLane)).toEqual(bodies.filter(ofLane));
          }
          expect([outbox.size, outbox.isAnswered(outbox.next), driver.rows('outbox').map(readOutboxEntry)]).toEqual([0, true, []]);
        },
      ),
      { seed: 20_262, numRuns: 150 },
    );
  }, 60_000);
});
