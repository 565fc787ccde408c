/**
 * A client with sessions and a group, made anew from the same seed after so many inputs: what an input names (sessions, groups, devices) is there
 * in every world, and what one input changes does not pile up.
 */
import { type DeviceAddress } from '../../lib/base/address.js';
import { asSessionId } from '../../lib/base/brand.js';
import { toBase64 } from '../../lib/base/bytes.js';
import { E2eeError, InternalError } from '../../lib/base/errors.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { type CipherSuite, suiteByName } from '../../lib/crypto/cipher-suite.js';
import { groupSeedLength } from '../../lib/group/key-update.js';
import { type GroupDevice, type GroupMember, groupRoles } from '../../lib/group/membership.js';
import type { ClientEvent } from '../../lib/index.js';
import { encodeContent } from '../../lib/wire/message.js';
import { Party, type PostedMessage } from '../group/party.js';
import { ClientWorld, type Observation } from '../mutation/client-world.js';
import type { Peer } from '../mutation/peer.js';
import { domain } from '../mutation/stand-in-relay.js';
import type { Change } from '../mutation/store-watch.js';
import { seededRun } from '../support/seeded-jobs.js';
import { Finding, type Outcome } from './target.js';

/** Inputs for one world. */
const perWorld = 500;
/** Rows that inputs add by the thousand; a world with more is not used again, because it is looked through after every input. */
const mostRows = 400;
/** Events that one input may cause: a few per device that is in the world. */
const mostEvents = 64;

/** The group that the client is in. */
export const groupAddress = { domain, groupId: 'fuzzed' };
export const groupName = 'a group';

/** A world, and who is in its group. */
export interface Bench {
  readonly world: ClientWorld;
  readonly members: readonly GroupMember[];
  readonly devices: readonly GroupDevice[];
  /** Alice in the group, who manages it; Mallory, who does not. */
  readonly alice: Party;
  readonly mallory: Party;
}

function memberOf(userId: string): GroupMember {
  return { domain, userId, role: userId === 'alice' ? groupRoles.manager : groupRoles.member };
}

function partyOf(peer: Peer, suite: CipherSuite): Party {
  return new Party(suite, peer.address, peer.account.identity.signing, seededRun(`${peer.address.userId} in a group`));
}

/** A new bench. */
export async function openClientBench(): Promise<Bench> {
  const suite = suiteByName('curve25519');
  const world = await ClientWorld.create('fuzz', suite);
  const members = ['alice', 'target', 'mallory'].map(memberOf);
  const devices = [
    ...world.peers.map(({ address, account }) => ({ address, signingKey: account.identity.signing.publicKey })),
    world.device,
  ];
  const group = { name: groupName, address: groupAddress, members };
  const change = { suite, sender: world.alice.address, group, devices };
  const [alice, mallory] = [partyOf(world.alice, suite), partyOf(world.mallory, suite)];
  const seed = new Secret<'GroupSeed'>(copySecret(new Uint8Array(groupSeedLength).fill(7)));
  const sessionId = asSessionId(toBase64(new Uint8Array(16).fill(9)));
  const bundles = alice.open({ suite, address: groupAddress, name: groupName, members, devices, sessionId, seed });
  mallory.announced(change);
  await world.deliverPush(world.signed({ kind: 'create-group', value: change }, world.alice.address));
  for (const posted of bundles) {
    if (posted.to.userId === 'mallory') mallory.bundle(posted);
    if (posted.to.deviceId !== world.address.deviceId) continue;
    const base = world.next(world.alice, posted.content);
    await world.deliverPush(world.messagePush(base.envelope));
    world.alice.session = base.after;
  }
  return { world, members, devices, alice, mallory };
}

/** What a message of a group carries, in the push that brings it. */
export function groupPush({ world }: Bench, { from, sessionId, message }: PostedMessage, peer: Peer): Uint8Array {
  const payload = { kind: 'group', message } as const;
  return world.messagePush({ from, to: groupAddress, messageId: peer.messageId(), sessionId, notification: 0, payload });
}

/** Benches one after another. */
export class Benches {
  #current: Bench | undefined;
  #used = 0;
  #isAltered = false;

  /** The bench for the next input. */
  async next(): Promise<Bench> {
    if (this.#used >= perWorld || this.#hasGrown()) await this.renew();
    this.#used += 1;
    this.#current ??= await openClientBench();
    this.#current.world.changes();
    return this.#current;
  }

  #hasGrown(): boolean {
    const world = this.#current?.world;
    return world !== undefined && world.rows('skipped-key') + world.rows('pre-key') > mostRows;
  }

  /** Something was said that may end sessions or the group: only its absence makes a failure of the health check one. */
  altered(): void {
    this.#isAltered = true;
  }

  /** Ends the current bench; everything must still work. */
  async renew(): Promise<void> {
    const bench = this.#current;
    this.#current = undefined;
    this.#used = 0;
    const isAltered = this.#isAltered;
    this.#isAltered = false;
    if (bench === undefined) return;
    try {
      if (!isAltered) await proveHealth(bench);
    } finally {
      await bench.world.close();
    }
  }
}

async function proveHealth(bench: Bench): Promise<void> {
  const { world, alice } = bench;
  // An input may have had the id that the next push would get, which would then be known.
  world.relay.pushName = 'good push';
  for (const peer of world.peers) await world.deliverGood(world.next(peer, encodeContent(world.text())));
  const seen = await world.deliverPush(groupPush(bench, alice.send(encodeContent(world.text())), world.alice));
  if (seen.received.length !== 1) throw new Finding(`a good message of the group did not arrive: ${typesOf(seen.events).join(', ')}`);
}

function typesOf(events: readonly ClientEvent[]): string[] {
  return events.map((event) => ('code' in event ? `${event.type} ${event.code}` : event.type));
}

const refusals = ['undecryptable', 'bad-server-signature', 'group-change-refused', 'error', 'unhandled-push'];
/** What goes on besides: the way back to the relay, wishes for new sessions, news of devices. */
const besides = ['connection', 'invite-failed', 'invited', 'identity-changed', 'device-added'];

/** Rows that an input may change although it was refused. */
export type Allowed = (change: Change) => boolean;

/** Rows of a session: what was sealed properly moves its ratchet whatever it is worth. */
export function ofSession({ ready }: Peer): Allowed {
  return ({ table, key }) => ['session', 'ratchet', 'skipped-key'].includes(table) && key.includes(ready.sessionId);
}

/** The note that a push was handled, and the numbers of commits and refusals. */
function isBookkeeping({ table, key }: Change): boolean {
  return table === 'push' || (table === 'meta' && (key.startsWith('commits') || key.startsWith('undecryptable')));
}

/** A device that became known, as that of an invite does whatever its keys are worth. A change of a group says nothing of whom it names when it is refused. */
function isMeeting(types: readonly string[], { table, key, before }: Change): boolean {
  const ofGroup = types.some((type) => type.startsWith('group-change-refused'));
  return !ofGroup && table === 'peer' && key.startsWith('device') && before === undefined;
}

/** Judges what came of one input. */
export function judge(what: string, seen: Observation, allowed: Allowed = () => false): Outcome {
  const types = typesOf(seen.events);
  if (types.length > mostEvents) throw new Finding(`${what}: ${types.length} events`);
  for (const event of seen.events) {
    if (event.type !== 'error') continue;
    if (!(event.error instanceof E2eeError) || event.error instanceof InternalError) {
      throw new Finding(`${what}: error while ${event.during}: ${String(event.error)}`, { cause: event.error });
    }
  }
  const main = seen.events.filter(({ type }) => !besides.includes(type));
  const isRefused = main.length > 0 && main.every(({ type }) => refusals.includes(type));
  if (isRefused) {
    const changed = seen.changes.filter((change) => !isBookkeeping(change) && !isMeeting(types, change) && !allowed(change));
    if (changed.length > 0 || seen.received.length > 0) {
      const rows = changed.map(({ table, key }) => `${table} ${JSON.stringify(key.slice(0, 40))}`);
      throw new Finding(`${what}: refused (${types.join(', ')}), yet changed ${rows.join(', ')}; ${seen.received.length} messages`);
    }
  }
  const label = `${what}: ${main[0] === undefined ? 'nothing said' : (typesOf(main)[0] ?? '')}`;
  const tables = [...new Set(seen.changes.map(({ table }) => table))].sort();
  const sent = [...new Set(seen.requests.map(({ name }) => name))].sort();
  return {
    label,
    features: [label, ...types.map((type) => `${what}: ${type}`), `${what} writes ${tables.join()}`, `${what} sends ${sent.join()}`],
  };
}

/** The address of a sender by number. */
export function senderOf({ world }: Bench, number: number): DeviceAddress | undefined {
  const { alice, sibling, mallory, carol, dave } = world;
  return [alice, sibling, mallory, carol, dave][number % 6]?.address;
}
