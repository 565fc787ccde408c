/**
 * The chain of one member device within an epoch: where it stands, and opening what it sealed. Spec: group.md §2, §4.
 *
 * An add moves every chain to its next generation: `ADD` of the key at which its owner stands. The owner's position is not on the wire, and
 * its messages may be on their way when others learn of the add (weaknesses P6). So nothing is stepped ahead: a chain remembers the newest
 * position in each generation that was met, later generations are derived from the last of them when a message needs one, and a message of
 * an earlier generation moves the position that they are derived from.
 */
import type { DeviceAddress } from '../base/address.js';
import { ProtocolError, VerificationError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Wipeable } from '../base/secret.js';
import { type ChainSecret, openWithMessageKey, walkChain } from '../crypto/chain.js';
import type { Computation } from '../crypto/job.js';
import type { ChainKey } from '../ratchet/chain-key.js';
import { type PassedOver, openAhead } from '../ratchet/receiver-chain.js';
import { type SkippedChange, type SkippedMessageKeys, keep, noSkippedChange } from '../ratchet/skipped-message-keys.js';
import { addedKey } from './key-update.js';

/** A place in a chain: the generation counts the adds of the epoch. */
export interface ChainPosition {
  readonly generation: number;
  readonly chainKey: ChainKey;
}

/** What is known of the chain of one device. */
export interface MemberChain {
  readonly device: DeviceAddress;
  readonly signingKey: Uint8Array;
  /** Oldest generation first; the last is the newest known for certain. Empty until the keys have come. */
  readonly positions: readonly ChainPosition[];
  /** Its owner has given it up and is to be added again; what it sealed before can be opened until then. */
  readonly isGivenUp: boolean;
}

/** What opening a message gives. */
export interface OpenedByChain {
  readonly chain: MemberChain;
  readonly plaintext: Uint8Array;
  readonly skippedChange: SkippedChange;
  /** Wiped by the caller when `chain` and `skippedChange` are durable. */
  readonly retired: readonly Wipeable[];
}

/** The newest position known for certain. */
export function newestPosition(chain: MemberChain): ChainPosition | undefined {
  return chain.positions.at(-1);
}

/** Names a generation in {@link SkippedMessageKeys}. */
function generationName(generation: number): Uint8Array {
  const name = new Uint8Array(4);
  new DataView(name.buffer).setUint32(0, generation);
  return name;
}

/** The key at the beginning of a later generation, if its owner went on from `key`: a new secret of the caller. */
export function derivedKey(key: ChainSecret, generations: number): ChainSecret {
  let current = addedKey(key);
  for (let i = 1; i < generations; i += 1) {
    const next = addedKey(current);
    current.wipe();
    current = next;
  }
  return current;
}

/** Where the chain stands in `generation`, as far as is known here; the position is a new secret of the caller. `undefined`: not known. */
export function positionIn(chain: MemberChain, generation: number): ChainPosition | undefined {
  const from = chain.positions.findLast((position) => position.generation <= generation);
  if (from === undefined) return undefined;
  const steps = generation - from.generation;
  if (steps === 0) return { generation, chainKey: { key: from.chainKey.key.duplicate(), index: from.chainKey.index } };
  return { generation, chainKey: { key: derivedKey(from.chainKey.key, steps), index: 0 } };
}

/** The chain with a position that is known for certain; older generations beyond the bound are retired. */
export function withPosition(
  chain: MemberChain,
  position: ChainPosition,
): { readonly chain: MemberChain; readonly retired: readonly ChainSecret[] } {
  const retired: ChainSecret[] = [];
  const positions: ChainPosition[] = [];
  for (const known of chain.positions) {
    if (known.generation === position.generation) retired.push(known.chainKey.key);
    else positions.push(known);
  }
  positions.push(position);
  positions.sort((a, b) => a.generation - b.generation);
  while (positions.length > limits.groupGenerations) {
    const oldest = positions.shift();
    if (oldest !== undefined) retired.push(oldest.chainKey.key);
  }
  return { chain: { ...chain, positions }, retired };
}

/** A place at which a message may have been sealed. */
interface Candidate {
  readonly generation: number;
  readonly chainKey: ChainKey;
  /** Made for the trial: wiped when it was not the one. */
  readonly isTemporary: boolean;
}

/**
 * Opens a message of the chain's owner whose signature has been verified. Tries the generation that the owner most likely is in first. Throws
 * `ProtocolError` (`unknown-chain`, `duplicate`, `gap-too-large`) and `VerificationError('not-authentic')`; then nothing has changed. A
 * message is called a duplicate only when the owner's newest generation is known for certain: before, it may be one of a later generation.
 */
export function* openByChain(
  chain: MemberChain,
  generation: number,
  skipped: SkippedMessageKeys,
  associatedData: Uint8Array,
  sequence: number,
  ciphertext: Uint8Array,
): Computation<OpenedByChain> {
  const anchor = newestPosition(chain);
  if (anchor === undefined) throw new ProtocolError('unknown-chain', 'the keys of the sender have not come yet');
  let wasPassed = false;
  let gap: ProtocolError | undefined;
  for (const candidate of candidates(chain, anchor, generation, sequence)) {
    try {
      if (sequence < candidate.chainKey.index) {
        const found = skipped.find(generationName(candidate.generation), sequence);
        if (found === undefined) wasPassed = true;
        else {
          const plaintext = openWithMessageKey(found.key, associatedData, ciphertext);
          return { chain, plaintext, skippedChange: { added: [], removed: [found] }, retired: [found.key] };
        }
        continue;
      }
      const opened = yield* openAhead(candidate.chainKey, sequence, associatedData, ciphertext);
      return advanced(chain, candidate.generation, opened, skipped);
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'gap-too-large') gap = error;
      else if (!(error instanceof VerificationError)) throw error;
    } finally {
      if (candidate.isTemporary) candidate.chainKey.key.wipe();
    }
  }
  if (gap !== undefined) throw gap;
  if (wasPassed && anchor.generation >= generation)
    throw new ProtocolError('duplicate', 'no key is kept for the message: it was opened before or is too old');
  throw new VerificationError('not-authentic', 'the sealed text is not authentic');
}

/** Made one after the other, because most messages are opened with the first. */
function* candidates(chain: MemberChain, anchor: ChainPosition, generation: number, sequence: number): Generator<Candidate> {
  const ahead = generation - anchor.generation;
  // Who has sent nothing since several adds may be on its way through them.
  const nearest = Math.max(1, ahead - limits.groupGenerations);
  for (let steps = ahead; steps >= nearest; steps -= 1) yield derived(anchor.chainKey.key, anchor.generation, steps);
  let later = generation;
  for (const { generation: known, chainKey } of chain.positions.toReversed()) {
    yield { generation: known, chainKey, isTemporary: false };
    // Generations of which nothing has come yet, below one of which something has.
    if (known < anchor.generation) for (let steps = later - known - 1; steps >= 1; steps -= 1) yield derived(chainKey.key, known, steps);
    later = known;
  }
  if (ahead < 1 || sequence > limits.groupStepSearch) return;
  // Messages of the earlier generation that never came here still moved its owner's chain. Spec: group.md §4, mitigations.
  let missed = walkChain(anchor.chainKey.key, 1);
  try {
    for (let count = 1; count <= limits.groupStepSearch; count += 1) {
      yield derived(missed, anchor.generation, ahead);
      const next = walkChain(missed, 1);
      missed.wipe();
      missed = next;
    }
  } finally {
    missed.wipe();
  }
}

function derived(key: ChainSecret, generation: number, steps: number): Candidate {
  return { generation: generation + steps, chainKey: { key: derivedKey(key, steps), index: 0 }, isTemporary: true };
}

function advanced(
  chain: MemberChain,
  generation: number,
  opened: { readonly plaintext: Uint8Array; readonly chainKey: ChainKey; readonly passedOver: readonly PassedOver[] },
  skipped: SkippedMessageKeys,
): OpenedByChain {
  const { passedOver, plaintext } = opened;
  const skippedChange =
    passedOver.length === 0 ? noSkippedChange : keep(skipped, [{ ratchetKey: generationName(generation), keys: passedOver }]);
  const { chain: next, retired } = withPosition(chain, { generation, chainKey: opened.chainKey });
  return { chain: next, plaintext, skippedChange, retired: [...retired, ...skippedChange.removed.map(({ key }) => key)] };
}
