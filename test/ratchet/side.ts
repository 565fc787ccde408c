/** Two ratchets that have just been started against each other, and one side's view of a conversation. */
import { toHex, utf8 } from '../../lib/base/bytes.js';
import { Secret, copySecret } from '../../lib/base/secret.js';
import type { CipherSuite } from '../../lib/crypto/cipher-suite.js';
import { suiteByName } from '../../lib/crypto/cipher-suite.js';
import { one } from '../../lib/crypto/job.js';
import { initiatorRatchet, responderRatchet } from '../../lib/ratchet/initial.js';
import { type Decrypted, type Ratchet, type RatchetMessage, decrypt, encrypt } from '../../lib/ratchet/ratchet.js';
import { SkippedMessageKeys } from '../../lib/ratchet/skipped-message-keys.js';
import { type Run, seededRun } from '../support/seeded-jobs.js';

/** Suites that differ in what the ratchet does: both profiles, and two sizes of the KEM one. */
export const testedSuites: readonly CipherSuite[] = ['curve25519', 'mldsa44-mlkem512', 'mldsa87-mlkem1024'].map(suiteByName);

/** Everything of a ratchet and its skipped keys as comparable values. */
export function snapshot(ratchet: Ratchet, skipped: SkippedMessageKeys): unknown {
  return { ratchet: plain(ratchet), skipped: [...skipped.entries()].map(plain) };
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return toHex(value.expose());
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

/** One side: keeps its state, applies what succeeds and wipes what is retired, as a client does. */
export class Side {
  ratchet: Ratchet;
  readonly skipped = new SkippedMessageKeys();
  readonly suite: CipherSuite;
  readonly associatedData: Uint8Array;
  readonly run: Run;

  constructor(suite: CipherSuite, associatedData: Uint8Array, ratchet: Ratchet, run: Run) {
    this.suite = suite;
    this.associatedData = associatedData;
    this.ratchet = ratchet;
    this.run = run;
  }

  send(text: string): RatchetMessage {
    const { ratchet, message, retired } = encrypt(this.ratchet, this.associatedData, utf8(text));
    this.ratchet = ratchet;
    for (const secret of retired) secret.wipe();
    return message;
  }

  receive(message: RatchetMessage): string {
    const opened = this.open(message);
    this.ratchet = opened.ratchet;
    this.skipped.apply(opened.skippedChange);
    for (const secret of opened.retired) secret.wipe();
    return new TextDecoder().decode(opened.plaintext);
  }

  /** The transition alone: nothing is taken over. */
  open(message: RatchetMessage): Decrypted {
    return this.run(decrypt(this.suite, this.ratchet, this.skipped, this.associatedData, message));
  }

  snapshot(): unknown {
    return snapshot(this.ratchet, this.skipped);
  }
}

/** Alice and Bob right after the handshake. */
export interface Pair {
  readonly alice: Side;
  readonly bob: Side;
}

/** Starts both ratchets from a given handshake secret, keys from `seed`. */
export function newPair(suite: CipherSuite, seed: string): Pair {
  const run = seededRun(seed);
  const scheme = suite.agreement;
  const base = run(one({ operation: 'agreement-key-pair', scheme }));
  const signedPreKey = run(one({ operation: 'agreement-key-pair', scheme }));
  const secret = () => new Secret<'HandshakeSecret'>(copySecret(utf8('a handshake secret of 32 letters')));
  const label = scheme.kind === 'kem' ? run(one({ operation: 'encapsulate', scheme, publicKey: base.publicKey })) : undefined;
  const bob = responderRatchet({
    hash: suite.hash,
    handshakeSecret: secret(),
    signedPreKey: signedPreKey.privateKey,
    baseKey: base.publicKey,
    ratchetKey: label?.ciphertext ?? signedPreKey.publicKey,
  });
  const step =
    scheme.kind === 'kem'
      ? run(one({ operation: 'encapsulate', scheme, publicKey: signedPreKey.publicKey }))
      : {
          ciphertext: base.publicKey,
          sharedSecret: run(one({ operation: 'agree', scheme, privateKey: base.privateKey, publicKey: signedPreKey.publicKey })),
        };
  const alice = initiatorRatchet({
    hash: suite.hash,
    handshakeSecret: secret(),
    basePrivateKey: base.privateKey,
    signedPreKey: signedPreKey.publicKey,
    theirRatchetKey: bob.sender.ourRatchetKey,
    ourRatchetKey: step.ciphertext,
    stepSecret: step.sharedSecret,
  });
  const associatedData = new Uint8Array(64).fill(7);
  return { alice: new Side(suite, associatedData, alice, run), bob: new Side(suite, associatedData, bob, run) };
}
