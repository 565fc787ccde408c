import { describe, expect, test } from '@jest/globals';
import fc, { type Scheduler } from 'fast-check';
import { asMessageId } from '../../lib/base/brand.js';
import { fromUtf8, utf8 } from '../../lib/base/bytes.js';
import { StoreError } from '../../lib/base/errors.js';
import { Inbox, type ReceivedMessage } from '../../lib/client/inbox.js';
import { Steps } from '../../lib/client/step.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { readInboxEntry } from '../../lib/store/client/queue-rows.js';
import { GroupCommit } from '../../lib/store/group-commit.js';
import type { UnsafeTestingFailure } from '../../lib/store/memory/memory-store.js';
import { settled } from '../transport/fake-clock.js';
import { ScheduledStore, endings } from './scheduled-store.js';

/** What happens besides messages coming in, and commits failing, after which all state is loaded anew: an iterator ends by its signal or its loop, the client closes. */
type Event = 'abort' | 'leave' | 'close';

const from = { domain: 'example.test', userId: 'bob', deviceId: 'one' };

/** The inbox of one process. */
class Process {
  readonly handedOut: string[] = [];
  readonly acknowledged: string[] = [];
  readonly stored: string[] = [];
  readonly store: GroupCommit;
  readonly steps: Steps;
  readonly inbox: Inbox;
  readonly #scheduler: Scheduler;
  #rooms = 0;

  constructor(scheduler: Scheduler, driver: ScheduledStore) {
    this.#scheduler = scheduler;
    this.store = new GroupCommit(driver.open, { maxCommits: 3 });
    this.steps = new Steps({
      store: this.store,
      countCommit: () => ({ write: { table: 'meta', key: utf8('count'), value: utf8('') }, durable: () => undefined }),
      load: () => this.inbox.load(),
      onLoadFailure: () => undefined,
    });
    this.inbox = new Inbox(
      new ClientStore(this.store),
      () => this.steps,
      () => {
        this.#rooms += 1;
      },
    );
  }

  /** Acknowledgements that were told to whoever waits for room. */
  get rooms(): number {
    return this.#rooms;
  }

  /** Puts a message in, as a push does; one that the store refuses comes again. */
  async put(text: string): Promise<void> {
    for (;;) {
      await this.#scheduler.schedule(Promise.resolve(), `put ${text}`);
      try {
        await this.steps.run(['push'], () => {
          const messageId = asMessageId(text);
          const added = this.inbox.add({ kind: 'message', from, group: undefined, messageId, receivedAt: 1, bytes: utf8(text) });
          return {
            get writes() {
              return added.change.writes;
            },
            apply: () => added.change.apply(),
            result: undefined,
            after: () => {
              this.stored.push(text);
              added.arrived();
            },
          };
        });
        return;
      } catch (error) {
        if (isClosed(error) || this.isStored(text)) return;
      }
    }
  }

  /** Whether the row is there: the outcome of its commit was not known. */
  isStored: (text: string) => boolean = () => false;

  /** Reads until the iterator ends; every message is acknowledged twice, some time later. */
  async read(name: string, signal: AbortSignal, hasToLeave: () => boolean): Promise<void> {
    const acks: Promise<void>[] = [];
    for (let isOver = false; !isOver;) {
      try {
        for await (const message of this.inbox.messages(signal)) {
          this.handedOut.push(fromUtf8(message.bytes));
          acks.push(this.#acknowledge(message));
          if (hasToLeave()) break;
          await this.#scheduler.schedule(Promise.resolve(), `${name} goes on`);
        }
        isOver = true;
      } catch (error) {
        // What was read from a store that fails is read again by the next iterator.
        if (!signal.aborted && !(error instanceof StoreError)) throw error;
        isOver = signal.aborted;
      }
    }
    await Promise.all(acks);
  }

  async #acknowledge(message: ReceivedMessage): Promise<void> {
    for (;;) {
      await this.#scheduler.schedule(Promise.resolve(), 'acknowledge');
      try {
        await Promise.all([message.ack(), message.ack()]);
        this.acknowledged.push(fromUtf8(message.bytes));
        return;
      } catch (error) {
        if (isClosed(error)) return;
      }
    }
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'client-closed';
}

describe('the inbox, whatever the order in which the store, its readers and the process go on', () => {
  test('hands out each stored message once per process and in order, forgets what was acknowledged, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.constantFrom<Event>('abort', 'leave', 'close'), { maxLength: 4 }),
        fc.array(fc.constantFrom<UnsafeTestingFailure | undefined>(...endings), { maxLength: 8 }),
        async (scheduler, count, events, failures) => {
          const driver = new ScheduledStore(scheduler, failures);
          const rows = (): string[] => driver.rows('inbox').map((row) => fromUtf8(readInboxEntry(row).bytes));
          const texts = Array.from({ length: count }, (_, number) => `m${number}`);

          const process = new Process(scheduler, driver);
          process.isStored = (text) => rows().includes(text) || process.handedOut.includes(text);
          const abort = new AbortController();
          const leaving = { isTime: false, isDone: false };
          const hasToLeave = (): boolean => {
            if (!leaving.isTime || leaving.isDone) return false;
            leaving.isDone = true;
            return true;
          };
          const ended = new AbortController();
          let isClosed = false;
          const readers = [
            process.read('first', abort.signal, () => false),
            process.read('second', ended.signal, hasToLeave),
            process.read('third', ended.signal, () => false),
          ];
          const close = async (): Promise<void> => {
            isClosed = true;
            await Promise.all([process.inbox.close(), process.steps.close()]);
          };
          const work = [
            (async () => {
              for (const text of texts) await process.put(text);
            })(),
            ...events.map(async (event, number) => {
              await scheduler.schedule(Promise.resolve(), `${event} ${number}`);
              if (event === 'abort') abort.abort();
              if (event === 'leave') leaving.isTime = true;
              if (event === 'close') await close();
            }),
          ];
          const rest = Promise.all(work).then(async () => {
            for (let round = 0; round < 20; round += 1) await settled();
            if (!isClosed) {
              expect([...process.handedOut].sort()).toEqual([...texts].sort());
              expect([process.inbox.count, rows()]).toEqual([0, []]);
            }
            await close();
            await Promise.all(readers);
          });
          await scheduler.waitFor(rest);

          expect(new Set(process.handedOut).size).toBe(process.handedOut.length);
          expect([...process.handedOut].sort()).toEqual(process.handedOut);
          expect(process.rooms).toBe(process.acknowledged.length);
          expect(rows().filter((text) => process.acknowledged.includes(text))).toEqual([]);
          expect(process.stored.filter((text) => !process.acknowledged.includes(text) && !rows().includes(text))).toEqual([]);

          // The next process hands out what was not acknowledged, in order.
          const left = rows();
          const next = new Process(scheduler, driver);
          const reading = next.steps.start().then(async () => {
            const reader = next.read('the next', new AbortController().signal, () => false);
            for (let round = 0; round < 20; round += 1) await settled();
            await next.inbox.close();
            await reader;
            await next.steps.close();
          });
          await scheduler.waitFor(reading);
          expect(next.handedOut).toEqual(left);
          expect(rows()).toEqual([]);
        },
      ),
      { seed: 20_264, numRuns: 150 },
    );
  }, 60_000);
});
