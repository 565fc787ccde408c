/** The handshake of suites with a KEM. Spec: crypto.md §6.1. */
import type { Account } from '../account/account.js';
import type { PreKeyBundle } from '../account/pre-key-bundle.js';
import { copyBytes } from '../base/bytes.js';
import { Secret, copySecret, wipeAll } from '../base/secret.js';
import { type Computation, all } from '../crypto/job.js';
import type { AgreementKeyPair } from '../crypto/key-pair.js';
import type { KemScheme } from '../crypto/scheme.js';
import { initiatorRatchet, responderRatchet } from '../ratchet/initial.js';
import type { Ratchet } from '../ratchet/ratchet.js';
import { joinSecrets } from './handshake-secret.js';
import type { Accept, AcceptReply, Invite, PendingKemInvite } from './session.js';

/** The keys of a responder that an invite names. */
export interface ResponderKeys {
  readonly identity: AgreementKeyPair;
  readonly signedPreKey: AgreementKeyPair;
  readonly oneTimePreKey: AgreementKeyPair | undefined;
}

/** What accepting gives: the responder's ratchet, and what the initiator needs for its own. */
export interface Answer {
  readonly ratchet: Ratchet;
  readonly reply: AcceptReply;
}

/** A fresh base key, and an encapsulation to each of the responder's keys. Throws `ProtocolError('bad-public-key')`. */
export function* inviteByKem(scheme: KemScheme, bundle: PreKeyBundle): Computation<PendingKemInvite> {
  const theirKeys = [bundle.identityKey.agreement, bundle.signedPreKey.publicKey];
  if (bundle.oneTimePreKey !== undefined) theirKeys.push(bundle.oneTimePreKey.publicKey);
  const [baseKeyPair, ...encapsulations] = yield* all([
    { operation: 'agreement-key-pair', scheme },
    ...theirKeys.map((publicKey) => ({ operation: 'encapsulate', scheme, publicKey }) as const),
  ]);
  return {
    kind: 'kem',
    baseKeyPair,
    sharedInputs: encapsulations.map(({ ciphertext }) => ciphertext),
    sharedSecrets: encapsulations.map(({ sharedSecret }) => sharedSecret),
    theirSignedPreKey: copyBytes(bundle.signedPreKey.publicKey),
  };
}

/**
 * `secret = Encaps(ik_A) || Decaps(ik_B) || Decaps(spk_B) [|| Decaps(opk_B)]`, in this order; the caller has checked every length.
 * Throws `ProtocolError('bad-public-key')` for an invalid identity or base key.
 */
export function* acceptByKem(scheme: KemScheme, keys: ResponderKeys, invite: Invite): Computation<Answer> {
  const ours = [keys.identity, keys.signedPreKey];
  if (keys.oneTimePreKey !== undefined) ours.push(keys.oneTimePreKey);
  const decapsulations = invite.sharedInputs.flatMap((ciphertext, position) => {
    const key = ours[position];
    return key === undefined ? [] : [{ operation: 'decapsulate', scheme, privateKey: key.privateKey, ciphertext } as const];
  });
  const [toIdentity, toBaseKey, ...opened] = yield* all([
    { operation: 'encapsulate', scheme, publicKey: invite.identityKey },
    { operation: 'encapsulate', scheme, publicKey: invite.baseKey },
    ...decapsulations,
  ]);
  try {
    using handshakeSecret = joinSecrets([toIdentity.sharedSecret, ...opened]);
    const ratchet = responderRatchet({
      hash: invite.suite.hash,
      handshakeSecret,
      // The account wipes its own copy when the pre-key ages out; the session goes on with it.
      signedPreKey: new Secret(copySecret(keys.signedPreKey.privateKey.expose())),
      baseKey: copyBytes(invite.baseKey),
      ratchetKey: toBaseKey.ciphertext,
    });
    return { ratchet, reply: { ciphertext: toIdentity.ciphertext, ratchetKey: toBaseKey.ciphertext } };
  } finally {
    wipeAll([toIdentity.sharedSecret, toBaseKey.sharedSecret, ...opened]);
  }
}

/**
 * The initiator's ratchet, or `undefined` when `accept` answers another invite: its ratchet key was not encapsulated to our base key, which
 * is the only link, because an accept carries no session id. Spec: crypto.md §6.1, weaknesses P13.
 */
export function* completeByKem(
  scheme: KemScheme,
  account: Account,
  pending: PendingKemInvite,
  accept: Accept,
): Computation<Ratchet | undefined> {
  const { baseKeyPair, sharedSecrets, theirSignedPreKey } = pending;
  const [ours, toUs, step] = yield* all([
    { operation: 'is-encapsulated-to', scheme, privateKey: baseKeyPair.privateKey, ciphertext: accept.ratchetKey },
    { operation: 'decapsulate', scheme, privateKey: account.identity.agreement.privateKey, ciphertext: accept.ciphertext },
    { operation: 'encapsulate', scheme, publicKey: theirSignedPreKey },
  ]);
  try {
    if (!ours) return undefined;
    using handshakeSecret = joinSecrets([toUs, ...sharedSecrets]);
    return initiatorRatchet({
      hash: accept.suite.hash,
      handshakeSecret,
      basePrivateKey: baseKeyPair.privateKey,
      signedPreKey: theirSignedPreKey,
      theirRatchetKey: copyBytes(accept.ratchetKey),
      ourRatchetKey: step.ciphertext,
      stepSecret: step.sharedSecret,
    });
  } finally {
    wipeAll([toUs, step.sharedSecret]);
  }
}
