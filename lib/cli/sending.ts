import {
  formatAddress,
  formatGroupAddress,
  TransportError,
  type Client,
  type DeviceAddress,
  type GroupAddress,
  type UserAddress,
} from '../index.js';
import { getToKnow } from './acquaintance.js';
import type { Output, OutputEvent } from './output.js';
import { Pipeline } from './pipeline.js';

/** Messages that may be on their way to the store at a time: enough to fill a commit, few enough to bound memory. */
const inFlight = 256;

/** One message to send: to a user, or to a group, of which some devices may be left out. */
export type Outgoing = { readonly bytes: Uint8Array } & (
  | { readonly to: UserAddress }
  | { readonly group: GroupAddress; readonly allow?: readonly DeviceAddress[]; readonly deny?: readonly DeviceAddress[] }
);

/** Sends in order and reports each message when it is stored; strangers are invited first. Returns how many there were. */
export async function sendAll(
  client: Client,
  messages: AsyncIterable<Outgoing>,
  output: Output,
  onSent: (message: Outgoing) => void = () => undefined,
): Promise<number> {
  const pipeline = new Pipeline(inFlight);
  // Reports come in the order of sending, whatever order the promises are settled in.
  let reported = Promise.resolve();
  const known = new Set<string>();
  let count = 0;
  for await (const message of messages) {
    if ('to' in message) {
      const name = formatAddress(message.to);
      if (!known.has(name)) await getToKnow(client, message.to);
      known.add(name);
    }
    count += 1;
    const sending = sendOne(client, message);
    sending.catch(() => undefined);
    reported = reported.then(async () => {
      const event = await sending;
      onSent(message);
      if (output.json) await output.result(event, '');
    });
    await pipeline.add(reported);
  }
  await pipeline.drain();
  return count;
}

async function sendOne(client: Client, message: Outgoing): Promise<OutputEvent> {
  const { length } = message.bytes;
  if ('to' in message) {
    const { messageId, devices } = await client.send(message.to, message.bytes);
    const states = devices.map(({ device, state }) => ({ device: formatAddress(device), state }));
    return { event: 'sent', messageId, to: formatAddress(message.to), length, devices: states };
  }
  const { group, bytes, ...audience } = message;
  const { messageId, state } = await client.sendToGroup(group, bytes, audience);
  return { event: 'sent', messageId, group: formatGroupAddress(group), length, state };
}

/** Waits until the relay has taken everything. Throws `TransportError('not-delivered')` after `seconds`; then it stays stored. */
export function flushWithin(client: Client, seconds: number, signal?: AbortSignal): Promise<void> {
  const message = `not everything reached the relay within ${seconds} s: what is left is stored and goes out with a later command`;
  return within(seconds, message, (timeout) =>
    client.flush({ signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]) }),
  );
}

/** Does work that ends with its signal. Throws `TransportError('not-delivered')` with the message when that takes longer. */
export async function within<T>(seconds: number, message: string, work: (timeout: AbortSignal) => Promise<T>): Promise<T> {
  const timeout = AbortSignal.timeout(seconds * 1000);
  try {
    return await work(timeout);
  } catch (error) {
    if (!timeout.aborted) throw error;
    throw new TransportError('not-delivered', message, { cause: error });
  }
}
