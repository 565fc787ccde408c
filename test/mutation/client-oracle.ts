/** Judges what a client did with a damaged frame: which layer stopped it, and whether anything happened that must not. */
import type { DeviceAddress } from '../../lib/base/address.js';
import { sameDevice, sameUser } from '../../lib/base/address.js';
import { utf8 } from '../../lib/base/bytes.js';
import { E2eeError, InternalError } from '../../lib/base/errors.js';
import type { ClientEvent } from '../../lib/index.js';
import { RowKeyReader } from '../../lib/store/row-key.js';
import { keyBytes } from '../../lib/store/key-text.js';
import { isGroupAddress } from '../../lib/wire/address.js';
import type { Frame } from '../../lib/wire/frame.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import { decodeContent } from '../../lib/wire/message.js';
import { type PushPayload, type ReceivedPush, decodePayload, decodePush, pushIdOf } from '../../lib/wire/push.js';
import { requests } from '../../lib/wire/request.js';
import type { Base, ClientWorld, Observation } from './client-world.js';
import type { Layer, Verdict } from './report.js';
import type { Change } from './store-watch.js';

/** One damaged frame. */
export interface ClientMutant {
  readonly group: string;
  readonly name: string;
  readonly frame: Uint8Array;
  /** The message it was made from. */
  readonly base?: Base;
  /** The base itself seals the damage: it is what the peer said, so its ratchet moves on whatever it is worth. */
  readonly sealed?: boolean;
  /** The push it was made from; one that says the same, under the same signature, may have its effect. */
  readonly original?: Uint8Array;
  /** A device that may become known, without keys: that of an invite whose pre-key is gone. */
  readonly mayMeet?: DeviceAddress;
}

/** What the client was asked to do, as far as it can be read. */
interface Reading {
  readonly frame: Frame | undefined;
  readonly push: ReceivedPush | undefined;
  /** Also of a push that cannot be decoded. */
  readonly pushId: string | undefined;
  readonly payload: PushPayload | undefined;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof E2eeError) return undefined;
    throw error;
  }
}

function readMutant(frameBytes: Uint8Array): Reading {
  const frame = attempt(() => decodeFrame(frameBytes));
  const push = frame?.kind === 'push' ? attempt(() => decodePush(frame.body)) : undefined;
  const pushId = frame?.kind === 'push' ? (push === undefined ? pushIdOf(frame.body) : push.tag?.id) : undefined;
  return { frame, push, pushId, payload: push === undefined ? undefined : attempt(() => decodePayload(push.payload)) };
}

const ratchetCodes = ['counter', 'ratchet-key', 'root-sequence', 'duplicate', 'stale', 'gap-too-large', 'exhausted', 'not-authentic'];
const sessionCodes = ['unknown-session', 'not-ready'];
const addressCodes = ['wrong-recipient', 'wrong-sender'];
/** Also seen: a wish for a new session that was not granted, the way back to the relay, and what precedes the refusal of an invite. */
const besides = ['invite-failed', 'connection', 'invited', 'identity-changed'];

/** Codes of changes of groups that are over here already. */
const overCodes = ['unknown-group', 'nothing-to-do'];

function isRefusal(event: ClientEvent): boolean {
  if (event.type === 'group-change-refused') return event.change === 'keys' || !overCodes.includes(event.code);
  return event.type === 'undecryptable';
}

/** Whether the event is counted. */
function isRefused({ type }: ClientEvent): boolean {
  return type === 'undecryptable' || type === 'bad-server-signature';
}

function fail(mutant: ClientMutant, what: string, seen: Observation): never {
  const events = JSON.stringify(seen.events, (_name, value: unknown) =>
    value instanceof Error ? `${value.name}: ${value.message}` : value,
  );
  const changes = seen.changes.map(({ table, key }) => `${table} ${JSON.stringify(key)}`).join(', ');
  throw new Error(
    `${mutant.group} / ${mutant.name}: ${what}\nevents ${events}\nchanged rows: ${changes}\nframe ${Buffer.from(mutant.frame.subarray(0, 200)).toString('hex')}`,
  );
}

/** Judges; throws when something happened that must not. */
export function judgeClient(world: ClientWorld, mutant: ClientMutant, seen: Observation): Verdict {
  const reading = readMutant(mutant.frame);
  const changes = checkBookkeeping(mutant, reading, seen);
  const validSession = hasSession(world, reading);
  const main = seen.events.filter(({ type }) => !besides.includes(type));
  if (main.length > 1) fail(mutant, 'more than one event', seen);
  const [event] = main;
  if (event?.type === 'message' || event?.type === 'own-device-message') {
    checkDelivery(world, mutant, reading, seen, changes);
    return { layer: 'handler', harmless: true, validSession };
  }
  if (seen.received.length > 0) fail(mutant, 'a message came without an event', seen);
  if (mutant.original !== undefined && saysTheSame(mutant.original, reading.push)) {
    return { layer: 'handler', harmless: true, validSession };
  }
  const verdict = { layer: event === undefined ? silentLayer(world, mutant, reading, seen) : layerOf(mutant, event, seen), validSession };
  const allowed = allowedChange(world, mutant, verdict.layer);
  if (!changes.every(allowed)) fail(mutant, 'the store has changed', seen);
  return { ...verdict, harmless: false };
}

/** What every handled push leaves: its own id, consumed with the outcome that the event tells; and the commit counter. Returns all other changes. */
function checkBookkeeping(mutant: ClientMutant, { pushId }: Reading, seen: Observation): readonly Change[] {
  const handled = seen.changes.filter(({ table, after }) => table === 'push' && after !== undefined);
  for (const { key } of handled) {
    const reader = new RowKeyReader(keyBytes(key));
    reader.text();
    if (reader.text() !== pushId) fail(mutant, 'another push was noted as handled', seen);
  }
  if (handled.length > 1) fail(mutant, 'more than one push was noted as handled', seen);
  const consumed = seen.requests
    .filter(({ name }) => name === 'consume_proto_msg')
    .map(({ body }) => requests.consume_proto_msg.decodeRequest(body));
  if (consumed.length > 1 || consumed.some((consume) => consume.pushId !== pushId)) fail(mutant, 'another push was acknowledged', seen);
  const [acknowledged] = consumed;
  const expected = seen.events.some(({ type }) => type === 'bad-server-signature') ? 2 : seen.events.some(isRefusal) ? 3 : 1;
  if (handled.length === 1 && acknowledged?.outcome !== expected)
    fail(mutant, `acknowledged with ${acknowledged?.outcome} instead of ${expected}`, seen);
  if (
    pushId !== undefined &&
    consumed.length === 0 &&
    seen.events.some((event) => isRefusal(event) || event.type === 'bad-server-signature')
  ) {
    fail(mutant, 'a refused push was not acknowledged', seen);
  }
  // A new connection is greeted with a number of its own. Design D4.
  const isCount = (key: string): boolean =>
    key.startsWith('commits') ||
    (key.startsWith('undecryptable') && seen.events.some(isRefused)) ||
    (key.startsWith('greetings') && seen.events.some(({ type }) => type === 'connection'));
  return seen.changes.filter(({ table, key }) => table !== 'push' && !(table === 'meta' && isCount(key)));
}

function hasSession({ peers, carol, answer }: ClientWorld, { push, payload }: Reading): boolean {
  if (push === undefined || payload === undefined) return false;
  if (payload.kind === 'accept') return sameDevice(payload.value.from, carol.address) && payload.value.suite === answer.suite;
  if (payload.kind !== 'message') return false;
  const { sessionId, from } = payload.value;
  return [...peers, carol].some(
    ({ ready }) => ready.sessionId === sessionId && sameDevice(ready.theirAddress, push.to) && sameDevice(ready.ourAddress, from),
  );
}

/** The message must be the one that was sealed, from its sender, once, and only its session may have moved. */
function checkDelivery(
  world: ClientWorld,
  mutant: ClientMutant,
  { payload }: Reading,
  seen: Observation,
  changes: readonly Change[],
): void {
  const { base } = mutant;
  const [message, ...more] = seen.received;
  if (base === undefined || message === undefined || more.length > 0)
    return fail(mutant, 'a message came from nowhere, or more than one', seen);
  const content = decodeContent(base.content);
  if (content.kind !== 'common' && content.kind !== 'sync') return fail(mutant, 'a message came out of other content', seen);
  if (Buffer.compare(message.bytes, content.bytes) !== 0) fail(mutant, 'the message is not the one that was sealed', seen);
  if (message.kind !== (content.kind === 'common' ? 'message' : 'own-device-copy')) fail(mutant, 'the message is of the wrong kind', seen);
  if (content.kind === 'sync' && base.peer !== world.sibling) fail(mutant, 'a copy came from another user', seen);
  if (!sameDevice(message.from, base.peer.address)) fail(mutant, 'the message is not from the one who sealed it', seen);
  if (payload?.kind !== 'message' || message.messageId !== payload.value.messageId) return fail(mutant, 'the message has another id', seen);
  const { from, to } = payload.value;
  if (!sameDevice(from, base.peer.address)) fail(mutant, 'the envelope names another sender', seen);
  if (isGroupAddress(to) || !sameUser(to, world.address) || !['', world.address.deviceId].includes(to.deviceId)) {
    fail(mutant, 'the envelope names another receiver', seen);
  }
  if (!changes.every(sessionOf(base))) fail(mutant, 'something else than the session has changed', seen);
}

/** Rows that a message from `base` may change when it was opened. */
function sessionOf({ peer }: Base): (change: Change) => boolean {
  const id = peer.ready.sessionId;
  return ({ table, key }) => {
    if (table === 'session' || table === 'ratchet' || table === 'skipped-key') return key.includes(id);
    return (
      table === 'inbox' ||
      (table === 'peer' && key.startsWith('delivered') && key.includes(peer.address.userId) && key.includes(peer.address.deviceId))
    );
  };
}

function allowedChange(world: ClientWorld, { base, sealed, mayMeet }: ClientMutant, layer: Layer): (change: Change) => boolean {
  const never = (): boolean => false;
  const ofSession = base !== undefined && sealed === true && (layer === 'content' || layer === 'handler') ? sessionOf(base) : never;
  const isMet = ({ table, key, before }: Change): boolean => {
    if (table !== 'peer' || before !== undefined || !key.startsWith('device')) return false;
    // An own device may name others: that is what it is for.
    if (sealed === true && base?.peer === world.sibling && decodeContent(base.content).kind === 'user-devices') return true;
    return mayMeet !== undefined && key.includes(Buffer.from(utf8(mayMeet.userId)).toString('latin1'));
  };
  // Keys of a group that nobody has announced wait for that, in memory of their own.
  const areKeys = ({ table, key, before }: Change): boolean =>
    sealed === true && table === 'group' && before === undefined && key.startsWith('keys');
  const isEarly = ({ table, key, before }: Change): boolean =>
    layer === 'session' &&
    table === 'pending' &&
    before === undefined &&
    key.startsWith('early') &&
    key.includes(world.carol.ready.sessionId);
  return (change) => ofSession(change) || isMet(change) || areKeys(change) || isEarly(change);
}

function saysTheSame(original: Uint8Array, push: ReceivedPush | undefined): boolean {
  if (push === undefined) return false;
  const good = decodePush(original);
  const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
    a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
  return (
    good.payload.kind === push.payload.kind &&
    same(good.parts.from, push.parts.from) &&
    same(good.parts.to, push.parts.to) &&
    same(good.parts.payload, push.parts.payload) &&
    same(good.parts.tag, push.parts.tag) &&
    push.signatures.length > 0 &&
    push.signatures.every(({ signature }) => same(signature, good.signatures[0]?.signature))
  );
}

function layerOf(mutant: ClientMutant, event: ClientEvent, seen: Observation): Layer {
  switch (event.type) {
    case 'error':
      if (!(event.error instanceof E2eeError) || event.error instanceof InternalError)
        fail(mutant, 'an error that is not meant to happen', seen);
      return event.during === 'decoding a push' ? 'decode' : 'handler';
    case 'bad-server-signature':
      return 'signature';
    case 'undecryptable': {
      const { code, from, messageId } = event;
      if (mutant.sealed === true) return code === 'wrong-sender' ? 'handler' : 'content';
      if (addressCodes.includes(code)) return 'address';
      if (from === undefined) return 'decode';
      if (sessionCodes.includes(code)) return 'session';
      if (messageId === undefined) return 'handler';
      return ratchetCodes.includes(code) ? 'ratchet' : fail(mutant, `a message was refused with the unexpected code ${code}`, seen);
    }
    case 'group-keys-received':
      return mutant.sealed === true ? 'handler' : fail(mutant, 'keys of a group came out of a damaged message', seen);
    case 'group-change-refused':
    case 'push':
    case 'suite-upgrade':
    case 'unhandled-push':
    case 'device-added':
    case 'device-removed':
      return 'handler';
    default:
      return fail(mutant, `an event that no damage should cause: ${event.type}`, seen);
  }
}

/** Without an event of its own: the connection ended, or the frame is one of the few that say nothing. */
function silentLayer({ carol }: ClientWorld, mutant: ClientMutant, { frame, push, pushId, payload }: Reading, seen: Observation): Layer {
  // Told of once per connection.
  if (frame?.kind === 'push' && push === undefined && pushId === undefined) return 'decode';
  if (seen.events.some(({ type }) => type === 'connection')) return 'frame';
  // A body of a later schema, the answer to nothing that was asked, a sign of life.
  if (frame?.kind === 'unknown' || frame?.kind === 'response' || (frame?.kind === 'heartbeat' && seen.echoes === 1)) return 'frame';
  if (push?.payload.kind === 'server-heartbeat' && push.tag === undefined) return 'handler';
  if (payload?.kind === 'message') {
    // Kept and acknowledged until the session's accept has come.
    if (payload.value.sessionId === carol.ready.sessionId && seen.requests.length === 1) return 'session';
  }
  if (mutant.group === 'replayed push' && seen.requests.length === 1) return 'handler';
  // Own devices may name others.
  if (mutant.sealed === true && mutant.base !== undefined && decodeContent(mutant.base.content).kind === 'user-devices') return 'handler';
  return fail(mutant, 'nothing was said about it', seen);
}
