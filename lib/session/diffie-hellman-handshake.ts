/** The handshake of the Curve25519 profile: complete for the initiator before the answer comes. Spec: crypto.md §6.2. */
import type { Account } from '../account/account.js';
import type { PreKeyBundle } from '../account/pre-key-bundle.js';
import { copyBytes, noBytes } from '../base/bytes.js';
import { Secret, copySecret, wipeAll } from '../base/secret.js';
import { type Computation, all } from '../crypto/job.js';
import type { DiffieHellmanScheme } from '../crypto/scheme.js';
import { initiatorRatchet, responderRatchet } from '../ratchet/initial.js';
import { Unfinished } from '../ratchet/unfinished.js';
import { joinSecrets } from './handshake-secret.js';
import type { Answer, ResponderKeys } from './kem-handshake.js';
import type { Invite, PendingDiffieHellmanInvite } from './session.js';

/**
 * `secret = DH(ik_A, spk_B) || DH(EK, ik_B) || DH(EK, spk_B) [|| DH(EK, opk_B)]` with a fresh ephemeral key EK; the base key RK is the
 * first ratchet key. Throws `ProtocolError('zero-shared-secret')`.
 */
export function* inviteByDiffieHellman(
  scheme: DiffieHellmanScheme,
  account: Account,
  bundle: PreKeyBundle,
): Computation<PendingDiffieHellmanInvite> {
  const identityKey = account.identity.agreement.privateKey;
  const signedPreKey = copyBytes(bundle.signedPreKey.publicKey);
  using unfinished = new Unfinished();
  const [ephemeral, base] = yield* all([
    { operation: 'agreement-key-pair', scheme },
    { operation: 'agreement-key-pair', scheme },
  ]);
  using ephemeralKey = ephemeral.privateKey;
  const basePrivateKey = unfinished.own(base.privateKey);
  const pairs: [Secret<'AgreementPrivateKey'>, Uint8Array][] = [
    [identityKey, signedPreKey],
    [ephemeralKey, bundle.identityKey.agreement],
    [ephemeralKey, signedPreKey],
  ];
  if (bundle.oneTimePreKey !== undefined) pairs.push([ephemeralKey, bundle.oneTimePreKey.publicKey]);
  const [stepSecret, ...secrets] = yield* all([
    { operation: 'agree', scheme, privateKey: basePrivateKey, publicKey: signedPreKey },
    ...pairs.map(([privateKey, publicKey]) => ({ operation: 'agree', scheme, privateKey, publicKey }) as const),
  ]);
  try {
    using handshakeSecret = joinSecrets(secrets);
    const ratchet = initiatorRatchet({
      hash: bundle.suite.hash,
      handshakeSecret,
      basePrivateKey,
      signedPreKey,
      theirRatchetKey: signedPreKey,
      ourRatchetKey: base.publicKey,
      stepSecret,
    });
    unfinished.finish();
    return { kind: 'diffie-hellman', sharedInputs: [ephemeral.publicKey], ratchet };
  } finally {
    wipeAll([stepSecret, ...secrets]);
  }
}

/** The same secret from the other side. `ephemeralKey` is the invite's only shared input. Throws `ProtocolError('zero-shared-secret')`. */
export function* acceptByDiffieHellman(
  scheme: DiffieHellmanScheme,
  keys: ResponderKeys,
  invite: Invite,
  ephemeralKey: Uint8Array,
): Computation<Answer> {
  const pairs: [Secret<'AgreementPrivateKey'>, Uint8Array][] = [
    [keys.signedPreKey.privateKey, invite.identityKey],
    [keys.identity.privateKey, ephemeralKey],
    [keys.signedPreKey.privateKey, ephemeralKey],
  ];
  if (keys.oneTimePreKey !== undefined) pairs.push([keys.oneTimePreKey.privateKey, ephemeralKey]);
  const secrets = yield* all(pairs.map(([privateKey, publicKey]) => ({ operation: 'agree', scheme, privateKey, publicKey }) as const));
  try {
    using handshakeSecret = joinSecrets(secrets);
    const ratchetKey = keys.signedPreKey.publicKey;
    const ratchet = responderRatchet({
      hash: invite.suite.hash,
      handshakeSecret,
      signedPreKey: new Secret(copySecret(keys.signedPreKey.privateKey.expose())),
      baseKey: copyBytes(invite.baseKey),
      ratchetKey,
    });
    return { ratchet, reply: { ciphertext: noBytes, ratchetKey } };
  } finally {
    wipeAll(secrets);
  }
}
