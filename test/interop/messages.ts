/** `messages-*`: a conversation with losses, delays, repeats and damage, replayed step by step. Spec: crypto.md §7. */
import { E2eeError } from '../../lib/base/errors.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import { runInline } from '../../lib/crypto/execute.js';
import type { Ratchet, RatchetMessage } from '../../lib/ratchet/ratchet.js';
import { SkippedMessageKeys } from '../../lib/ratchet/skipped-message-keys.js';
import { type DecryptedMessage, type ReadySession, decryptMessage, encryptMessage } from '../../lib/session/session.js';
import { decodeContent, decodeEnvelope, encodeContent, encodeEnvelope } from '../../lib/wire/message.js';
import { type SessionRecord, decodeSessionRecord } from '../../lib/wire/session-record.js';
import { type JsonObject, bytes, flag, number, objects, optionalBytes, optionalText, text } from '../support/vectors-json.js';
import { type VectorCase, check, checkBytes } from '../vectors/vector-case.js';
import { type GivenRandomness, runGiven } from './given-randomness.js';
import { base64, checkEqual, checkSuite, object, optionalBase64, suiteOf } from './interop-file.js';

interface Side {
  session: ReadySession;
  readonly skipped: SkippedMessageKeys;
}

/** The message inside an envelope. */
export function messageOf(encoded: Uint8Array): RatchetMessage {
  const { payload } = decodeEnvelope(encoded);
  if (payload.kind !== 'one-to-one') throw new Error('the envelope carries no one-to-one message');
  return payload.message;
}

/** The bytes for the application inside an opened message. */
export function applicationBytes(plaintext: Uint8Array): Uint8Array {
  const content = decodeContent(plaintext);
  if (content.kind !== 'common') throw new Error('the content is not for the application');
  return content.bytes;
}

/** The record as a session that can send. */
export function readySession(loaded: SessionRecord): ReadySession {
  if (loaded.session.state !== 'ready') throw new Error('the stored session is not ready');
  return loaded.session;
}

/** Fails unless all that the two ratchets derive from is the same; how many messages were counted as received is ours alone. */
function checkRatchet(actual: Ratchet, expected: Ratchet): void {
  checkEqual('root sequence', actual.rootSequence, expected.rootSequence);
  checkEqual('sending message sequence', actual.sendingMessageSequence, expected.sendingMessageSequence);
  checkBytes('root key', actual.rootKey.expose(), expected.rootKey.expose());
  checkBytes('our ratchet key', actual.sender.ourRatchetKey, expected.sender.ourRatchetKey);
  checkBytes('the key it was derived against', actual.sender.theirRatchetKey, expected.sender.theirRatchetKey);
  checkEqual('sending position', actual.sender.chainKey.index, expected.sender.chainKey.index);
  checkBytes('sending chain key', actual.sender.chainKey.key.expose(), expected.sender.chainKey.key.expose());
  checkBytes('receiving private key', actual.receiver.ourPrivateKey.expose(), expected.receiver.ourPrivateKey.expose());
  const [ours, theirs] = [actual.receiver.theirRatchetKey, expected.receiver.theirRatchetKey];
  check((ours === undefined) === (theirs === undefined), 'only one side has a receiving chain');
  if (ours !== undefined && theirs !== undefined) checkBytes('their ratchet key', ours, theirs);
  checkEqual('receiving position', actual.receiver.chainKey?.index, expected.receiver.chainKey?.index);
  const [chain, expectedChain] = [actual.receiver.chainKey, expected.receiver.chainKey];
  if (chain !== undefined && expectedChain !== undefined) {
    checkBytes('receiving chain key', chain.key.expose(), expectedChain.key.expose());
  }
}

/**
 * The reference keeps more keys than were ever missing, so ours must be among them, unless a message with altered counters was accepted:
 * then both keep useless ones, each by its own count.
 */
function checkSkipped(ours: SkippedMessageKeys, reference: SkippedMessageKeys, countersAltered: boolean): void {
  for (const { ratchetKey, index, key } of ours.entries()) {
    const found = reference.find(ratchetKey, index);
    if (found !== undefined) checkBytes(`skipped key ${index}`, key.expose(), found.key.expose());
    else check(countersAltered, `the reference keeps no key for position ${index}`);
  }
}

/** A fresh copy of all that a refused message must not change. */
function copyOf(side: Side): { readonly ratchet: Ratchet; readonly skipped: readonly string[] } {
  const { ratchet } = side.session;
  const copied = <Kind extends string>(secret: Secret<Kind>) => new Secret<Kind>(copySecret(secret.expose()));
  const { sender, receiver } = ratchet;
  return {
    ratchet: {
      ...ratchet,
      rootKey: copied(ratchet.rootKey),
      sender: { ...sender, chainKey: { ...sender.chainKey, key: sender.chainKey.key.duplicate() } },
      receiver: {
        ...receiver,
        ourPrivateKey: copied(receiver.ourPrivateKey),
        chainKey: receiver.chainKey === undefined ? undefined : { ...receiver.chainKey, key: receiver.chainKey.key.duplicate() },
      },
    },
    skipped: [...side.skipped.entries()].map(({ index, key, order }) => `${order} ${index} ${Buffer.from(key.expose()).toString('hex')}`),
  };
}

/** The stated parts of a ratchet. */
function checkStated(ratchet: Ratchet, stated: JsonObject): void {
  checkEqual('root sequence', ratchet.rootSequence, number(stated, 'root_sequence'));
  checkBytes('root key', ratchet.rootKey.expose(), bytes(stated, 'root_key_hex'));
  checkEqual('sending message sequence', ratchet.sendingMessageSequence, number(stated, 'sending_message_sequence'));
  checkEqual('sending position', ratchet.sender.chainKey.index, number(stated, 'sender_index'));
  checkBytes('sending chain key', ratchet.sender.chainKey.key.expose(), bytes(stated, 'sender_chain_key_hex'));
  const chainKey = optionalBytes(stated, 'receiver_chain_key_hex');
  if (chainKey === undefined) return;
  const { receiver } = ratchet;
  if (receiver.chainKey === undefined) throw new Error('there is no receiving chain');
  checkEqual('receiving position', receiver.chainKey.index, number(stated, 'receiver_index'));
  checkBytes('receiving chain key', receiver.chainKey.key.expose(), chainKey);
}

/** One conversation being replayed. */
class Replay {
  readonly #sides: ReadonlyMap<string, Side>;
  readonly #sent = new Map<number, Uint8Array>();
  readonly #peerOf: ReadonlyMap<string, string>;
  readonly #startKeys: ReadonlyMap<string, Secret<'AgreementPrivateKey'>>;
  #countersAltered = false;

  constructor(file: JsonObject) {
    const names = [text(file, 'inviter'), text(file, 'invitee')] as const;
    const start = object(file, 'start');
    const load = (name: string): readonly [string, Side] => {
      const loaded = decodeSessionRecord(base64(start, `${name}_session_b64`));
      const session = readySession(loaded);
      checkEqual('suite', session.suite, suiteOf(file));
      return [name, { session, skipped: loaded.skipped }];
    };
    this.#sides = new Map(names.map(load));
    this.#peerOf = new Map([
      [names[0], names[1]],
      [names[1], names[0]],
    ]);
    this.#startKeys = new Map(
      names.map((name) => [name, new Secret(copySecret(this.side(name).session.ratchet.receiver.ourPrivateKey.expose()))]),
    );
  }

  side(name: string): Side {
    const side = this.#sides.get(name);
    if (side === undefined) throw new Error('the file names a side that does not exist');
    return side;
  }

  send(event: JsonObject): void {
    const side = this.side(text(event, 'from'));
    const expectedBytes = base64(event, 'e2ee_msg_b64');
    const envelope = decodeEnvelope(expectedBytes);
    const expected = messageOf(expectedBytes);
    const plaintext = base64(event, 'plaintext_b64');
    const application = base64(event, 'app_plaintext_b64');
    checkBytes('content', encodeContent({ kind: 'common', bytes: application }), plaintext);
    this.#sent.set(number(event, 'msg'), expectedBytes);
    const { session, message, retired } = encryptMessage(side.session, plaintext);
    side.session = session;
    for (const secret of retired) secret.wipe();
    const header = object(event, 'header');
    checkEqual('sequence', message.sequence, number(header, 'sequence'));
    checkEqual('root sequence', message.rootSequence, number(header, 'root_sequence'));
    checkEqual('sending message sequence', message.sendingMessageSequence, number(header, 'sending_message_sequence'));
    checkEqual('sequence on the wire', expected.sequence, message.sequence);
    checkEqual('root sequence on the wire', expected.rootSequence, message.rootSequence);
    checkEqual('sending message sequence on the wire', expected.sendingMessageSequence, message.sendingMessageSequence);
    checkBytes('ratchet key', message.ratchetKey, expected.ratchetKey);
    checkBytes('ciphertext', message.ciphertext, expected.ciphertext);
    checkEqual('session id', envelope.sessionId, session.sessionId);
    checkBytes('envelope', encodeEnvelope({ ...envelope, payload: { kind: 'one-to-one', message } }), expectedBytes);
    checkStated(session.ratchet, object(event, 'sender_after'));
  }

  deliver(event: JsonObject): void {
    const name = text(event, 'to');
    const side = this.side(name);
    const before = copyOf(side);
    const encoded = optionalBase64(event, 'e2ee_msg_b64') ?? this.#sent.get(number(event, 'msg'));
    if (encoded === undefined) throw new Error('the message has not been sent');
    const accepted = flag(event, 'accepted');
    const reload = optionalBase64(event, 'reload_session_b64');
    const opened = this.#open(name, encoded, reload);
    checkEqual('whether it is accepted', opened !== undefined, accepted);
    if (opened === undefined) {
      checkRatchet(side.session.ratchet, before.ratchet);
      checkEqual('received messages', side.session.ratchet.receivedMessageSequence, before.ratchet.receivedMessageSequence);
      checkEqual('skipped keys', copyOf(side).skipped.join(), before.skipped.join());
    } else {
      if (optionalText(event, 'changed') !== undefined) this.#countersAltered = true;
      side.session = opened.session;
      side.skipped.apply(opened.skippedChange);
      for (const secret of opened.retired) secret.wipe();
      checkBytes('application bytes', applicationBytes(opened.plaintext), base64(event, 'app_plaintext_b64'));
      checkEqual('whether fresh randomness was used', opened.stepped, flag(event, 'fresh_randomness_used'));
    }
    checkStated(side.session.ratchet, object(event, 'receiver_after'));
    if (reload !== undefined) {
      const stored = decodeSessionRecord(reload);
      checkRatchet(side.session.ratchet, readySession(stored).ratchet);
      checkSkipped(side.skipped, stored.skipped, this.#countersAltered);
    }
  }

  end(name: string, encoded: Uint8Array): void {
    const side = this.side(name);
    const stored = decodeSessionRecord(encoded);
    const session = readySession(stored);
    checkRatchet(side.session.ratchet, session.ratchet);
    checkSkipped(side.skipped, stored.skipped, this.#countersAltered);
    checkBytes('associated data', side.session.associatedData, session.associatedData);
  }

  #open(name: string, encoded: Uint8Array, reload: Uint8Array | undefined): DecryptedMessage | undefined {
    const { session, skipped } = this.side(name);
    try {
      // A message goes to the session it names; the reference drops it when there is none.
      if (decodeEnvelope(encoded).sessionId !== session.sessionId) return undefined;
      const computation = decryptMessage(session, skipped, messageOf(encoded));
      return reload === undefined ? runInline(computation) : runGiven(computation, this.#randomnessOf(name, reload));
    } catch (error) {
      if (error instanceof E2eeError && error.code !== 'unexpected-randomness') return undefined;
      throw error;
    }
  }

  /** What the reference drew: visible in the state it stored, and openable with the peer's private key. */
  #randomnessOf(name: string, reload: Uint8Array): GivenRandomness {
    const { ratchet } = readySession(decodeSessionRecord(reload));
    const peerKey = this.#startKeys.get(this.#peerOf.get(name) ?? '');
    if (peerKey === undefined) throw new Error('the peer has no key');
    return {
      encapsulations: [{ publicKey: ratchet.sender.theirRatchetKey, ciphertext: ratchet.sender.ourRatchetKey, privateKey: peerKey }],
      keyPair: {
        publicKey: ratchet.sender.ourRatchetKey,
        privateKey: () => new Secret(copySecret(ratchet.receiver.ourPrivateKey.expose())),
      },
    };
  }
}

/** One case per event, then the stored sessions at the end. An event builds on those before it. */
export function messageCases(file: JsonObject): VectorCase[] {
  let replay: Replay | undefined;
  const running = () => {
    if (replay === undefined) throw new Error('the conversation did not start');
    return replay;
  };
  const end = object(file, 'end');
  return [
    {
      name: 'start',
      run: () => {
        checkSuite(file);
        replay = new Replay(file);
      },
    },
    ...objects(file, 'events').map((event, position): VectorCase => {
      const operation = text(event, 'op');
      return {
        name: `event ${position}: ${operation}`,
        run: () => {
          if (operation === 'send') running().send(event);
          else if (operation === 'deliver') running().deliver(event);
          else throw new Error('this event is not known');
        },
      };
    }),
    ...[text(file, 'inviter'), text(file, 'invitee')].map((name): VectorCase => ({
      name: `end: ${name}`,
      run: () => running().end(name, base64(end, `${name}_session_b64`)),
    })),
  ];
}
