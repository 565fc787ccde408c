import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Argument, Option, type Command } from 'commander';
import { formatAddress, UsageError, type UserAddress } from '../index.js';
import { openAccount } from './account.js';
import { linesOf } from './lines.js';
import { jsonOption, positiveInteger, relayOption, storeOption, userAddress, type AccountOptions } from './options.js';
import { Output } from './output.js';
import { showProgress, type Progress } from './progress.js';
import { flushWithin, sendAll, type Outgoing } from './sending.js';
import { reportTo } from './watch.js';

interface SendOptions extends AccountOptions {
  readonly file?: string;
  readonly wait: number;
}

const help = `
Without text and --file, or with "-", standard input is sent line by line. Each line is one message, with its line feed:
"skissm listen --raw" on the other side puts the same bytes together again.
The command ends when the relay has everything. To a device that has never answered, messages wait in the store until it does.`;

/** Adds `skissm send`. */
export function addSend(program: Command): void {
  program
    .command('send')
    .description('send a text, or a file or standard input line by line')
    .addArgument(new Argument('<user@domain>', 'whom to send to').argParser(userAddress))
    .argument('[text]', 'one message; "-" for standard input')
    .addOption(new Option('--file <file>', 'send the lines of a file'))
    .option('--wait <seconds>', 'how long to wait for the relay to take everything', positiveInteger, 30)
    .addOption(storeOption())
    .addOption(relayOption())
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(send);
}

async function send(to: UserAddress, text: string | undefined, options: SendOptions): Promise<void> {
  const output = new Output(options.json === true);
  const source = await sourceOf(text, options.file);
  await using client = await openAccount(options, reportTo(output));
  let count: number;
  try {
    count = await sendAll(client, addressed(to, source.messages), output, ({ bytes }) => source.sent(bytes.length));
  } finally {
    source.progress?.stop();
  }
  await flushWithin(client, options.wait);
  await output.result(
    { event: 'done', messages: count, to: formatAddress(to) },
    `sent ${count} ${count === 1 ? 'message' : 'messages'} to ${formatAddress(to)}`,
  );
}

interface Source {
  readonly messages: AsyncIterable<Uint8Array>;
  readonly progress?: Progress;
  sent(length: number): void;
}

async function sourceOf(text: string | undefined, file: string | undefined): Promise<Source> {
  if (text !== undefined && file !== undefined) throw new UsageError('arguments', 'give a text or --file, not both');
  if (file !== undefined) return fileSource(file);
  if (text === undefined || text === '-') return { messages: linesOf(process.stdin), sent: () => undefined };
  if (text === '') throw new UsageError('arguments', 'an empty text cannot be sent');
  return { messages: single(Buffer.from(text, 'utf8')), sent: () => undefined };
}

async function fileSource(file: string): Promise<Source> {
  let size: number;
  try {
    size = (await stat(file)).size;
  } catch (error) {
    throw new UsageError('input', `cannot read ${file}`, { cause: error });
  }
  const progress = showProgress('sending', size, 'bytes');
  let done = 0;
  return {
    messages: linesOf(createReadStream(file)),
    progress,
    sent(length) {
      done += length;
      progress.update(done);
    },
  };
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new Uint8Array(bytes));
}

async function* addressed(to: UserAddress, messages: AsyncIterable<Uint8Array>): AsyncGenerator<Outgoing> {
  for await (const bytes of messages) yield { to, bytes };
}
