/** The awaits of a client at its seams, counted: before and after each call of the store, the relay and the pool, a test may do something. */
import type { Asymmetric } from '../../lib/client/asymmetric.js';
import { createAsymmetric } from '../../lib/client/asymmetric.js';
import { createExecutor } from '../../lib/crypto/execute.js';
import type { ClientOptions } from '../../lib/index.js';
import type { Store } from '../../lib/store/store.js';
import type { Transport } from '../../lib/transport/transport.js';
import { seededBytes } from '../support/seeded-jobs.js';
import { testingAddon } from '../support/vectors-random.js';

/** No single operation of any scheme draws more. */
const longestDraw = 4096;

/** Jobs in a batch as the addon's pool would do them, some microtasks later, with the bytes of `seed` as their randomness. */
function lateAsymmetric(seed: string, cross: () => void): Asymmetric {
  const addon = testingAddon();
  const executor = createExecutor(addon);
  const draw = seededBytes(seed);
  const executeJob: (typeof executor)['executeJob'] = (job) => {
    addon.clearQueuedRandom();
    addon.queueRandom(draw(longestDraw));
    return executor.executeJob(job);
  };
  return createAsymmetric({
    executeJob,
    executeJobs: async (jobs) => {
      cross();
      const outcomes = jobs.map(executeJob);
      await Promise.resolve();
      cross();
      return outcomes;
    },
  });
}

/** Counts the boundaries of one client. */
export class Boundaries {
  /** Boundaries crossed so far. */
  count = 0;
  /** Calls of the store so far. */
  storeCalls = 0;
  #due = Number.POSITIVE_INFINITY;
  #act: () => void = () => undefined;

  /** Calls `act` in the boundary number `distance` from now. */
  arm(distance: number, act: () => void): void {
    this.#due = this.count + distance;
    this.#act = act;
  }

  /** Calls nothing any more; whether what was to be called has been. */
  disarm(): boolean {
    const isDone = this.#due === Number.NEGATIVE_INFINITY;
    this.#due = Number.POSITIVE_INFINITY;
    return isDone;
  }

  /** One boundary. */
  readonly cross = (): void => {
    this.count += 1;
    if (this.count <= this.#due) return;
    this.#due = Number.NEGATIVE_INFINITY;
    const act = this.#act;
    this.#act = () => undefined;
    act();
  };

  /** The seams of a client over what `open` gives and `transport` reaches. */
  seams(open: () => Promise<Store>, transport: Transport, seed: string): Pick<ClientOptions, 'store' | 'transport' | 'asymmetric'> {
    const { cross } = this;
    const around = async <T>(call: Promise<T>): Promise<T> => {
      const result = await call;
      cross();
      return result;
    };
    const stored = <T>(call: () => Promise<T>): Promise<T> => {
      this.storeCalls += 1;
      cross();
      return around(call());
    };
    return {
      store: async () => {
        const store = await open();
        return {
          get: (table, key) => stored(() => store.get(table, key)),
          list: (table, range) => stored(() => store.list(table, range)),
          commit: (writes) => stored(() => store.commit(writes)),
          close: () => store.close(),
        };
      },
      transport: {
        connect: async (options) => {
          cross();
          const connection = await around(transport.connect(options));
          return {
            welcome: connection.welcome,
            closed: connection.closed,
            push: (message) => connection.push(message),
            close: () => connection.close(),
            request: (name, body, requestOptions) => {
              cross();
              return around(connection.request(name, body, requestOptions));
            },
          };
        },
      },
      asymmetric: lateAsymmetric(seed, cross),
    };
  }
}
