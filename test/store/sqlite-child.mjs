/** A process of its own around a store, for tests that end processes. Runs the built driver. */
import { openSqliteStore } from '../../dist/lib/store/sqlite/index.js';

const [task, path] = process.argv.slice(2);
const key = (number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return new Uint8Array(bytes);
};

async function open() {
  try {
    return await openSqliteStore({ path });
  } catch (error) {
    process.stdout.write(`${error.code}\n`);
    process.exit(3);
  }
}

const store = await open();
if (task === 'hold') await store.close();
if (task === 'write') {
  // Many in flight, so that the kill hits the middle of a transaction.
  for (let next = 1; ; next += 8) {
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const writes = ['meta', 'account'].map((table) => ({ table, key: key(next + i), value: new Uint8Array(2_000).fill(65) }));
        await store.commit(writes);
        process.stdout.write('.\n');
      }),
    );
  }
}
if (task === 'unknown') {
  await store.commit([{ table: 'meta', key: key(1), value: new Uint8Array(10) }]);
  const codeOf = (error) => error.code;
  const first = await store.commit([{ table: 'meta', key: key(1), value: new Uint8Array(1_000_000) }]).catch(codeOf);
  const second = await store.get('meta', key(1)).catch(codeOf);
  process.stdout.write(`${first} ${second}\n`);
}
