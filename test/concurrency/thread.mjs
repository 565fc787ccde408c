/**
 * One thread of a process in which several work: a relay (`task: 'relay'`) or a client (`task: 'register'` or `'open'`) over SQLite and WebSocket.
 * Tells its parent what happens; a client sends `texts` to `to` once it is told to `go`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Client, webSocketTransport } from '../../dist/lib/index.js';
import { listen, openRelay } from '../../dist/lib/server/index.js';
import { openSqliteStore } from '../../dist/lib/store/sqlite/index.js';

const { task, store: path, url, userId, to, texts } = workerData;
const tell = (message) => parentPort.postMessage(message);
const store = () => openSqliteStore({ path });

if (task === 'relay') {
  const relay = await openRelay({ store, domain: 'example.org', registration: 'open' });
  const { url: address } = await listen(relay, { host: '127.0.0.1', port: 0 });
  parentPort.on('message', async () => {
    await relay.close();
    tell({ closed: true });
    parentPort.close();
  });
  tell({ ready: address });
} else {
  const options = { store, transport: webSocketTransport({ url }) };
  const registration = { ...options, userId, deviceId: 'one', authCode: 'open', oneTimePreKeys: 10 };
  const client = task === 'register' ? await Client.register(registration) : await Client.open(options);
  parentPort.on('message', async ({ go }) => {
    if (!go) {
      await client.close();
      tell({ closed: true });
      parentPort.close();
      return;
    }
    await Promise.all(
      texts.map(async (text) => {
        await client.send({ domain: 'example.org', userId: to }, Buffer.from(text));
        tell({ sent: text });
      }),
    );
  });
  tell({ ready: userId });
  for await (const message of client.messages()) {
    tell({ got: Buffer.from(message.bytes).toString() });
    await message.ack();
  }
}
