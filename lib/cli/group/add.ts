import type { Command } from 'commander';
import type { UserAddress } from '../../index.js';
import { changeGroup, changeOfMembers, groupArgument, usersArgument, withGroupOptions, type GroupOptions } from './command.js';

/** Adds `skissm group add`. */
export function addAdd(group: Command): void {
  const command = group
    .command('add')
    .description('add users with all their devices to a group that this one manages; they read what follows')
    .addArgument(groupArgument())
    .addArgument(usersArgument('whom to add'));
  withGroupOptions(command).action(addMembers);
}

function addMembers(text: string, users: readonly UserAddress[], options: GroupOptions): Promise<void> {
  const change = changeOfMembers(text, (client, group, signal) => client.addGroupMembers(group, users, { signal }));
  return changeGroup(options, change);
}
