import { formatAddress, TransportError, type Client, type UserAddress } from '../index.js';
import { getToKnow } from './acquaintance.js';
import type { Output } from './output.js';
import { Pipeline } from './pipeline.js';

/** Messages that may be on their way to the store at a time: enough to fill a commit, few enough to bound memory. */
const inFlight = 256;

/** One message to send. */
export interface Outgoing {
  readonly to: UserAddress;
  readonly bytes: Uint8Array;
}

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
    const name = formatAddress(message.to);
    if (!known.has(name)) await getToKnow(client, message.to);
    known.add(name);
    count += 1;
    const sending = client.send(message.to, message.bytes);
    sending.catch(() => undefined);
    reported = reported.then(async () => {
      const { messageId, devices } = await sending;
      onSent(message);
      if (!output.json) return;
      const states = devices.map(({ device, state }) => ({ device: formatAddress(device), state }));
      await output.result({ event: 'sent', messageId, to: name, length: message.bytes.length, devices: states }, '');
    });
    await pipeline.add(reported);
  }
  await pipeline.drain();
  return count;
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
