import { Option, type Command } from 'commander';
import { formatGroupAddress, type Client, type DeviceAddress, type GroupAddress } from '../../index.js';
import { openAccount } from '../account.js';
import { printableName } from '../content.js';
import { deviceAddress, several } from '../options.js';
import { Output } from '../output.js';
import { flushWithin, sendAll, type Outgoing } from '../sending.js';
import { sourceOf, type Source } from '../source.js';
import { reportTo } from '../watch.js';
import { groupArgument, withGroupOptions, type GroupOptions } from './command.js';
import { findGroup } from './known-group.js';

interface SendOptions extends GroupOptions {
  readonly file?: string;
  readonly allow?: readonly DeviceAddress[];
  readonly deny?: readonly DeviceAddress[];
}

const help = `
Without text and --file, or with "-", standard input is sent line by line, as with "skissm send".
The command ends when the relay has everything. While the keys of the group have not come, messages wait in the store.`;

/** Adds `skissm group send`. */
export function addSendToGroup(group: Command): void {
  const command = group
    .command('send')
    .description('send a text, or a file or standard input line by line, to all devices of a group')
    .addArgument(groupArgument())
    .argument('[text]', 'one message; "-" for standard input')
    .addOption(new Option('--file <file>', 'send the lines of a file'))
    .addOption(new Option('--allow <user@domain/device>', 'to this device only; can be repeated').argParser(several(deviceAddress)))
    .addOption(new Option('--deny <user@domain/device>', 'not to this device; can be repeated').argParser(several(deviceAddress)))
    .addHelpText('after', help);
  withGroupOptions(command).action(send);
}

async function send(group: string, text: string | undefined, options: SendOptions): Promise<void> {
  const output = new Output(options.json === true);
  const source = await sourceOf(text, options.file);
  await using client = await openAccount(options, reportTo(output));
  const { address, name, count } = await sendTo(client, group, source, options, output).finally(() => source.progress?.stop());
  await flushWithin(client, options.wait);
  await output.result(
    { event: 'done', messages: count, group: formatGroupAddress(address) },
    `sent ${count} ${count === 1 ? 'message' : 'messages'} to ${printableName(name)}`,
  );
}

async function sendTo(
  client: Client,
  text: string,
  source: Source,
  { allow = [], deny = [] }: SendOptions,
  output: Output,
): Promise<{ readonly address: GroupAddress; readonly name: string; readonly count: number }> {
  const { address, name } = await findGroup(client, text);
  const messages = addressed({ group: address, allow, deny }, source.messages);
  const count = await sendAll(client, messages, output, ({ bytes }) => source.sent(bytes.length));
  return { address, name, count };
}

async function* addressed(
  destination: Omit<Extract<Outgoing, { group: unknown }>, 'bytes'>,
  messages: AsyncIterable<Uint8Array>,
): AsyncGenerator<Outgoing> {
  for await (const bytes of messages) yield { ...destination, bytes };
}
