/** Compares what was noted in a story with what was sent: everything arrived once and in order, nothing was sealed or used twice. */
import type { Device } from './device.js';
import type { SentToGroup, SentToUser } from './ledger.js';
import type { Note } from './notes.js';
import { devicesOf, keysFor } from './owed-keys.js';
import type { World } from './world.js';

type Got = Extract<Note, { note: 'got' }>;

/** Codes of errors of a store that a story has made fail: they are reported, and nothing is lost. */
const storeCodes: readonly string[] = ['disk-full', 'outcome-unknown', 'dropped', 'unavailable', 'stale', 'conflict'];

/** Everything that is wrong at rest. */
export function verdict(world: World): string[] {
  const epochs = epochsOf(world);
  return [
    ...world.troubles,
    ...world.devices.flatMap((device) => [
      ...device.troubles.map((line) => `${device.name} says: ${line}`),
      ...errorsOf(world, device),
      ...misreadings(world, device),
      ...disorder(world, device, epochs),
    ]),
    ...world.ledger.all.flatMap((sent) => unread(world, sent, epochs)),
    ...keysUsedTwice(world),
    ...preKeysUsedTwice(world),
  ];
}

function errorsOf(world: World, { name, notes, restoredAt }: Device): string[] {
  const hasRestored = world.devices.some((device) => device.restoredAt !== undefined);
  return notes.of('event').flatMap(({ type, code = '', during = '' }) => {
    if (type === 'error' && !storeCodes.includes(code)) return [`${name} reports an error during ${during}: ${code}`];
    // Lost sessions, after a restored backup, make messages unreadable; nothing else does. What was held for its time and given up is unread.
    if (type === 'undecryptable' && !['duplicate', 'not-opened'].includes(code) && !hasRestored) return [`${name} cannot decrypt: ${code}`];
    if (type === 'store-rolled-back' && restoredAt === undefined) return [`${name} was told that its store is an old one`];
    return [];
  });
}

/** What the application could not know yet when it was handed a text again: it had not acknowledged it before that process. */
function readings(device: Device): { readonly first: readonly Got[]; readonly repeated: readonly Got[] } {
  const first: Got[] = [];
  const repeated: Got[] = [];
  const handedOut = new Map<string, { life: number; isAcknowledged: boolean }>();
  for (const note of device.notes.all) {
    if (note.note === 'acknowledged') {
      const known = handedOut.get(note.text);
      if (known !== undefined) known.isAcknowledged = true;
    }
    if (note.note !== 'got') continue;
    const before = handedOut.get(note.text);
    if (before === undefined) {
      handedOut.set(note.text, { life: note.life, isAcknowledged: false });
      first.push(note);
    } else {
      if (before.isAcknowledged || before.life === note.life) repeated.push(note);
      before.life = note.life;
    }
  }
  return { first, repeated };
}

function misreadings(world: World, device: Device): string[] {
  const { first, repeated } = readings(device);
  return [
    // A store that was restored has forgotten what it had.
    ...repeated
      .filter(({ text }) => (world.ledger.find(text)?.number ?? 0) >= (device.restoredAt ?? 0))
      .map(({ text }) => `${device.name} got twice: ${text}`),
    ...first.filter((got) => !isRightful(world, device, got)).map(({ text, from }) => `${device.name} got wrongly from ${from}: ${text}`),
  ];
}

function isRightful(world: World, device: Device, { kind, from, groupId, text }: Got): boolean {
  const sent = world.ledger.find(text);
  if (sent === undefined || sent.from !== from || from === device.name) return false;
  if (sent.kind === 'to-user') {
    if (kind === 'message') return sent.userId === device.userId;
    return kind === 'own-device-copy' && sent.userId !== device.userId && from.startsWith(`${device.userId}/`);
  }
  const group = world.groups.find((known) => known.groupId === sent.groupId);
  return kind === 'group-message' && sent.groupId === groupId && group?.everIn.has(device.userId) !== false;
}

/** Messages of one sender to one conversation that came in another order than they were sent in. In a group each epoch is a conversation of its own. */
function disorder(world: World, device: Device, epochs: ReadonlyMap<string, string>): string[] {
  const last = new Map<string, number>();
  const found: string[] = [];
  for (const { kind, from, groupId, text, messageId } of readings(device).first) {
    const number = world.ledger.find(text)?.number ?? -1;
    const stream = groupId === undefined ? `${kind} ${from}` : `${from} ${groupId} ${epochs.get(messageId) ?? ''}`;
    if (number < (last.get(stream) ?? -1) && !mayBeDisordered(world, device, from))
      found.push(`${device.name} got after a later one: ${text}`);
    last.set(stream, Math.max(number, last.get(stream) ?? -1));
  }
  return found;
}

/** In which epoch each message left last: what was sealed anew has another. */
function epochsOf({ devices }: World): Map<string, string> {
  return new Map(devices.flatMap(({ notes }) => notes.of('left').map(({ messageId, sessionId }) => [messageId, sessionId] as const)));
}

/** What a store has forgotten it sends and gets again. */
function mayBeDisordered(world: World, device: Device, from: string): boolean {
  return [device.name, from].some((name) => world.devices.find((one) => one.name === name)?.restoredAt !== undefined);
}

/** Devices that do not have what they must have. */
function unread(world: World, sent: SentToUser | SentToGroup, epochs: ReadonlyMap<string, string>): string[] {
  if (!sent.isStored) return [];
  const must = sent.kind === 'to-user' ? new Set([...sent.readers, ...sent.copies]) : sent.readers;
  const sender = world.devices.find(({ name }) => name === sent.from);
  return world.present
    .filter((device) => device !== sender && must.has(device.name))
    .filter((device) => sent.kind === 'to-user' || isIn(world, sent, device, sender))
    .filter((device) => sent.kind === 'to-user' || !isSealedWithLostKeys(world, sent, device, epochs))
    .filter((device) => !isLostWithAStore(sent, device) && (sender === undefined || !isLostWithAStore(sent, sender)))
    .filter(({ notes }) => !notes.of('got').some(({ text }) => text === sent.text))
    .map(({ name }) => `${name} did not get: ${sent.text}`);
}

/** Whether a device must read a message to a group: sender and reader were in it all the time. */
function isIn(world: World, sent: SentToGroup, device: Device, sender: Device | undefined): boolean {
  const everOut = world.groups.find(({ groupId }) => groupId === sent.groupId)?.everOut;
  return everOut !== undefined && !everOut.has(device.userId) && sender?.isGone === false && !everOut.has(sender.userId);
}

/**
 * What a device sent or was sent before its store was restored may be gone with the state that was lost; and what others sealed for that state it
 * cannot open, and says so.
 */
function isLostWithAStore({ number, messageId }: SentToUser | SentToGroup, device: Device): boolean {
  if (device.restoredAt === undefined) return false;
  return number < device.restoredAt || keepsUnopened(device, messageId) || hasSaid(device, 'undecryptable', messageId);
}

/** Whether a device says of a message to a group that it cannot be opened yet: by an event, or by what its store holds when a process begins. */
function keepsUnopened(device: Device, messageId: string | undefined): boolean {
  return hasSaid(device, 'group-message-held', messageId) || (messageId !== undefined && device.heldMessages.has(messageId));
}

function hasSaid({ notes }: Device, type: string, messageId: string | undefined): boolean {
  return notes.of('event').some((event) => event.type === type && event.messageId === messageId);
}

/**
 * Whether a message was sealed in an epoch whose keys were still to go to `device` when the store of who owed them was restored. The device cannot
 * open it, and says so.
 */
function isSealedWithLostKeys(world: World, { messageId }: SentToGroup, device: Device, epochs: ReadonlyMap<string, string>): boolean {
  const epoch = messageId === undefined ? undefined : epochs.get(messageId);
  if (epoch === undefined) return false;
  const names = [device.name, devicesOf(device.userId)].map((name) => keysFor(epoch, name));
  if (!world.devices.some(({ lostKeys }) => names.some((name) => lostKeys.has(name)))) return false;
  return keepsUnopened(device, messageId);
}

interface Use {
  readonly device: Device;
  /** Number of the note. */
  readonly at: number;
  readonly ciphertext: string;
}

/** One key seals one plaintext, also when two devices have come to the same key. What never left does not count. */
function keysUsedTwice({ devices, relayNotes }: World): string[] {
  const left = new Set(devices.flatMap(({ notes }) => notes.of('left').map(({ ciphertext }) => ciphertext)));
  const passed = new Set(relayNotes.of('passed').map(({ ciphertext }) => ciphertext));
  const uses = new Map<string, Use[]>();
  for (const device of devices) {
    for (const [at, note] of device.notes.all.entries()) {
      if (note.note !== 'sealed' || !left.has(note.ciphertext)) continue;
      const { key, ciphertext } = note;
      const known = uses.get(key) ?? [];
      if (!known.some((use) => use.ciphertext === ciphertext)) uses.set(key, [...known, { device, at, ciphertext }]);
    }
  }
  const isExcused = ([first, second, ...others]: readonly Use[]): boolean =>
    others.length === 0 && first !== undefined && second !== undefined && !passed.has(first.ciphertext) && isUnseen(first, second);
  return [...uses].filter(([, all]) => all.length > 1 && !isExcused(all)).map(([key]) => `one key has sealed two messages: ${key}`);
}

/** Whether the store was restored between the two, to a state of which the relay could not know that it is an old one. */
function isUnseen(first: Use, second: Use): boolean {
  return first.device === second.device && first.device.unseenLosses.some((at) => first.at < at && second.at >= at);
}

/** A one-time pre-key is handed out once, and opens one session. */
function preKeysUsedTwice({ devices, relayNotes }: World): string[] {
  const served = new Set<string>();
  const found: string[] = [];
  for (const { device, oneTimePreKeyId } of relayNotes.of('served')) {
    const name = `${device} ${oneTimePreKeyId}`;
    if (served.has(name)) found.push(`the relay has handed out one-time pre-key ${name} twice`);
    served.add(name);
  }
  const sessions = new Map<string, string>();
  for (const { device, oneTimePreKeyId, sessionId } of devices.flatMap(({ notes }) => notes.of('invited'))) {
    const name = `${device} ${oneTimePreKeyId}`;
    const before = sessions.get(name);
    if (oneTimePreKeyId !== 0 && before !== undefined && before !== sessionId)
      found.push(`one-time pre-key ${name} is used in two sessions`);
    sessions.set(name, sessionId);
  }
  return found;
}
