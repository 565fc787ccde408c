import { formatAddress, formatGroupAddress, groupRoles, ProtocolError, UsageError, type Client, type KnownGroup } from '../../index.js';
import { printableName } from '../content.js';
import type { OutputEvent } from '../output.js';

/**
 * The group that a person means: by its id as it is printed, or by its name when only one group has it. Rejects with
 * `ProtocolError('no-such-group')`, `UsageError('group')` for a name of several groups, and `StoreError`.
 */
export async function findGroup(client: Client, text: string): Promise<KnownGroup> {
  const groups = await client.groups();
  const named = groups.find(({ address }) => formatGroupAddress(address) === text);
  if (named !== undefined) return named;
  const [found, another] = groups.filter(({ name }) => name === text);
  if (found === undefined) {
    throw new ProtocolError('no-such-group', 'this device is in no such group; it hears of new groups while "skissm listen" runs');
  }
  if (another !== undefined) throw new UsageError('group', 'several groups have this name: give the id as "skissm group list" prints it');
  return found;
}

/** The name of a role in a group; a number that has none stays a number. */
function roleName(role: number): string {
  return Object.entries(groupRoles).find(([, value]) => value === role)?.[0] ?? String(role);
}

/** One group for `--json`. */
export function groupEvent({ address, name, state, isManager, members, devices }: KnownGroup): OutputEvent {
  return {
    event: 'group',
    group: formatGroupAddress(address),
    name,
    state,
    isManager,
    members: members.map((member) => ({ user: formatAddress(member), role: roleName(member.role) })),
    devices: devices.map(formatAddress),
  };
}

/** One group as a line for people. */
export function formatGroup({ address, name, state, members }: KnownGroup): string {
  const users = members.map((member) =>
    member.role === groupRoles.member ? formatAddress(member) : `${formatAddress(member)} (${roleName(member.role)})`,
  );
  return `${formatGroupAddress(address)}  ${printableName(name)}  ${state}  ${users.join(', ')}`;
}
