import type { Command } from 'commander';
import { addAdd } from './group/add.js';
import { addCreate } from './group/create.js';
import { addLeave } from './group/leave.js';
import { addList } from './group/list.js';
import { addRemove } from './group/remove.js';
import { addSendToGroup } from './group/send.js';

const help = `
A group is named by its id as "skissm group list" prints it, or by its name when only one group has it.
The keys of a group go from device to device: a member's device gets and gives them while "skissm listen" runs there.`;

/** Adds `skissm group` with its subcommands. */
export function addGroup(program: Command): void {
  const group = program.command('group').description('make groups, change who is in them and send to them').addHelpText('after', help);
  for (const add of [addCreate, addAdd, addRemove, addLeave, addList, addSendToGroup]) add(group);
}
