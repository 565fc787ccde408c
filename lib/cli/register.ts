import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { Client, formatAddress, suiteByName } from '../index.js';
import { relayTransport, storeFactory, writeRelayUrl } from './account.js';
import { jsonOption, positiveInteger, storeOption, suiteHelp, suiteOption } from './options.js';
import { Output } from './output.js';

interface RegisterOptions {
  readonly relay: string;
  readonly user: string;
  readonly device: string;
  readonly store: string;
  readonly invitation?: string;
  readonly suite?: string;
  readonly oneTimePreKeys?: number;
  readonly json?: boolean;
}

/** What is sent without an invitation: a relay with open registration takes any code that is not empty. */
const anyCode = 'open';

/** Adds `skissm register`. */
export function addRegister(program: Command): void {
  program
    .command('register')
    .description('make an account: keys in a new store, registered at a relay')
    .addOption(new Option('--relay <url>', 'relay, wss://host:port/ or ws:// for this machine').makeOptionMandatory().env('SKISSM_RELAY'))
    .requiredOption('--user <name>', 'name of the user at the relay')
    .requiredOption('--device <name>', 'name of this device, different for each device of the user')
    .addOption(storeOption())
    .addOption(
      new Option('--invitation <code>', "the relay operator's invitation; a relay with --open needs none").env('SKISSM_INVITATION'),
    )
    .addOption(suiteOption())
    .option('--one-time-pre-keys <number>', 'one-time pre-keys to keep at the relay', positiveInteger)
    .addOption(jsonOption())
    .addHelpText('after', suiteHelp)
    .action(register);
}

async function register(options: RegisterOptions): Promise<void> {
  const output = new Output(options.json === true);
  const suite = options.suite === undefined ? undefined : suiteByName(options.suite);
  const transport = relayTransport(options.relay);
  await mkdir(path.dirname(path.resolve(options.store)), { recursive: true, mode: 0o700 });
  await using client = await Client.register({
    store: storeFactory(options.store),
    transport,
    userId: options.user,
    deviceId: options.device,
    authCode: options.invitation ?? anyCode,
    ...(suite === undefined ? {} : { suite }),
    ...(options.oneTimePreKeys === undefined ? {} : { oneTimePreKeys: options.oneTimePreKeys }),
  });
  await writeRelayUrl(options.store, options.relay);
  const { address } = client;
  await output.result(
    { event: 'registered', user: `${address.userId}@${address.domain}`, device: address.deviceId, suite: client.suite.name },
    `registered ${formatAddress(address)} with suite ${client.suite.name}`,
  );
}
