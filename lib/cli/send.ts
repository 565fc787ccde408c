import { Argument, Option, type Command } from 'commander';
import { formatAddress, type UserAddress } from '../index.js';
import { openAccount } from './account.js';
import { jsonOption, newDevicesOption, relayOption, storeOption, userAddress, waitOption, type AccountOptions } from './options.js';
import { Output } from './output.js';
import { flushWithin, sendAll, type Outgoing } from './sending.js';
import { sourceOf } from './source.js';
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
    .addOption(waitOption('the relay to take everything'))
    .addOption(newDevicesOption())
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

async function* addressed(to: UserAddress, messages: AsyncIterable<Uint8Array>): AsyncGenerator<Outgoing> {
  for await (const bytes of messages) yield { to, bytes };
}
