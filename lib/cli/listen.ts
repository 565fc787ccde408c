import { addAbortSignal } from 'node:stream';
import { Option, type Command } from 'commander';
import { formatAddress, UsageError, type Client, type ReceivedMessage, type UserAddress } from '../index.js';
import { openAccount } from './account.js';
import { fromJsonContent, printable, toJsonContent } from './content.js';
import { linesOf, withoutLineEnding } from './lines.js';
import { jsonOption, positiveInteger, relayOption, storeOption, userAddress, type AccountOptions } from './options.js';
import { Output } from './output.js';
import { Pipeline } from './pipeline.js';
import { flushWithin, sendAll, type Outgoing } from './sending.js';
import { aborted, endOfInput, stopSignal } from './signals.js';
import { reportTo } from './watch.js';

interface ListenOptions extends AccountOptions {
  readonly to?: UserAddress;
  readonly jsonInput?: boolean;
  readonly raw?: boolean;
  readonly count?: number;
  readonly exitOnEof?: boolean;
}

/** Acknowledgements that may be on their way to the store at a time. */
const acknowledgementsInFlight = 256;

/** Bytes of one line of JSON input: the largest message with every byte escaped. */
const longestJsonLine = 8 * 1024 * 1024;

/** How long to wait at the end of input for the relay to take what was sent, s. */
const flushPatience = 30;

const help = `
A message is acknowledged when it has been written to standard output; what was not comes again at the next start.
With --to, lines of standard input are sent meanwhile, each with its line feed. With --json-input each line is an object
{"text": "..."} or {"base64": "..."}, with "to": "user@domain" where --to is not given.
SIGINT or SIGTERM stop it.`;

/** Adds `skissm listen`. */
export function addListen(program: Command): void {
  program
    .command('listen')
    .description('print received messages, and send lines of standard input')
    .addOption(new Option('--to <user@domain>', 'send lines of standard input to this user').argParser(userAddress))
    .option('--json-input', 'lines of standard input are JSON objects')
    .option('--raw', 'write the bytes of the messages and nothing else')
    .option('--count <number>', 'stop after so many messages', positiveInteger)
    .option('--exit-on-eof', 'stop when standard input ends')
    .addOption(storeOption())
    .addOption(relayOption())
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(listen);
}

async function listen(options: ListenOptions): Promise<void> {
  if (options.raw === true && options.json === true) throw new UsageError('arguments', 'give --raw or --json, not both');
  const output = new Output(options.json === true);
  const stop = new AbortController();
  const signal = AbortSignal.any([stopSignal(), stop.signal]);
  await using client = await openAccount(options, reportTo(output));
  const address = formatAddress(client.address);
  await output.remark({ event: 'ready', device: address, suite: client.suite.name }, `listening as ${address}; Ctrl-C stops`);
  const tasks = [receive(client, output, options, signal), untilEnd(client, output, options, signal)];
  try {
    await Promise.race(tasks);
    stop.abort();
    await Promise.all(tasks);
  } finally {
    stop.abort();
    await Promise.allSettled(tasks);
  }
}

/** Prints messages until the signal is aborted or enough have come. */
async function receive(client: Client, output: Output, options: ListenOptions, signal: AbortSignal): Promise<void> {
  const acknowledgements = new Pipeline(acknowledgementsInFlight);
  let count = 0;
  try {
    for await (const message of client.messages({ signal })) {
      await print(message, output, options.raw === true);
      await acknowledgements.add(message.ack());
      count += 1;
      if (count === options.count) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  await acknowledgements.drain();
}

/** Sends what comes on standard input; resolves when the process is to stop. */
async function untilEnd(client: Client, output: Output, options: ListenOptions, signal: AbortSignal): Promise<void> {
  if (options.to !== undefined || options.jsonInput === true) {
    try {
      await sendAll(client, outgoing(options, signal), output);
      if (options.exitOnEof === true) await flushWithin(client, flushPatience, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  } else if (options.exitOnEof === true) await endOfInput(signal);
  if (options.exitOnEof !== true) await aborted(signal);
}

async function* outgoing(options: ListenOptions, signal: AbortSignal): AsyncGenerator<Outgoing> {
  const input = addAbortSignal(signal, process.stdin);
  for await (const line of linesOf(input, options.jsonInput === true ? longestJsonLine : undefined)) {
    yield options.jsonInput === true ? fromJson(line, options.to) : addressed(line, options.to);
  }
}

function addressed(bytes: Uint8Array, to: UserAddress | undefined): Outgoing {
  if (to === undefined) throw new UsageError('arguments', '--to is needed to send');
  return { to, bytes };
}

function fromJson(line: Uint8Array, to: UserAddress | undefined): Outgoing {
  const value = parsed(line);
  const named = 'to' in value && typeof value.to === 'string' ? userAddress(value.to) : to;
  return addressed(fromJsonContent(value), named);
}

function parsed(line: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(line).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below: the text of the parser's error would repeat the input.
  }
  throw new UsageError('input', 'a line of standard input is not a JSON object');
}

function print(message: ReceivedMessage, output: Output, raw: boolean): Promise<void> {
  if (raw) return output.raw(message.bytes);
  const from = formatAddress(message.from);
  const mark = message.kind === 'own-device-copy' ? ' (sent from there)' : '';
  return output.result(
    {
      event: 'message',
      from,
      kind: message.kind,
      messageId: message.messageId,
      receivedAt: new Date(message.receivedAt).toISOString(),
      length: message.bytes.length,
      ...(output.json ? toJsonContent(message.bytes) : {}),
    },
    `${from}${mark}: ${printable(withoutLineEnding(message.bytes))}`,
  );
}
