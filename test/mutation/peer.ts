/** A device that speaks to the client under test, made of the pure core: it can say anything, and go back to any state of its own. */
import { type Account, createAccount, currentSignedPreKey } from '../../lib/account/account.js';
import { identityKeyOf } from '../../lib/account/identity-key.js';
import { type OneTimePreKey, oneTimePreKeyPublic } from '../../lib/account/one-time-pre-key.js';
import type { PreKeyBundle } from '../../lib/account/pre-key-bundle.js';
import { signedPreKeyPublic } from '../../lib/account/signed-pre-key.js';
import type { DeviceAddress } from '../../lib/base/address.js';
import { type MessageId, asMessageId, asSessionId } from '../../lib/base/brand.js';
import { toBase64 } from '../../lib/base/bytes.js';
import type { CipherSuite } from '../../lib/crypto/cipher-suite.js';
import { SkippedMessageKeys } from '../../lib/ratchet/skipped-message-keys.js';
import { accept, complete, initiate } from '../../lib/session/handshake.js';
import {
  type Accept,
  type Invite,
  type InvitedSession,
  type ReadySession,
  decryptMessage,
  encryptMessage,
} from '../../lib/session/session.js';
import type { Envelope } from '../../lib/wire/message.js';
import type { Run } from '../support/seeded-jobs.js';
import type { Dice } from './dice.js';

/** A message that has not been delivered, and the sender's state after it. */
export interface Draft {
  readonly envelope: Envelope;
  /** The encoded Plaintext. */
  readonly content: Uint8Array;
  readonly after: ReadySession;
}

export class Peer {
  readonly address: DeviceAddress;
  readonly account: Account;
  readonly oneTimePreKeys: readonly OneTimePreKey[];
  /** Its session with the client; each message that the client took moves it on. */
  session: ReadySession | undefined;
  readonly #run: Run;
  readonly #dice: Dice;
  #invited: InvitedSession | undefined;

  constructor(run: Run, dice: Dice, suite: CipherSuite, address: DeviceAddress, now: number) {
    this.#run = run;
    this.#dice = dice;
    this.address = address;
    const made = run(createAccount({ suite, address, oneTimePreKeys: 2, now }));
    this.account = made.account;
    this.oneTimePreKeys = made.oneTimePreKeys;
  }

  get ready(): ReadySession {
    if (this.session === undefined) throw new Error(`${this.address.userId} has no session`);
    return this.session;
  }

  bundle(): PreKeyBundle {
    const { suite, identity } = this.account;
    const signedPreKey = signedPreKeyPublic(currentSignedPreKey(this.account));
    return {
      address: this.address,
      suite,
      identityKey: identityKeyOf(identity),
      signedPreKey,
      oneTimePreKey: oneTimePreKeyPublic(this.oneTimePreKeys[0]!),
    };
  }

  /** An invite for the device of `bundle`, as the relay passes it on. */
  invite(bundle: PreKeyBundle, now: number): Invite {
    const sessionId = asSessionId(toBase64(this.#dice.bytes(16)));
    const { session, invite } = this.#run(initiate({ account: this.account, bundle, sessionId, now }));
    this.#invited = session;
    return { ...invite, identityKey: this.account.identity.agreement.publicKey };
  }

  /** Takes the answer to the last invite. */
  complete(answer: Accept): void {
    if (this.#invited === undefined) throw new Error('there was no invite');
    this.session = this.#run(complete({ account: this.account, session: this.#invited, accept: answer }))?.session;
  }

  /** Answers an invite of the client. */
  accept(invite: Invite, from: Uint8Array, now: number): Accept {
    const passedOn = { ...invite, identityKey: from, inviteTime: now };
    const oneTimePreKey = this.oneTimePreKeys.find(({ id }) => id === invite.oneTimePreKeyId);
    const answered = this.#run(accept({ account: this.account, oneTimePreKey, invite: passedOn, now }));
    this.session = answered.session;
    return answered.accept;
  }

  /** Seals `content` for `to`, from the state after `session`. */
  draft(to: DeviceAddress, content: Uint8Array, session: ReadySession = this.ready): Draft {
    const sealed = encryptMessage(session, content);
    const { sessionId } = session;
    const envelope = {
      from: this.address,
      to,
      messageId: this.messageId(),
      sessionId,
      notification: 0,
      payload: { kind: 'one-to-one', message: sealed.message },
    } as const;
    return { envelope, content, after: sealed.session };
  }

  /** Takes a message of the client; the next one it seals begins a ratchet step. */
  take({ payload }: Envelope): void {
    if (payload.kind !== 'one-to-one') throw new Error('the client sent a group message');
    this.session = this.#run(decryptMessage(this.ready, new SkippedMessageKeys([]), payload.message)).session;
  }

  messageId(): MessageId {
    return asMessageId(toBase64(this.#dice.bytes(16)));
  }
}
