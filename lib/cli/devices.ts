import { Argument, type Command } from 'commander';
import { type Client, formatAddress, type KnownDevice, type UserAddress } from '../index.js';
import { openAccount } from './account.js';
import { isConnected } from './acquaintance.js';
import { jsonOption, relayOption, storeOption, userAddress, type AccountOptions } from './options.js';
import { Output } from './output.js';
import { flushWithin } from './sending.js';

/** How long the relay may take what waited for a device that is approved, s. */
const flushPatience = 30;

/** How long the relay may take to remove a device, ms. */
const removalPatience = 30_000;

const help = `
With --new-devices ask, listen and send let everything wait for a device that a known user, or this one, did not have before.`;

/** Adds `skissm devices` with its subcommands. */
export function addDevices(program: Command): void {
  const devices = program
    .command('devices')
    .description('show the known devices of a user, remove own ones, approve or reject new ones')
    .addHelpText('after', help)
    .exitOverride();
  withAccount(devices.command('list').description('show the known devices of a user, this one’s others by default'))
    .addArgument(new Argument('[user@domain]', 'whose').argParser(userAddress))
    .action(list);
  withAccount(devices.command('remove').description('remove another device of this user at the relay'))
    .addArgument(new Argument('<device>', 'its name'))
    .action(remove);
  withAccount(devices.command('approve').description('send a new device what waits for it, and what follows'))
    .addArgument(new Argument('<user@domain>', 'whose').argParser(userAddress))
    .addArgument(new Argument('<device>', 'its name'))
    .action(approve);
  withAccount(devices.command('reject').description('drop what waits for a device and send it nothing more'))
    .addArgument(new Argument('<user@domain>', 'whose').argParser(userAddress))
    .addArgument(new Argument('<device>', 'its name'))
    .action(reject);
}

function withAccount(command: Command): Command {
  return command.addOption(storeOption()).addOption(relayOption()).addOption(jsonOption());
}

async function list(user: UserAddress | undefined, options: AccountOptions): Promise<void> {
  const output = new Output(options.json === true);
  await using client = await openAccount(options);
  const whose = user ?? client.address;
  const devices = (await client.devices(whose)).map(printed);
  const own = formatAddress(client.address);
  const title = { domain: whose.domain, userId: whose.userId };
  await output.result({ event: 'devices', user: formatAddress(title), own, devices }, formatDevices(title, devices));
}

async function remove(deviceId: string, options: AccountOptions): Promise<void> {
  const output = new Output(options.json === true);
  await using client = await openAccount(options);
  await isConnected(client);
  await client.removeDevice(deviceId, { signal: AbortSignal.timeout(removalPatience) });
  await told(output, 'removed', client.address, deviceId);
}

async function approve(user: UserAddress, deviceId: string, options: AccountOptions): Promise<void> {
  const output = new Output(options.json === true);
  await using client = await openAccount(options);
  await client.approveDevice({ domain: user.domain, userId: user.userId, deviceId });
  await told(output, 'approved', user, deviceId);
  await goesOut(client);
}

async function reject(user: UserAddress, deviceId: string, options: AccountOptions): Promise<void> {
  const output = new Output(options.json === true);
  await using client = await openAccount(options);
  await client.rejectDevice({ domain: user.domain, userId: user.userId, deviceId });
  await told(output, 'rejected', user, deviceId);
}

/** What waited leaves now; without a relay, with a later command. */
async function goesOut(client: Client): Promise<void> {
  if (await isConnected(client)) await flushWithin(client, flushPatience);
}

async function told(output: Output, done: 'removed' | 'approved' | 'rejected', user: UserAddress, deviceId: string): Promise<void> {
  const device = formatAddress({ domain: user.domain, userId: user.userId, deviceId });
  await output.result({ event: `device-${done}`, device }, `${done} ${device}`);
}

interface PrintedDevice {
  readonly device: string;
  readonly approval: KnownDevice['approval'];
  readonly isReady: boolean;
  /** ISO 8601. */
  readonly knownSince: string;
}

function printed({ device, approval, isReady, knownSince }: KnownDevice): PrintedDevice {
  return { device: formatAddress(device), approval, isReady, knownSince: new Date(knownSince).toISOString() };
}

const words = { given: 'approved', asked: 'waits for approval', rejected: 'rejected' } as const;

function formatDevices(user: UserAddress, devices: readonly PrintedDevice[]): string {
  if (devices.length === 0) return `no other device of ${formatAddress(user)} is known`;
  const lines = devices.map(({ device, approval, isReady, knownSince }) => {
    const session = isReady ? 'session ready' : 'no session yet';
    return `${device}: ${words[approval]}, ${session}, known since ${knownSince}`;
  });
  return lines.join('\n');
}
