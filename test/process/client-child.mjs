/**
 * One client in a process of its own, over SQLite and WebSocket; its single argument is a JSON object:
 * `task` (`register` or `open`), `url`, `store`, `trace`, `userId`, `deviceId`, `life` (a number per start), `echoes` (answer every message
 * once), `death` (see deaths.mjs), `holdsBack` (see held-back.mjs).
 */
import { createHash } from 'node:crypto';
import { Client, webSocketTransport } from '../../dist/lib/index.js';
import { openSqliteStore } from '../../dist/lib/store/sqlite/index.js';
import { decodeEnvelope } from '../../build/modules/lib/wire/message.js';
import { requests } from '../../build/modules/lib/wire/request.js';
import { Deaths } from './deaths.mjs';
import { holdBack } from './held-back.mjs';
import { openTrace, print, serve } from './lines.mjs';

const { task, url, store, trace: tracePath, userId, deviceId, life, echoes, death, holdsBack } = JSON.parse(process.argv[2]);
const domain = 'example.org';
const trace = openTrace(tracePath);
const deaths = new Deaths(death, trace);

function hash(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Notes where in which chain each ciphertext stands that leaves this process. */
function noteRequest(name, body) {
  if (name !== 'send_one2one_msg') {
    trace({ kind: 'request', name, body: hash(body) });
    return;
  }
  const envelope = decodeEnvelope(requests.send_one2one_msg.decodeRequest(body).envelope);
  const { sequence, rootSequence, ratchetKey, ciphertext } = envelope.payload.message;
  const place = { session: envelope.sessionId, ratchetKey: hash(ratchetKey), rootSequence, sequence };
  trace({ kind: 'request', name, body: hash(body), messageId: envelope.messageId, place, ciphertext: hash(ciphertext) });
}

async function openStore() {
  const opened = await openSqliteStore({ path: store });
  return holdsBack ? holdBack(opened) : opened;
}

const options = {
  store: deaths.store(openStore, store),
  transport: deaths.transport(webSocketTransport({ url }), noteRequest),
  events: {
    onEvent: ({ type, code, state, reason, device, sessionId, error, during, direction }) => {
      print({ event: type, code: code ?? error?.code, state, reason, device: device?.deviceId, sessionId, during, direction });
    },
  },
};

async function start() {
  try {
    return task === 'register'
      ? await Client.register({
          ...options,
          userId,
          deviceId,
          authenticator: `mailto:${userId}@example.org`,
          authCode: 'open',
          oneTimePreKeys: 25,
        })
      : await Client.open(options);
  } catch (error) {
    print({ failed: error.code, message: error.message });
    process.exit(3);
  }
}

const client = await start();

async function send({ to, text }) {
  trace({ kind: 'attempt', to, text, life });
  const { messageId, devices } = await client.send({ domain, userId: to }, Buffer.from(text));
  trace({ kind: 'sent', to, text, messageId });
  return { messageId, devices: devices.map(({ state }) => state) };
}

async function listen() {
  for await (const message of client.messages()) {
    const text = Buffer.from(message.bytes).toString();
    const { userId: from, deviceId: fromDevice } = message.from;
    trace({ kind: 'got', from, fromDevice, copy: message.kind === 'own-device-copy', text, messageId: message.messageId, life });
    print({ got: text, from });
    if (echoes && message.kind === 'message') await send({ to: from, text: `${text}, answered in life ${life}` });
    await message.ack();
    trace({ kind: 'acknowledged', messageId: message.messageId });
  }
}

serve({
  send,
  /** Sends texts one after another. */
  async chat({ to, texts }) {
    for (const text of texts) await send({ to, text });
  },
  /** Sends texts in one go. */
  burst: ({ to, texts }) => Promise.all(texts.map((text) => send({ to, text }))),
  flush: () => client.flush(),
  status: () => client.status(),
  devices: async ({ of }) =>
    (await client.devices({ domain, userId: of })).map(({ device, isReady }) => ({ deviceId: device.deviceId, isReady })),
  reconnect: () => client.reconnect(),
  async close() {
    await client.close();
    process.stdin.destroy();
  },
});
void listen();
print({ ready: `${client.address.userId}/${client.address.deviceId}`, suite: client.suite.name });
