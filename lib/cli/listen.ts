import { Option, type Command } from 'commander';
import { formatAddress, UsageError, type Client, type UserAddress } from '../index.js';
import { openAccount } from './account.js';
import { GroupNames } from './group/group-names.js';
import { outgoingLines } from './listen-input.js';
import { printMessage } from './message-line.js';
import { jsonOption, newDevicesOption, positiveInteger, relayOption, storeOption, userAddress, type AccountOptions } from './options.js';
import { Output } from './output.js';
import { Pipeline } from './pipeline.js';
import { Recording } from './recording.js';
import { flushWithin, sendAll } from './sending.js';
import { aborted, endOfInput, stopSignal } from './signals.js';
import { reportTo } from './watch.js';

interface ListenOptions extends AccountOptions {
  readonly to?: UserAddress;
  readonly group?: string;
  readonly jsonInput?: boolean;
  readonly raw?: boolean;
  readonly count?: number;
  readonly exitOnEof?: boolean;
  readonly record?: string;
}

/** Acknowledgements that may be on their way to the store at a time. */
const acknowledgementsInFlight = 256;

/** How long to wait at the end of input for the relay to take what was sent, s. */
const flushPatience = 30;

const help = `
A message is acknowledged when it has been written to standard output; what was not comes again at the next start.
With --to or --group, lines of standard input are sent meanwhile, each with its line feed. With --json-input each line is an
object {"text": "..."} or {"base64": "..."}; "to": "user@domain" or "group": "id@domain" in it says where that line goes.
While it runs, the device takes part in its groups: it hears of new ones and of changes, and gets and hands out their keys.
SIGINT or SIGTERM stop it.`;

/** Adds `skissm listen`. */
export function addListen(program: Command): void {
  program
    .command('listen')
    .description('print received messages, and send lines of standard input')
    .addOption(new Option('--to <user@domain>', 'send lines of standard input to this user').argParser(userAddress))
    .option('--group <group>', 'send lines of standard input to this group')
    .option('--json-input', 'lines of standard input are JSON objects')
    .option('--raw', 'write the bytes of the messages and nothing else')
    .option('--count <number>', 'stop after so many messages', positiveInteger)
    .option('--exit-on-eof', 'stop when standard input ends')
    .option('--record <file>', 'append what the relay pushes to this file as it comes, sealed: a line of base64 each')
    .addOption(newDevicesOption())
    .addOption(storeOption())
    .addOption(relayOption())
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(listen);
}

async function listen(options: ListenOptions): Promise<void> {
  if (options.to !== undefined && options.group !== undefined) throw new UsageError('arguments', 'give --to or --group, not both');
  if (options.raw === true && options.json === true) throw new UsageError('arguments', 'give --raw or --json, not both');
  const output = new Output(options.json === true);
  const stop = new AbortController();
  const signal = AbortSignal.any([stopSignal(), stop.signal]);
  await using recording = options.record === undefined ? undefined : await Recording.open(options.record);
  await using client = await openAccount(options, reportTo(output), recording);
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
  const names = new GroupNames(client);
  let count = 0;
  try {
    for await (const message of client.messages({ signal })) {
      await printMessage(message, names, output, options.raw === true);
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
  if (options.to !== undefined || options.group !== undefined || options.jsonInput === true) {
    try {
      await sendAll(client, outgoingLines(client, options, signal), output);
      if (options.exitOnEof === true) await flushWithin(client, flushPatience, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  } else if (options.exitOnEof === true) await endOfInput(signal);
  if (options.exitOnEof !== true) await aborted(signal);
}
