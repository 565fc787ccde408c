/**
 * What was pushed to one device, given to another: what a relay could do that helps a removed member. The device is opened on a store of
 * its own, without a network, and nothing else is told to it.
 */
import { readFile } from 'node:fs/promises';
import { Client, InternalError, TransportError, type Connection, type Transport } from '../../index.js';
import { storeFactory } from '../account.js';

/** How long the device may take for what it is given, ms. */
const patience = 20_000;

/** What a recording holds, see `Recording`. */
export async function readRecording(file: string): Promise<Uint8Array[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => new Uint8Array(Buffer.from(line, 'base64')));
}

/** The first push in which each of the messages stands, in the order of `ids`; ids stand in clear beside the ciphertext. */
export function pushesOf(ids: readonly string[], recorded: readonly Uint8Array[]): Uint8Array[] {
  return ids.flatMap((id) => recorded.find((push) => Buffer.from(push).includes(id)) ?? []);
}

/**
 * Gives the pushes, each with a message of these ids, to the device of a store; returns the contents that it could open. Resolves when it has said
 * of each message what became of it. Rejects with `InternalError('demonstration-stalled')` when it does not, and as `Client.open` does.
 */
export async function openedBy(store: string, ids: readonly string[], pushes: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const handled = new Set<string>();
  const opened = new Set<string>();
  let wake: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    wake = resolve;
  });
  await using client = await Client.open({
    store: storeFactory(store),
    transport: playback(pushes),
    events: {
      onEvent(event) {
        if (event.type !== 'group-message' && event.type !== 'group-message-held' && event.type !== 'undecryptable') return;
        if (event.messageId === undefined) return;
        handled.add(event.messageId);
        if (event.type === 'group-message') opened.add(event.messageId);
        if (ids.every((id) => handled.has(id))) wake();
      },
    },
  });
  const timer = setTimeout(wake, patience);
  await all;
  clearTimeout(timer);
  if (!ids.every((id) => handled.has(id))) {
    throw new InternalError('demonstration-stalled', 'the device did not take all messages that it was given');
  }
  const contents: Uint8Array[] = [];
  if (opened.size === 0) return contents;
  for await (const message of client.messages()) {
    if (opened.has(message.messageId)) contents.push(message.bytes);
    if (contents.length === opened.size) break;
  }
  return contents;
}

/** A relay that pushes these and answers nothing. */
function playback(pushes: readonly Uint8Array[]): Transport {
  return {
    connect(options) {
      const connection = silentConnection();
      setImmediate(() => {
        for (const push of pushes) options.onPush(new Uint8Array(push));
      });
      return Promise.resolve(connection);
    },
  };
}

function silentConnection(): Connection {
  let end: (reason: Awaited<Connection['closed']>) => void = () => undefined;
  const closed: Connection['closed'] = new Promise((resolve) => {
    end = resolve;
  });
  return {
    welcome: {
      code: 200,
      reason: '',
      token: '',
      tokenExpiresAt: 0,
      serverTime: 0,
      pushWindow: 1_024,
      heartbeatInterval: 60_000,
      maxFrameLength: 16_777_216,
      storeSince: 0,
    },
    closed,
    request: async () => {
      await closed;
      throw new TransportError('offline', 'there is nobody who answers');
    },
    push: () => undefined,
    close() {
      end({ cause: 'local', reason: 'closed' });
      return Promise.resolve();
    },
  };
}
