/** Two devices and the session between them, made by the cores alone. */
import {
  type Accept,
  type Account,
  type CipherSuite,
  type DeviceAddress,
  type Invite,
  type OneTimePreKey,
  type PreKeyBundle,
  type ReadySession,
  SkippedMessageKeys,
  accept,
  asSessionId,
  complete,
  createAccount,
  currentSignedPreKey,
  identityKeyOf,
  initiate,
  oneTimePreKeyPublic,
  randomId,
  runInline,
  signedPreKeyPublic,
  systemRandom,
  wipeAll,
} from '../lib/core.js';

/** One side of a session; what a client would keep in its cache. */
export interface Side {
  session: ReadySession;
  readonly skipped: SkippedMessageKeys;
}

/** Both sides of a session, and what went over the wire to make it. */
export interface Pair {
  readonly initiator: Side;
  readonly responder: Side;
  readonly bundle: PreKeyBundle;
  readonly invite: Invite;
  readonly accept: Accept;
}

/** A device with one one-time pre-key. */
export interface Party {
  readonly account: Account;
  readonly oneTimePreKey: OneTimePreKey;
}

/** A new device of `userId`. */
export function party(suite: CipherSuite, userId: string): Party {
  const address: DeviceAddress = { domain: 'bench.example', userId, deviceId: 'd1' };
  const { account, oneTimePreKeys } = runInline(createAccount({ suite, address, oneTimePreKeys: 1, now: 0 }));
  const [oneTimePreKey] = oneTimePreKeys;
  if (oneTimePreKey === undefined) throw new Error('the account has no one-time pre-key');
  return { account, oneTimePreKey };
}

/** A new session; Bob's one-time pre-key is used again and again. */
export function handshake(alice: Party, bob: Party): Pair {
  const bundle: PreKeyBundle = {
    address: bob.account.address,
    suite: bob.account.suite,
    identityKey: identityKeyOf(bob.account.identity),
    signedPreKey: signedPreKeyPublic(currentSignedPreKey(bob.account)),
    oneTimePreKey: oneTimePreKeyPublic(bob.oneTimePreKey),
  };
  const sessionId = asSessionId(randomId(systemRandom));
  const invited = runInline(initiate({ account: alice.account, bundle, sessionId, now: 0 }));
  const invite = { ...invited.invite, identityKey: alice.account.identity.agreement.publicKey };
  const accepted = runInline(accept({ account: bob.account, oneTimePreKey: bob.oneTimePreKey, invite, now: 0 }));
  const completed = runInline(complete({ account: alice.account, session: invited.session, accept: accepted.accept }));
  if (completed === undefined) throw new Error('the accept does not fit the invite');
  wipeAll(completed.retired);
  return {
    initiator: { session: completed.session, skipped: new SkippedMessageKeys() },
    responder: { session: accepted.session, skipped: new SkippedMessageKeys() },
    bundle,
    invite,
    accept: accepted.accept,
  };
}
