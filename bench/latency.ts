/**
 * How long a message is under way from one client through a relay to another, at several rates. Arrivals are open-loop: each message has its time
 * beforehand and its latency counts from there, so that a stall is paid by all that should have been sent meanwhile.
 */
import path from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { type CipherSuite, Client } from '../lib/index.js';
import { openSqliteStore } from '../lib/store/sqlite/index.js';
import type { Effort } from './measure.js';
import { type StartedRelay, startRelay } from './relay/start.js';
import type { LatencyCurve } from './report.js';
import { percentile } from './statistics.js';
import type { Question, Task } from './task.js';

export const latencyQuestion: Question = ([suite]) => rates.map((rate) => taskOf(suite, rate));

/** Messages per second. */
const rates = [50, 200, 500, 1_000, 2_000];
/** Seconds at one rate, as a multiple of a round. */
const roundsOfTime = 10;
const percents = [50, 75, 90, 95, 99, 99.9, 100];
const plaintextLength = 64;
/** Messages before those that count. */
const warmUp = 100;
/** Below so many ms to the next arrival a timer would be late. */
const timerResolution = 2;

function taskOf(suite: CipherSuite, rate: number): Task {
  const name = `relay.latency.${rate}`;
  return {
    name,
    subject: suite.name,
    async run(effort) {
      const relay = await startRelay();
      try {
        return { latency: [await curveOf(relay, suite, name, rate, effort)] };
      } finally {
        await relay.close();
      }
    },
  };
}

async function curveOf(relay: StartedRelay, suite: CipherSuite, name: string, rate: number, effort: Effort): Promise<LatencyCurve> {
  const register = (userId: string): Promise<Client> =>
    Client.register({
      store: () => openSqliteStore({ path: path.join(relay.folder, `${userId}.db`) }),
      transport: relay.transport,
      userId,
      deviceId: 'd1',
      authCode: 'bench',
      suite,
      oneTimePreKeys: 1,
    });
  const [sender, receiver] = [await register('sender'), await register('receiver')];
  try {
    await sender.invite(receiver.address);
    await arrivals(sender, receiver, warmUp, Math.min(rate, 100));
    const messages = Math.max(1, Math.round(rate * effort.roundSeconds * roundsOfTime));
    const { latencies, seconds } = await arrivals(sender, receiver, messages, rate);
    latencies.sort();
    return {
      name,
      suite: suite.name,
      rate,
      received: messages / seconds,
      messages,
      percentiles: percents.map((percent) => ({ percent, milliseconds: percentile(latencies, percent) })),
      about: `64 bytes at a fixed rate from the scheduled moment to the application of the other client: both clients (SQLite, one process) and the relay (SQLite, another) commit durably on the way, over WebSocket on loopback`,
    };
  } finally {
    await Promise.all([sender.close(), receiver.close()]);
  }
}

/** Sends `count` messages at `rate` a second and waits for all: the latency of each in ms, and the seconds that the whole took. */
async function arrivals(
  sender: Client,
  receiver: Client,
  count: number,
  rate: number,
): Promise<{ readonly latencies: Float64Array; readonly seconds: number }> {
  const start = performance.now();
  const dueAt = (number: number): number => start + (number * 1_000) / rate;
  const latencies = new Float64Array(count);
  const received = (async () => {
    let left = count;
    for await (const message of receiver.messages()) {
      const number = new DataView(message.bytes.buffer, message.bytes.byteOffset).getUint32(0);
      latencies[number] = performance.now() - dueAt(number);
      // Not waited for: the next message does not wait for the application either.
      const done = message.ack();
      left -= 1;
      if (left > 0) continue;
      await done;
      return;
    }
  })();
  const sending: Promise<unknown>[] = [];
  for (let number = 0; number < count; number += 1) {
    await until(dueAt(number));
    const plaintext = new Uint8Array(plaintextLength);
    new DataView(plaintext.buffer).setUint32(0, number);
    sending.push(sender.send(receiver.address, plaintext));
  }
  await Promise.all([...sending, received]);
  return { latencies, seconds: (performance.now() - start) / 1_000 };
}

/** Waits for the moment `time` without keeping input and output from going on. */
async function until(time: number): Promise<void> {
  for (let left = time - performance.now(); left > 0; left = time - performance.now()) {
    if (left > timerResolution) await setTimeout(left - timerResolution);
    else await setImmediate();
  }
}
