import type { Command } from 'commander';
import { formatGroupAddress } from '../../index.js';
import { openAccount } from '../account.js';
import { printableName } from '../content.js';
import { Output } from '../output.js';
import { reportTo } from '../watch.js';
import { askWithin, groupArgument, withGroupOptions, type GroupOptions } from './command.js';
import { findGroup } from './known-group.js';

/** Adds `skissm group leave`. */
export function addLeave(group: Command): void {
  const command = group
    .command('leave')
    .description('leave a group; a manager who listens then makes new keys for the others')
    .addArgument(groupArgument());
  withGroupOptions(command).action(leave);
}

async function leave(text: string, options: GroupOptions): Promise<void> {
  const output = new Output(options.json === true);
  await using client = await openAccount(options, reportTo(output));
  const { address, name } = await findGroup(client, text);
  await askWithin(options.wait, (signal) => client.leaveGroup(address, { signal }));
  await output.result({ event: 'left', group: formatGroupAddress(address), name }, `left ${printableName(name)}`);
}
