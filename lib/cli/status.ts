import type { Command } from 'commander';
import { formatAddress, type ClientStatus } from '../index.js';
import { openAccount } from './account.js';
import { isConnected } from './acquaintance.js';
import { jsonOption, relayOption, storeOption, type AccountOptions } from './options.js';
import { Output } from './output.js';

/** Adds `skissm status`. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description('show the account and what waits in its store')
    .addOption(storeOption())
    .addOption(relayOption())
    .addOption(jsonOption())
    .action(status);
}

async function status(options: AccountOptions): Promise<void> {
  const output = new Output(options.json === true);
  await using client = await openAccount(options);
  // Without a moment's wait the answer would always be "connecting".
  await isConnected(client);
  const { address, signedPreKey, tokenExpires, ...counts } = await client.status();
  const fields = {
    ...counts,
    device: formatAddress(address),
    signedPreKey: { id: signedPreKey.id, expires: new Date(signedPreKey.expires).toISOString() },
    tokenExpires: tokenExpires === 0 ? null : new Date(tokenExpires).toISOString(),
  };
  await output.result({ event: 'status', ...fields }, formatStatus(fields));
}

interface PrintedStatus extends Omit<ClientStatus, 'address' | 'signedPreKey' | 'tokenExpires'> {
  readonly device: string;
  readonly signedPreKey: { readonly id: number; readonly expires: string };
  readonly tokenExpires: string | null;
}

function formatStatus(status: PrintedStatus): string {
  const rows: [string, string | number][] = [
    ['device', status.device],
    ['suite', status.suite],
    ['relay', status.connection],
    ['sessions', `${status.sessions.ready} ready, ${status.sessions.invited} invited`],
    ['groups', status.groups],
    ['to send', `${status.outbox} requests, ${status.pending} messages that wait for keys, ${status.refused} refused`],
    ['received', `${status.inbox} messages not read, ${status.unconsumedPushes} pushes not confirmed`],
    ['waiting', `${status.earlyMessages} messages that came before their session, ${status.setAside} pushes set aside`],
    ['undecryptable', formatCounts(status.undecryptable)],
    ['one-time keys', status.oneTimePreKeys],
    ['signed pre-key', `${status.signedPreKey.id}, until ${status.signedPreKey.expires}`],
    ['token', status.tokenExpires === null ? 'without an end' : `until ${status.tokenExpires}`],
    ['commits', status.commits],
  ];
  return rows.map(([name, value]) => `${name.padEnd(15)} ${value}`).join('\n');
}

function formatCounts(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([code, count]) => `${count} ${code}`);
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}
