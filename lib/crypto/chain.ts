/**
 * The hot path: a whole step of a symmetric chain in one call of the addon. The formulas are NEXT and MSGKEY of crypto.md §7.1.
 *
 * Owns nothing: the chain key that went in stays the caller's, the one that comes out becomes the caller's. `try` stands here instead of
 * `callAddon` because a closure per message is measurable.
 */
import { UsageError } from '../base/errors.js';
import { Secret, allocateSecret, copySecret } from '../base/secret.js';
import { Slab } from '../base/slab.js';
import { aeadKeyLength, aeadTagLength, notAuthentic, open } from './aead.js';
import type { NativeAddon } from './addon.js';
import { addon, asPackageError, callAddon } from './native.js';
import type { HashAlgorithm } from './scheme.js';

/** A chain key, of the length of its hash's digest. All that comes from it is made with that hash. */
export class ChainSecret extends Secret<'ChainKey'> {
  readonly hash: HashAlgorithm;

  /** Takes ownership of `bytes`, which must come from `allocateSecret` or a slab of secrets. */
  constructor(hash: HashAlgorithm, bytes: Uint8Array) {
    super(bytes);
    this.hash = hash;
  }

  /** The same chain key in memory of its own: a new secret of the caller. Throws `InternalError('secret-wiped')`. */
  duplicate(): ChainSecret {
    return new ChainSecret(this.hash, copySecret(this.expose()));
  }
}

/** Bytes of a message key: AEAD key 32, IV 16. */
export const messageKeyLength = 48;

/** Bytes of the longest digest, which is the longest chain key. */
const longestDigest = 64;

/** The addon's bound on one derivation. */
const maxMessageKeys = 65_536;

/** Memory of chain keys on their way from message to message. Small blocks: a session at rest keeps one alive for each of its chains. */
const chainKeys = new Slab(1_024, longestDigest);

/** Memory of sealed texts, all public and soon part of an envelope. */
const sealedTexts = new Slab(32_768, 4_096);

/** What {@link sealStep} gives. */
export interface SealedStep {
  /** Ciphertext and tag: 16 bytes longer than the plaintext. */
  readonly sealed: Uint8Array;
  readonly nextChainKey: ChainSecret;
}

/** What {@link openStep} gives. */
export interface OpenedStep {
  readonly plaintext: Uint8Array;
  /** The chain key after the opened message. */
  readonly nextChainKey: ChainSecret;
}

/** Seals `plaintext` with the message key of this position and steps the chain once. Spec: crypto.md §7.3. */
export function sealStep(chainKey: ChainSecret, associatedData: Uint8Array, plaintext: Uint8Array): SealedStep {
  const sealed = sealedTexts.allocate(plaintext.length + aeadTagLength);
  const { hash } = chainKey;
  const next = chainKeys.allocate(hash.digestLength);
  try {
    addon.chainSeal(hash.code, chainKey.expose(), associatedData, plaintext, sealed, next);
  } catch (thrown) {
    throw asPackageError(thrown);
  }
  return { sealed, nextChainKey: new ChainSecret(hash, next) };
}

/**
 * Opens `sealed` with the message key `steps` (0 to 65,536) positions ahead and gives the chain key after it. Throws
 * `VerificationError('not-authentic')`, also when `sealed` is shorter than a tag, and `UsageError('argument-range')`. Spec: crypto.md §7.4.
 */
export function openStep(chainKey: ChainSecret, steps: number, associatedData: Uint8Array, sealed: Uint8Array): OpenedStep {
  if (sealed.length < aeadTagLength) throw notAuthentic();
  const plaintext = new Uint8Array(new ArrayBuffer(sealed.length - aeadTagLength));
  const { hash } = chainKey;
  const next = chainKeys.allocate(hash.digestLength);
  try {
    addon.chainOpen(hash.code, chainKey.expose(), steps, associatedData, sealed, plaintext, next);
  } catch (thrown) {
    throw asPackageError(thrown);
  }
  return { plaintext, nextChainKey: new ChainSecret(hash, next) };
}

/** Opens `sealed` with a message key that was kept. Throws `VerificationError('not-authentic')`. Spec: crypto.md §7.6. */
export function openWithMessageKey(messageKey: Secret<'MessageKey'>, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array {
  const bytes = messageKey.expose();
  return open(bytes.subarray(0, aeadKeyLength), bytes.subarray(aeadKeyLength), associatedData, sealed);
}

/** NEXT applied `steps` (0 to 65,536) times. Throws `UsageError('argument-range')`. */
export function walkChain(chainKey: ChainSecret, steps: number, native: NativeAddon = addon): ChainSecret {
  const { hash } = chainKey;
  const out = allocateSecret(hash.digestLength);
  callAddon(() => native.chainWalk(hash.code, chainKey.expose(), steps, out));
  return new ChainSecret(hash, out);
}

/** The message keys of `count` (0 to 65,536) positions from this one on, 48 bytes each. Throws `UsageError('argument-range')`. */
export function messageKeys(chainKey: ChainSecret, count: number, native: NativeAddon = addon): Secret<'MessageKey'>[] {
  if (count === 0) return [];
  const block = messageKeyBlock(count);
  callAddon(() => native.chainMessageKeys(chainKey.hash.code, chainKey.expose(), count, block));
  return splitMessageKeys(block);
}

/** Memory for `count` (1 to 65,536) message keys. Throws `UsageError('argument-range')` before anything is allocated. */
export function messageKeyBlock(count: number): Uint8Array {
  if (!Number.isInteger(count) || count < 1 || count > maxMessageKeys) {
    throw new UsageError('argument-range', `count: ${count} message keys, 1 to ${maxMessageKeys} expected`);
  }
  return allocateSecret(count * messageKeyLength);
}

/**
 * Cuts a block of message keys into secrets with memory of their own and wipes the block: a view of it would keep the whole block alive
 * for as long as one late message is missing.
 */
export function splitMessageKeys(block: Uint8Array): Secret<'MessageKey'>[] {
  const keys: Secret<'MessageKey'>[] = [];
  for (let offset = 0; offset < block.length; offset += messageKeyLength) {
    const key = allocateSecret(messageKeyLength);
    key.set(block.subarray(offset, offset + messageKeyLength));
    keys.push(new Secret(key));
  }
  block.fill(0);
  return keys;
}
