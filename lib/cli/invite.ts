import { Argument, type Command } from 'commander';
import { formatAddress, type UserAddress } from '../index.js';
import { openAccount } from './account.js';
import { jsonOption, relayOption, storeOption, userAddress, waitOption, type AccountOptions } from './options.js';
import { Output } from './output.js';
import { flushWithin, within } from './sending.js';
import { reportTo } from './watch.js';

interface InviteOptions extends AccountOptions {
  readonly wait: number;
}

/** Adds `skissm invite`. */
export function addInvite(program: Command): void {
  program
    .command('invite')
    .description('start sessions with all devices of a user; sending does the same when there are none')
    .addArgument(new Argument('<user@domain>', 'whom to invite').argParser(userAddress))
    .addOption(waitOption('the relay to take the invites'))
    .addOption(storeOption())
    .addOption(relayOption())
    .addOption(jsonOption())
    .action(invite);
}

async function invite(user: UserAddress, options: InviteOptions): Promise<void> {
  const output = new Output(options.json === true);
  await using client = await openAccount(options, reportTo(output));
  const message = `the relay did not answer within ${options.wait} s`;
  const results = await within(options.wait, message, (signal) => client.invite(user, { signal }));
  await flushWithin(client, options.wait);
  for (const result of results) {
    const device = formatAddress(result.device);
    const code = result.state === 'refused' ? { code: result.code } : {};
    const text = result.state === 'refused' ? `refused: ${result.code}` : result.state;
    await output.result({ event: 'invite', device, state: result.state, ...code }, `${device}: ${text}`);
  }
}
