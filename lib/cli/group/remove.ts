import type { Command } from 'commander';
import type { UserAddress } from '../../index.js';
import { changeGroup, changeOfMembers, groupArgument, usersArgument, withGroupOptions, type GroupOptions } from './command.js';

/** Adds `skissm group remove`. */
export function addRemove(group: Command): void {
  const command = group
    .command('remove')
    .description('remove users from a group that this one manages; they do not read what follows')
    .addArgument(groupArgument())
    .addArgument(usersArgument('whom to remove'));
  withGroupOptions(command).action(removeMembers);
}

function removeMembers(text: string, users: readonly UserAddress[], options: GroupOptions): Promise<void> {
  const change = changeOfMembers(text, (client, group, signal) => client.removeGroupMembers(group, users, { signal }));
  return changeGroup(options, change);
}
