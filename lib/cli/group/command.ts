import { Argument, type Command } from 'commander';
import type { Client, GroupAddress, UserAddress } from '../../index.js';
import { openAccount } from '../account.js';
import { jsonOption, relayOption, several, storeOption, userAddress, waitOption, type AccountOptions } from '../options.js';
import { Output } from '../output.js';
import { flushWithin, within } from '../sending.js';
import { reportTo } from '../watch.js';
import { findGroup, formatGroup, groupEvent } from './known-group.js';

/** The options of every command that waits for the relay. */
export interface GroupOptions extends AccountOptions {
  /** Seconds. */
  readonly wait: number;
}

/** `<group>`, an id or a name. */
export function groupArgument(): Argument {
  return new Argument('<group>', 'id of the group as "group list" prints it, or its name');
}

/** `<user@domain...>`. */
export function usersArgument(description: string): Argument {
  return new Argument('<user@domain...>', description).argParser(several(userAddress));
}

/** Adds the options of an account, and `--wait`. */
export function withGroupOptions(command: Command): Command {
  return command
    .addOption(waitOption('the relay to answer, and for the keys to be handed out'))
    .addOption(storeOption())
    .addOption(relayOption())
    .addOption(jsonOption());
}

/** What a command asks for; the signal ends waiting for it. */
type Change = (client: Client, signal: AbortSignal) => Promise<GroupAddress>;

/**
 * Opens the account, asks for a change of a group and prints the group when it is made; then waits until the keys have gone to every device. Rejects
 * as the change does, and with `TransportError('not-delivered')` when that takes too long: it is stored, and a later command carries it out.
 */
export async function changeGroup(options: GroupOptions, change: Change): Promise<void> {
  const output = new Output(options.json === true);
  await using client = await openAccount(options, reportTo(output));
  const group = await askWithin(options.wait, (signal) => change(client, signal));
  const known = (await client.groups()).find(({ address }) => address.groupId === group.groupId && address.domain === group.domain);
  if (known !== undefined) await output.result(groupEvent(known), formatGroup(known));
  await flushWithin(client, options.wait);
}

/** Waits for a change of a group. Rejects as it does, and with `TransportError('not-delivered')` after `seconds`. */
export function askWithin<T>(seconds: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const message = `the change was not made within ${seconds} s: it is stored, and made during a later command`;
  return within(seconds, message, ask);
}

/** A change of the members of the group that a person means. */
export function changeOfMembers(text: string, change: (client: Client, group: GroupAddress, signal: AbortSignal) => Promise<void>): Change {
  return async (client, signal) => {
    const { address } = await findGroup(client, text);
    await change(client, address, signal);
    return address;
  };
}

/** Users, each once, `more` behind `users`. */
export function together(users: readonly UserAddress[], more: readonly UserAddress[]): readonly UserAddress[] {
  return [...users, ...more.filter((one) => !users.some(({ userId, domain }) => userId === one.userId && domain === one.domain))];
}
