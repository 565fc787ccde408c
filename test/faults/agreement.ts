/** At rest, clients, their peers and the relay hold the same: read from their databases when everything has stopped. */
import Database from 'better-sqlite3';
import type { DeviceAddress } from '../../lib/base/address.js';
import type { ReadySession } from '../../lib/session/session.js';
import { ClientStore } from '../../lib/store/client-store.js';
import { RelayStore } from '../../lib/store/relay-store.js';
import { storedCopy } from '../support/stored-tables.js';
import type { Device } from './device.js';
import type { GroupView } from './hosted-client.js';
import { domain } from './hosted-relay.js';
import { nameOf } from './notes.js';
import type { World } from './world.js';

/** What a client says of its groups. */
export type Views = ReadonlyMap<string, readonly GroupView[]>;

/** Asks all clients about their groups. */
export async function viewsOf(world: World): Promise<Views> {
  return new Map(await Promise.all(world.present.map(async (device) => [device.name, await device.do<GroupView[]>('groups')] as const)));
}

/** Where clients differ about groups that are being used; empty lists of devices are those that wait for keys. */
export function differences(views: Views): string[] {
  const found: string[] = [];
  const first = new Map<string, { readonly name: string; readonly view: GroupView }>();
  for (const [name, groups] of views) {
    for (const view of groups) {
      if (view.state !== 'ready') continue;
      const known = first.get(view.groupId);
      if (known === undefined) first.set(view.groupId, { name, view });
      else if (JSON.stringify([known.view.members, known.view.devices]) !== JSON.stringify([view.members, view.devices])) {
        found.push(`${known.name} and ${name} differ about ${view.groupId}: ${known.view.devices.join(' ')} and ${view.devices.join(' ')}`);
      }
    }
  }
  return found;
}

/** Everything that the databases of a world at rest disagree about. */
export async function disagreements(world: World, views: Views): Promise<string[]> {
  const found: string[] = [];
  for (const path of [world.relayStore, ...world.present.map(({ store }) => store)]) found.push(...damages(path));
  const relay = new RelayStore(storedCopy(world.relayStore), domain);
  for (const [name, groups] of views) for (const view of groups) found.push(...(await groupDisagreement(relay, name, view)));
  const sessions = new Map<string, readonly ReadySession[]>();
  for (const device of world.present) {
    const store = new ClientStore(storedCopy(device.store));
    found.push(...(await mailboxLeftovers(relay, device)), ...(await preKeyLeftovers(relay, store, device)));
    sessions.set(device.name, await sessionsOf(store, device));
  }
  for (const device of world.present) found.push(...sessionDisagreements(sessions, device));
  return found;
}

function damages(path: string): string[] {
  const database = new Database(path, { fileMustExist: true });
  try {
    const result = database.pragma('integrity_check', { simple: true });
    return result === 'ok' ? [] : [`${path} is damaged: ${String(result)}`];
  } finally {
    database.close();
  }
}

function addressOf({ userId, deviceId }: Device): DeviceAddress {
  return { domain, userId, deviceId };
}

async function mailboxLeftovers(relay: RelayStore, device: Device): Promise<string[]> {
  const head = await relay.mailbox.head(addressOf(device));
  if (head === undefined) return [`the relay does not know ${device.name}`];
  return head.rows === 0 ? [] : [`${head.rows} pushes are left for ${device.name}`];
}

/** What the relay can hand out the device can answer. */
async function preKeyLeftovers(relay: RelayStore, store: ClientStore, device: Device): Promise<string[]> {
  const found: string[] = [];
  const offered = await relay.preKeyStock(addressOf(device));
  const kept = await store.countOneTimePreKeys();
  const remaining = offered?.remaining ?? 0;
  if (kept < remaining) found.push(`the relay has ${remaining} one-time pre-keys of ${device.name}, which has ${kept}`);
  const signed = (await relay.device(addressOf(device)))?.signedPreKey.id;
  const own = (await store.loadAccount())?.account.signedPreKeys.map(({ id }) => id) ?? [];
  if (signed === undefined || !own.includes(signed)) {
    found.push(`the relay has the signed pre-key ${signed ?? 'of nobody'} of ${device.name}, which has ${own.join(' ')}`);
  }
  return found;
}

async function groupDisagreement(relay: RelayStore, name: string, { groupId, members, devices, state }: GroupView): Promise<string[]> {
  if (state !== 'ready') return [`${name} is ${state} in ${groupId}`];
  const record = await relay.groups.group(groupId);
  if (record === undefined) return [`${name} knows ${groupId}, which the relay does not`];
  const said = record.members.map(({ userId, role }) => `${userId} ${role}`).sort();
  const isMember = (userId: string): boolean => record.members.some((member) => member.userId === userId);
  const marked = (await relay.groups.marks(groupId)).map(({ device }) => device).filter(({ userId }) => isMember(userId));
  const named = marked.map(nameOf).sort();
  if (JSON.stringify([said, named]) === JSON.stringify([members, devices])) return [];
  return [`${name} and the relay differ about ${groupId}: ${devices.join(' ')} and ${named.join(' ')}`];
}

/** The sessions that are sealed with: those that were given up are only read. */
async function sessionsOf(store: ClientStore, device: Device): Promise<readonly ReadySession[]> {
  const sessions: ReadySession[] = [];
  const givenUp = new Set((await store.loadGivenUpSessions()).map(({ sessionId }) => sessionId));
  for (const index of await store.loadSessionIndexes()) {
    if (givenUp.has(index.sessionId)) continue;
    const { session } = await store.loadSession(index, addressOf(device));
    if (session.state === 'ready') sessions.push(session);
  }
  return sessions;
}

/** The newest session with each peer is there on both sides, and the peer has read up to where we have sealed. */
function sessionDisagreements(all: ReadonlyMap<string, readonly ReadySession[]>, device: Device): string[] {
  const newest = new Map<string, ReadySession>();
  for (const session of all.get(device.name) ?? []) {
    const peer = nameOf(session.theirAddress);
    if ((newest.get(peer)?.inviteTime ?? -1) < session.inviteTime) newest.set(peer, session);
  }
  const found: string[] = [];
  for (const [peer, session] of newest) {
    const theirs = all.get(peer);
    const same = theirs?.find(({ sessionId }) => sessionId === session.sessionId);
    if (theirs === undefined) continue;
    if (same === undefined) found.push(`${peer} does not have the session that ${device.name} uses`);
    else if (same.ratchet.receivedMessageSequence !== session.ratchet.sendingMessageSequence) {
      const { receivedMessageSequence } = same.ratchet;
      found.push(
        `${device.name} has sealed ${session.ratchet.sendingMessageSequence} for ${peer}, which has read ${receivedMessageSequence}`,
      );
    }
  }
  return found;
}
