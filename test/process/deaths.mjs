/**
 * Where a child program may die: at the nth time it reaches a named point. It dies by SIGKILL, so nothing of it runs any more: no handler, no
 * flush, no close.
 *
 * Points of a store: `before-commit`, `during-commit`, `after-commit`, for commits that put (`puts`) or delete (`deletes`) a row of a table.
 * Points of a transport, for requests of one name (`request`): `before-frame`, `frame-left`, `answered` (the answer is there, nobody has seen
 * it); and `welcomed` (the relay has answered the hello) and `pushed` (a push has come, nobody has seen it).
 */
import { statSync } from 'node:fs';

/** Longest wait for a commit to begin, ms; it begins within one. */
const patience = 5_000;

/** Watches for the one point at which this process dies. */
export class Deaths {
  #death;
  #trace;
  #seen = 0;

  /** `death` is `undefined` for a process that lives. */
  constructor(death, trace) {
    this.#death = death;
    this.#trace = trace;
  }

  /** Whether the process dies here. */
  #isDue(point, { writes, request }) {
    const death = this.#death;
    if (death?.point !== point) return false;
    if (death.request !== undefined && death.request !== request) return false;
    const touches = (table, deletes) => writes.some((write) => write.table === table && (write.value === undefined) === deletes);
    if (death.puts !== undefined && !touches(death.puts, false)) return false;
    if (death.deletes !== undefined && !touches(death.deletes, true)) return false;
    this.#seen += 1;
    return this.#seen === (death.nth ?? 1);
  }

  /** Dies when it is time. */
  at(point, subject = {}) {
    if (this.#isDue(point, subject)) this.#die();
  }

  #die() {
    this.#trace({ kind: 'died', ...this.#death });
    process.kill(process.pid, 'SIGKILL');
    // The signal may take another thread first.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }

  /** A store that dies around and in its commits. */
  store(open, path) {
    return async () => {
      const inner = await open();
      return {
        get: (table, key) => inner.get(table, key),
        list: (table, range) => inner.list(table, range),
        close: () => inner.close(),
        commit: async (writes) => {
          // The driver may wipe values as soon as it has them.
          const touched = writes.map(({ table, value }) => ({ table, value: value === undefined ? undefined : true }));
          this.at('before-commit', { writes: touched });
          const inTheMiddle = this.#isDue('during-commit', { writes: touched });
          const before = stateOf(`${path}-wal`);
          const durable = inner.commit(writes);
          if (inTheMiddle) {
            const end = Date.now() + patience;
            while (stateOf(`${path}-wal`) === before && Date.now() < end);
            this.#die();
          }
          await durable;
          this.at('after-commit', { writes: touched });
        },
      };
    };
  }

  /** A transport that dies around its requests; `onRequest` sees each just before it leaves. */
  transport(inner, onRequest) {
    return {
      connect: async (options) => {
        const connection = await inner.connect({
          ...options,
          onPush: (push) => {
            this.at('pushed');
            options.onPush(push);
          },
        });
        this.at('welcomed');
        return {
          welcome: connection.welcome,
          closed: connection.closed,
          push: (message) => connection.push(message),
          close: () => connection.close(),
          request: async (request, body, requestOptions) => {
            this.at('before-frame', { request });
            try {
              onRequest(request, body);
            } catch (error) {
              // The client would take it for an outage and try again for ever.
              process.stderr.write(`${error.stack}\n`);
              process.exit(4);
            }
            const answer = connection.request(request, body, requestOptions);
            this.at('frame-left', { request });
            const response = await answer;
            this.at('answered', { request });
            return response;
          },
        };
      },
    };
  }
}

/** Tells whether a file has been written to. */
function stateOf(file) {
  const { size, mtimeNs } = statSync(file, { bigint: true, throwIfNoEntry: false }) ?? { size: 0n, mtimeNs: 0n };
  return `${size} ${mtimeNs}`;
}
