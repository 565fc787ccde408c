/** A group of the vectors being replayed: every device with what it was given so far. */
import { type DeviceAddress, sameDevice } from '../../lib/base/address.js';
import { E2eeError } from '../../lib/base/errors.js';
import { runInline } from '../../lib/crypto/execute.js';
import { verify } from '../../lib/crypto/signature.js';
import { type Epoch, chainOf } from '../../lib/group/epoch.js';
import type { Group } from '../../lib/group/group.js';
import { type ChainPosition, positionIn } from '../../lib/group/member-chain.js';
import { decodeAccountRecord } from '../../lib/wire/account-record.js';
import { type GroupSessionRecord, decodeGroupSessionRecord, encodeGroupSessionRecord } from '../../lib/wire/group-session-record.js';
import { decodeContent, decodeEnvelope, encodeEnvelope } from '../../lib/wire/message.js';
import type { GroupPreKeyBundle } from '../../lib/wire/group.js';
import { Party, type PostedBundle, type PostedMessage, snapshot } from '../group/party.js';
import { type JsonObject, bytes, flag, number, objects, optionalText, text } from '../support/vectors-json.js';
import { check, checkBytes } from '../vectors/vector-case.js';
import { type ControlMessage, controlMessageOf, controlMessageOfEpoch } from './group-control.js';
import { base64, checkEqual, object, optionalBase64, optionalObject, suiteOf } from './interop-file.js';

/** A message the file has sent, and what it says. */
interface Sent {
  readonly encoded: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** How the messages marked `late` fared: the reference refuses all of them. */
export interface LateMessages {
  opened: number;
  refused: number;
}

/** All devices of one file. */
export class GroupReplay {
  readonly late: LateMessages = { opened: 0, refused: 0 };
  readonly #parties = new Map<string, Party>();
  readonly #sent = new Map<number, Sent>();
  /** What our devices handed over and the file has not named yet. */
  #made: PostedBundle[] = [];

  constructor(file: JsonObject) {
    const suite = suiteOf(file);
    const accounts = object(file, 'accounts');
    for (const name of Object.keys(accounts)) {
      const { account } = decodeAccountRecord(base64(accounts, name));
      checkEqual('suite', account.suite, suite);
      this.#parties.set(name, new Party(suite, account.address, account.identity.signing, runInline));
    }
  }

  /** The device that the file calls `name`. */
  party(name: string): Party {
    const party = this.#parties.get(name);
    if (party === undefined) throw new Error(`the file has no account of ${name}`);
    return party;
  }

  /** The device named in `by` changes the group: what it asked for was accepted. */
  act(epoch: JsonObject): void {
    const party = this.party(text(epoch, 'by'));
    const control = controlMessageOfEpoch(epoch);
    if (control.kind === 'add') {
      const own = chainOf(party.epoch, party.self.address);
      checkEqual('sequence of the change', control.message.sequence, own?.positions.at(-1)?.chainKey.index);
      this.#made.push(...party.added(control.message));
      return;
    }
    const { message } = control;
    if ('removingMembers' in message && !message.group.members.some(({ userId }) => userId === party.self.address.userId)) {
      this.#made.push(...party.removed(message));
      return;
    }
    const { group, suite, devices } = message;
    if (group.address === undefined) throw new Error('the group has no address');
    const bundle = this.#seedBundleOf(epoch);
    this.#made.push(
      ...party.open({
        suite,
        address: group.address,
        name: group.name,
        members: group.members,
        devices,
        sessionId: bundle.sessionId,
        seed: bundle.seed,
      }),
    );
  }

  /** The device is given one thing. */
  deliver(delivery: JsonObject): void {
    const party = this.party(text(delivery, 'to'));
    const content = optionalBase64(delivery, 'plaintext_b64');
    if (content !== undefined) {
      const { kind, bundles } = party.bundle({ from: this.party(text(delivery, 'from')).self.address, to: party.self.address, content });
      check(kind !== 'known', 'a bundle was not needed');
      this.#made.push(...bundles);
      return;
    }
    this.#made.push(...this.#announce(party, controlMessageOf(text(delivery, 'type'), base64(delivery, 'msg_b64'))));
  }

  /** The bundle of the file is one that our device has handed over, byte for byte. */
  checkBundle(delivery: JsonObject): void {
    const [from, to] = [this.party(text(delivery, 'from')).self.address, this.party(text(delivery, 'to')).self.address];
    const position = this.#made.findIndex((made) => sameDevice(made.from, from) && sameDevice(made.to, to));
    const [made] = position < 0 ? [] : this.#made.splice(position, 1);
    if (made === undefined) throw new Error('our device has handed over no such bundle');
    checkBytes('the bundle', made.content, base64(delivery, 'plaintext_b64'));
  }

  /** Nothing was handed over that the file does not name. */
  checkNothingElseMade(): void {
    const left = this.#made;
    this.#made = [];
    checkEqual('bundles that the file does not name', left.length, 0);
  }

  /** The device keeps exactly these chains, and nothing of the group when the reference keeps nothing. */
  checkSessions(name: string, sessions: readonly JsonObject[]): void {
    const party = this.party(name);
    if (sessions.length === 0) {
      check(party.group === undefined, 'something of the group is kept');
      return;
    }
    const { epoch } = party;
    checkEqual('number of chains', epoch.chains.size, sessions.length);
    checkEqual('bundles that wait', party.waitingBundles.length, 0);
    for (const session of sessions) {
      const sender = this.party(text(session, 'sender'));
      checkEqual('session id', epoch.sessionId, text(session, 'session_id'));
      checkEqual('direction', text(session, 'direction'), sender === party ? 'outbound' : 'inbound');
      checkPosition(epoch, sender.self.address, session);
      const stored = optionalBase64(session, 'group_session_b64');
      if (stored !== undefined) checkRecord(recordOf(party, sender.self.address, epoch), stored);
    }
  }

  send(event: JsonObject): void {
    const party = this.party(text(event, 'from'));
    const encoded = base64(event, 'e2ee_msg_b64');
    const plaintext = base64(event, 'plaintext_b64');
    this.#sent.set(number(event, 'msg'), { encoded, plaintext });
    const expected = postedMessageOf(encoded);
    const { sessionId, message } = party.send(plaintext, true);
    checkEqual('session id', sessionId, expected.sessionId);
    checkEqual('sequence', message.sequence, number(event, 'sequence'));
    checkEqual('sequence on the wire', message.sequence, expected.message.sequence);
    checkBytes('ciphertext', message.ciphertext, expected.message.ciphertext);
    const { signature } = party.suite;
    for (const each of [message, expected.message]) {
      check(verify(signature, party.self.signingKey, each.ciphertext, each.signature), 'the signature does not verify');
    }
    const envelope = decodeEnvelope(encoded);
    checkBytes('envelope', encodeEnvelope({ ...envelope, payload: { kind: 'group', message: expected.message } }), encoded);
    checkPosition(party.epoch, party.self.address, object(event, 'sender_after'));
  }

  /** A message arrives; the bytes may be altered. */
  receive(event: JsonObject): void {
    const party = this.party(text(event, 'to'));
    const sent = this.#sent.get(number(event, 'msg'));
    const encoded = optionalBase64(event, 'e2ee_msg_b64') ?? sent?.encoded;
    if (encoded === undefined) throw new Error('the message has not been sent');
    const posted = postedMessageOf(encoded);
    const before = JSON.stringify(party.snapshot());
    const plaintext = opened(party, posted);
    const isLate = event['late'] === true;
    if (plaintext === undefined) checkEqual('state after a refusal', JSON.stringify(party.snapshot()) === before, true);
    if (isLate) this.late[plaintext === undefined ? 'refused' : 'opened'] += 1;
    else checkEqual('whether it is accepted', plaintext !== undefined, flag(event, 'accepted'));
    const expected = optionalBase64(event, 'plaintext_b64') ?? sent?.plaintext;
    if (plaintext !== undefined && expected !== undefined) checkBytes('plaintext', plaintext, expected);
    const after = optionalObject(event, 'receiver_after');
    if (after === undefined) check(party.group === undefined, 'something of the group is kept');
    else checkPosition(party.epoch, posted.from, after);
  }

  #announce(party: Party, control: ControlMessage): PostedBundle[] {
    if (control.kind === 'create') return party.announced(control.message);
    return control.kind === 'add' ? party.added(control.message) : party.removed(control.message);
  }

  /** The bundle that carries the seed which `by` has drawn. */
  #seedBundleOf(epoch: JsonObject): GroupPreKeyBundle {
    for (const delivery of objects(epoch, 'deliveries')) {
      const content = optionalText(delivery, 'plaintext_b64') === undefined ? undefined : decodeContent(base64(delivery, 'plaintext_b64'));
      if (content?.kind === 'group-pre-key-bundle' && text(delivery, 'from') === text(epoch, 'by')) return content.bundle;
    }
    throw new Error('no bundle carries the seed');
  }
}

function opened(party: Party, posted: PostedMessage): Uint8Array | undefined {
  try {
    return party.receiveNow(posted);
  } catch (error) {
    if (error instanceof E2eeError) return undefined;
    throw error;
  }
}

function postedMessageOf(encoded: Uint8Array): PostedMessage {
  const { from, sessionId, payload } = decodeEnvelope(encoded);
  if (payload.kind !== 'group') throw new Error('the envelope carries no group message');
  return { from, sessionId, message: payload.message };
}

function standing(epoch: Epoch, sender: DeviceAddress): ChainPosition {
  const chain = chainOf(epoch, sender);
  const position = chain === undefined ? undefined : positionIn(chain, epoch.generation);
  if (position === undefined) throw new Error('the chain has no keys');
  return position;
}

function checkPosition(epoch: Epoch, sender: DeviceAddress, expected: JsonObject): void {
  const { chainKey } = standing(epoch, sender);
  checkEqual('position', chainKey.index, number(expected, 'sequence'));
  checkBytes('chain key', chainKey.key.expose(), bytes(expected, 'chain_key_hex'));
}

function recordOf(party: Party, sender: DeviceAddress, epoch: Epoch): GroupSessionRecord {
  const { chainKey } = standing(epoch, sender);
  const { address, name, members, suite }: Group = party.group ?? noGroup();
  return {
    suite,
    sessionId: epoch.sessionId,
    sender,
    owner: party.self.address,
    group: { name, address, members },
    sequence: chainKey.index,
    chainKey: chainKey.key,
    seed: undefined,
    signingKey: chainOf(epoch, sender)?.signingKey,
  };
}

function checkRecord(ours: GroupSessionRecord, stored: Uint8Array): void {
  const decoded = decodeGroupSessionRecord(stored);
  checkBytes('record decoded and encoded', encodeGroupSessionRecord(decoded), stored);
  checkEqual('record', JSON.stringify(snapshot(decoded)), JSON.stringify(snapshot({ ...decoded, ...ours })));
  checkBytes('our record', encodeGroupSessionRecord(ours), stored);
}

function noGroup(): never {
  throw new Error('the device is in no group');
}
