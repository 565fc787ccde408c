/**
 * Opens stores in a process of its own, in its main thread or in further threads; commands come as lines of JSON, see lines.mjs of test/process.
 * Each takes `slot` (a name for what is opened) and `thread` (a number; the main thread by default).
 */
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { openSqliteStore } from '../../dist/lib/store/sqlite/index.js';
import { print, serve } from '../process/lines.mjs';

const key = new Uint8Array([1]);
const stores = new Map();

const commands = {
  /** Results in `open`, or in the code and the text of the refusal. */
  async open({ slot, path }) {
    try {
      stores.set(slot, await openSqliteStore({ path }));
      return { code: 'open' };
    } catch ({ code, message }) {
      return { code, message };
    }
  },
  put: ({ slot, text }) => stores.get(slot).commit([{ table: 'meta', key, value: new Uint8Array(Buffer.from(text)) }]),
  async get({ slot }) {
    const value = await stores.get(slot).get('meta', key);
    return value === undefined ? undefined : Buffer.from(value).toString();
  },
  async close({ slot }) {
    await stores.get(slot)?.close();
    stores.delete(slot);
  },
};

if (isMainThread) {
  const threads = new Map();
  let asked = 0;
  const inThread = (number, question) => {
    if (!threads.has(number)) threads.set(number, new Worker(new URL(import.meta.url)));
    const thread = threads.get(number);
    asked += 1;
    const id = asked;
    return new Promise((resolve) => {
      const take = (answer) => {
        if (answer.id !== id) return;
        thread.off('message', take);
        resolve(answer.result);
      };
      thread.on('message', take);
      thread.postMessage({ id, ...question });
    });
  };
  const anywhere = (name) => (words) => (words.thread === undefined ? commands[name](words) : inThread(words.thread, { ...words, name }));
  serve(Object.fromEntries(Object.keys(commands).map((name) => [name, anywhere(name)])));
  print({ ready: true });
} else {
  parentPort.on('message', async ({ id, name, ...words }) => {
    parentPort.postMessage({ id, result: await commands[name](words) });
  });
}
