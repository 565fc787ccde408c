/** Devices with accounts, and handshakes between them, without client, relay or storage. */
import { type Account, createAccount, currentSignedPreKey } from '../../lib/account/account.js';
import { identityKeyOf } from '../../lib/account/identity-key.js';
import { type OneTimePreKey, oneTimePreKeyPublic } from '../../lib/account/one-time-pre-key.js';
import type { PreKeyBundle } from '../../lib/account/pre-key-bundle.js';
import { signedPreKeyPublic } from '../../lib/account/signed-pre-key.js';
import { asSessionId } from '../../lib/base/brand.js';
import { toBase64, toHex, utf8 } from '../../lib/base/bytes.js';
import { Secret } from '../../lib/base/secret.js';
import type { CipherSuite } from '../../lib/crypto/cipher-suite.js';
import type { RatchetMessage } from '../../lib/ratchet/ratchet.js';
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
import { type Run, seededBytes, seededRun } from '../support/seeded-jobs.js';

/** The time at which everything happens, ms. */
export const now = 1_800_000_000_000;

/** One device. */
export interface Device {
  account: Account;
  oneTimePreKeys: readonly OneTimePreKey[];
  readonly run: Run;
}

/** A device with keys from its name. */
export function newDevice(suite: CipherSuite, userId: string, oneTimePreKeys = 2): Device {
  const run = seededRun(`${suite.name} ${userId}`);
  const address = { domain: 'example.org', userId, deviceId: 'd1' };
  return { ...run(createAccount({ suite, address, oneTimePreKeys, now })), run };
}

/** What a relay would hand out, with the one-time pre-key `id` if the device has it. */
export function bundleOf(device: Device, id?: number): PreKeyBundle {
  const { account, oneTimePreKeys } = device;
  const oneTime = oneTimePreKeys.find((key) => key.id === id);
  return {
    address: account.address,
    suite: account.suite,
    identityKey: identityKeyOf(account.identity),
    signedPreKey: signedPreKeyPublic(currentSignedPreKey(account)),
    ...(oneTime === undefined ? {} : { oneTimePreKey: oneTimePreKeyPublic(oneTime) }),
  };
}

/** What the relay does to an invite on its way. */
export function relayed(invite: Invite, from: Device): Invite {
  return { ...invite, identityKey: from.account.identity.agreement.publicKey };
}

const sessionIds = seededBytes('session ids');

/** Invites `to`; returns the session and the invite as it arrives. */
export function invite(from: Device, to: Device, oneTimePreKey?: number): { session: InvitedSession; invite: Invite } {
  const sessionId = asSessionId(toBase64(sessionIds(16)));
  const made = from.run(initiate({ account: from.account, bundle: bundleOf(to, oneTimePreKey), sessionId, now }));
  return { session: made.session, invite: relayed(made.invite, from) };
}

/** Answers as the device would: with the one-time pre-key that the invite names. */
export function answer(device: Device, arrived: Invite): { session: ReadySession; accept: Accept } {
  const oneTimePreKey = device.oneTimePreKeys.find((key) => key.id === arrived.oneTimePreKeyId);
  return device.run(accept({ account: device.account, oneTimePreKey, invite: arrived, now }));
}

/** Completes with the accept that was made for the session. */
export function finish(device: Device, session: InvitedSession, arrived: Accept): ReadySession {
  const completed = device.run(complete({ account: device.account, session, accept: arrived }));
  if (completed === undefined) throw new Error('the accept was not for this session');
  for (const secret of completed.retired) secret.wipe();
  return completed.session;
}

/** One device's end of a ready session. */
export class End {
  session: ReadySession;
  readonly skipped = new SkippedMessageKeys();
  readonly run: Run;

  constructor(session: ReadySession, run: Run) {
    this.session = session;
    this.run = run;
  }

  send(text: string): RatchetMessage {
    const { session, message, retired } = encryptMessage(this.session, utf8(text));
    this.session = session;
    for (const secret of retired) secret.wipe();
    return message;
  }

  receive(message: RatchetMessage): string {
    const opened = this.run(decryptMessage(this.session, this.skipped, message));
    this.session = opened.session;
    this.skipped.apply(opened.skippedChange);
    for (const secret of opened.retired) secret.wipe();
    return new TextDecoder().decode(opened.plaintext);
  }
}

/** Any value with its secrets and bytes in hex, for comparison. */
export function plain(value: unknown): unknown {
  if (value instanceof Secret) return toHex(value.expose());
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
