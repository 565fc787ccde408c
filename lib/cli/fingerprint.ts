import { Argument, type Command } from 'commander';
import { formatAddress, type UserAddress } from '../index.js';
import { openAccount } from './account.js';
import { jsonOption, relayOption, storeOption, userAddress, type AccountOptions } from './options.js';
import { Output } from './output.js';

/** Adds `skissm fingerprint`. */
export function addFingerprint(program: Command): void {
  program
    .command('fingerprint')
    .description('show what two people compare to be sure that nobody stands between them')
    .addArgument(new Argument('<user@domain>', 'the other user').argParser(userAddress))
    .addOption(storeOption())
    .addOption(relayOption())
    .addOption(jsonOption())
    .action(fingerprint);
}

async function fingerprint(user: UserAddress, options: AccountOptions): Promise<void> {
  const output = new Output(options.json === true);
  await using client = await openAccount(options);
  const found = await client.fingerprint(user);
  const own = { device: formatAddress(found.own.device), identity: hex(found.own.identity) };
  const devices = found.devices.map(({ device, identity, sessions }) => ({
    device: formatAddress(device),
    identity: identity === undefined ? null : hex(identity),
    sessions: sessions.map((session) => ({
      sessionId: session.sessionId,
      fingerprint: session.fingerprint === undefined ? null : hex(session.fingerprint),
    })),
  }));
  await output.result({ event: 'fingerprint', user: formatAddress(user), own, devices }, formatFingerprints(user, own, devices));
}

interface PrintedDevice {
  readonly device: string;
  readonly identity: string | null;
  readonly sessions: readonly { readonly fingerprint: string | null }[];
}

function formatFingerprints(user: UserAddress, own: { device: string; identity: string }, devices: readonly PrintedDevice[]): string {
  const lines = [`own identity key, ${own.device}:`, indented(own.identity)];
  if (devices.length === 0) lines.push(`no device of ${formatAddress(user)} is known: exchange a message first`);
  for (const { device, identity, sessions } of devices) {
    if (identity !== null) lines.push(`identity key of ${device}:`, indented(identity));
    for (const session of sessions) {
      if (session.fingerprint !== null) lines.push(`session with ${device}, the same on both sides:`, indented(session.fingerprint));
    }
  }
  return lines.join('\n');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Groups of eight digits, four to a line, as two people read them to each other. */
function indented(digits: string): string {
  return (digits.match(/.{1,32}/gu) ?? []).map((line) => `  ${line.replace(/(.{8})(?=.)/gu, '$1 ')}`).join('\n');
}
