import { Option, type Command } from 'commander';
import type { UserAddress } from '../../index.js';
import { several, userAddress } from '../options.js';
import { changeGroup, together, usersArgument, withGroupOptions, type GroupOptions } from './command.js';

interface CreateOptions extends GroupOptions {
  readonly manager?: readonly UserAddress[];
}

/** Adds `skissm group create`. */
export function addCreate(group: Command): void {
  const command = group
    .command('create')
    .description('make a group of these users and this one, who manages it')
    .argument('<name>', 'name of the group')
    .addArgument(usersArgument('who is in it'))
    .addOption(new Option('--manager <user@domain>', 'a member who manages it, too; can be repeated').argParser(several(userAddress)));
  withGroupOptions(command).action(create);
}

function create(name: string, users: readonly UserAddress[], options: CreateOptions): Promise<void> {
  const managers = options.manager ?? [];
  const members = together(users, managers);
  return changeGroup(options, (client, signal) => client.createGroup({ name, members, managers }, { signal }));
}
