/** Compares a world at rest with the model: everybody who should read reads everything once and in order, and nobody else can. */
import type { SentToGroup, SentToUser } from './ledger.js';
import { groupDisagreements } from './group-agreement.js';
import { repeatedKeys } from './key-use.js';
import type { Receipt, StoryDevice } from './story-device.js';
import type { World } from './world.js';

/** Everything that is wrong in `world`. */
export async function verdict(world: World): Promise<readonly string[]> {
  return [
    ...world.troubles,
    ...world.devices.flatMap((device) => [...errorsOf(device), ...misreadings(world, device), ...disorder(world, device)]),
    ...world.ledger.all.flatMap((sent) => unread(world, sent)),
    ...(await groupDisagreements(world)),
    ...repeatedKeys(world),
  ];
}

/** Errors that a device reports. */
export function errorsOf({ name, events }: StoryDevice): string[] {
  return events.flatMap((event) =>
    event.type === 'error'
      ? [
          `${name} reports an error during ${event.during}: ${event.error instanceof Error ? (event.error.stack ?? '') : String(event.error)}`,
        ]
      : [],
  );
}

/** Texts that came twice, that nobody sent, that came from somebody else or to somebody who must not read them. */
export function misreadings(world: World, device: StoryDevice): string[] {
  return [
    ...device.repeated.map((text) => `${device.name} got twice: ${text}`),
    ...device.receipts.filter((receipt) => !isRightful(world, device, receipt)).map(({ text }) => `${device.name} got wrongly: ${text}`),
  ];
}

function isRightful(world: World, device: StoryDevice, { kind, from, groupId, text }: Receipt): boolean {
  const sent = world.ledger.find(text);
  if (sent === undefined || sent.from.key !== from || sent.from === device) return false;
  if (sent.kind === 'to-group') {
    const { possible } = receiversOf(world, sent);
    return kind === 'group-message' && sent.groupId === groupId && possible.has(device.key);
  }
  if (kind === 'message') return sent.userId === device.address.userId;
  return kind === 'own-device-copy' && sent.userId !== device.address.userId && sent.from.address.userId === device.address.userId;
}

function receiversOf(
  world: World,
  { messageId, text }: SentToGroup,
): { readonly certain: ReadonlySet<string>; readonly possible: ReadonlySet<string> } {
  if (messageId !== undefined) return world.traffic.receivers(messageId);
  // A crash has kept the id from the caller: whoever was ever in the group is not held to have read it wrongly.
  const groupId = world.ledger.find(text)?.kind === 'to-group' ? (world.ledger.find(text) as SentToGroup).groupId : '';
  return { certain: new Set(), possible: new Set(world.host.history.flatMap((groups) => [...(groups.get(groupId)?.devices ?? [])])) };
}

/**
 * Messages of one sender to one conversation that came in another order than they were sent in. The epochs of a group are conversations of their
 * own: when the keys of a later one come first, its messages do not wait for those of the earlier.
 */
function disorder({ ledger, traffic }: World, device: StoryDevice): string[] {
  const sessions = new Map(traffic.messages.map(({ messageId, sessionId }) => [messageId, sessionId]));
  const last = new Map<string, number>();
  const found: string[] = [];
  for (const { kind, from, groupId, text } of device.receipts) {
    const sent = ledger.find(text);
    const number = sent?.number ?? -1;
    const epoch = sent?.kind === 'to-group' ? (sessions.get(sent.messageId ?? '') ?? '') : '';
    const stream = `${kind} ${from} ${groupId ?? ''} ${epoch}`;
    if (number < (last.get(stream) ?? -1)) found.push(`${device.name} got after a later one: ${text}`);
    last.set(stream, Math.max(number, last.get(stream) ?? -1));
  }
  return found;
}

/** Devices that do not have what they must have. */
function unread(world: World, sent: SentToUser | SentToGroup): string[] {
  if (!sent.isStored) return [];
  const must = sent.kind === 'to-user' ? new Set([...sent.readers, ...sent.copies]) : groupReaders(world, sent);
  return (
    world.present
      .filter(({ key, receipts }) => must.has(key) && !receipts.some(({ text }) => text === sent.text))
      // What the lost state had received, and what was sealed with keys that only it knew, does not come again.
      .filter(({ restores }) => restores === 0 || sent.number >= world.healedSince)
      .filter((device) => sent.kind === 'to-user' || !isLostWithItsKeys(world, device, sent))
      .map(({ name }) => `${name} did not get: ${sent.text}`)
  );
}

/**
 * Whether what is missing could not be opened, with an event, and never can. Who was removed and added again has lost the keys of the time before; a
 * sender that has not heard of it may still use them. And what came before its keys is not opened with those of a device that is gone by then.
 */
function isLostWithItsKeys(world: World, { key, events }: StoryDevice, { from, groupId, messageId }: SentToGroup): boolean {
  const presence = world.host.history.map((groups) => groups.get(groupId)?.devices.has(key) === true);
  const wasOut = presence.slice(presence.indexOf(true)).includes(false);
  return (wasOut || from.isGone) && events.some((event) => event.type === 'group-message-held' && event.messageId === messageId);
}

/** Devices that were in the group when the relay took the message, since it was sent, and that the sender knew to be there. */
function groupReaders(world: World, sent: SentToGroup): Set<string> {
  const { certain } = receiversOf(world, sent);
  const { history } = world.host;
  const stays = (device: string): boolean =>
    history.slice(sent.since).every((groups) => {
      const group = groups.get(sent.groupId);
      return group?.devices.has(device) === true && ![...group.leaving].some((userId) => device.includes(JSON.stringify(userId)));
    });
  return new Set([...certain].filter((device) => sent.sealedFor.has(device) && stays(device)));
}
