import type { Command } from 'commander';
import { openAccount } from '../account.js';
import { jsonOption, relayOption, storeOption, type AccountOptions } from '../options.js';
import { Output } from '../output.js';
import { formatGroup, groupEvent } from './known-group.js';

/** Adds `skissm group list`. */
export function addList(group: Command): void {
  group
    .command('list')
    .description('show the groups that this device is in: id, name, state and members')
    .addOption(storeOption())
    .addOption(relayOption())
    .addOption(jsonOption())
    .action(list);
}

async function list(options: AccountOptions): Promise<void> {
  const output = new Output(options.json === true);
  await using client = await openAccount(options);
  for (const known of await client.groups()) await output.result(groupEvent(known), formatGroup(known));
}
