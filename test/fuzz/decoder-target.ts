/** Decoders of bytes as a target: the first byte of an input says which, the rest is for it. */
import { isDeepStrictEqual } from 'node:util';
import { concat } from '../../lib/base/bytes.js';
import type { E2eeError } from '../../lib/base/errors.js';
import type { Dice } from '../mutation/dice.js';
import { damageBytes, damage } from '../mutation/mutators.js';
import { shapeOf } from './shape.js';
import { Finding, type Target, refused } from './target.js';

/** Of so many inputs one goes to another decoder than what it was made from. */
const otherKindIn = 16;
/** Of so many field mutations of one kind one is a bomb or a huge list. */
const bombIn = 400;

/** One decoder. */
export interface Kind {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  /** Decodes and asserts that what was accepted comes back when it is encoded and decoded again. */
  take(bytes: Uint8Array): unknown;
}

/** A decoder and what undoes it; without an encoder nothing is compared. */
export function kind<T>(
  name: string,
  samples: readonly Uint8Array[],
  decode: (bytes: Uint8Array) => T,
  encode?: (value: T) => Uint8Array | undefined,
): Kind {
  const again = (value: T): void => {
    const encoded = encode?.(value);
    if (encode === undefined || encoded === undefined) return;
    const decoded = decode(encoded.slice());
    if (!isDeepStrictEqual(decoded, value)) throw new Finding(`${name}: what was accepted does not come back`);
    // Secrets are hidden from the comparison, but not from the encoder.
    const twice = encode(decoded);
    if (twice === undefined || Buffer.compare(twice, encoded) !== 0) throw new Finding(`${name}: what came back is encoded in another way`);
  };
  return {
    name,
    samples,
    take(bytes) {
      const value = decode(bytes);
      try {
        again(value);
      } catch (error) {
        if (error instanceof Finding) throw error;
        throw new Finding(`${name}: what was accepted cannot be encoded and decoded again: ${String(error)}`, { cause: error });
      }
      return value;
    },
  };
}

/** How inputs of a decoder are damaged. */
export type Damage = (bytes: Uint8Array, dice: Dice, donor: Uint8Array) => Uint8Array;

/** Damage to protobuf messages. */
export const messageDamage: Damage = (bytes, dice, donor) => damage(bytes, dice, donor, bombIn).bytes;

/** Damage to anything else. */
export const byteDamage: Damage = (bytes, dice, donor) =>
  damageBytes(bytes.length === 0 ? Uint8Array.of(0) : bytes, dice, donor.length === 0 ? Uint8Array.of(0) : donor).bytes;

/** Damages what follows the first `length` bytes, and now and then one of those. */
export function behindHead(length: number, inner: Damage): Damage {
  return (input, dice, donor) => {
    const head = Uint8Array.from({ length }, (_, index) => input[index] ?? 0);
    if (dice.onceIn(otherKindIn)) head[dice.below(length)] = dice.below(256);
    return concat([head, inner(input.subarray(length), dice, donor.subarray(length))]);
  };
}

/** A target of these decoders, all of which refuse with an error of class `errors` and one of `codes`. */
export function decoderTarget(kinds: readonly Kind[], errors: typeof E2eeError, codes: readonly string[], inner: Damage): Target {
  return {
    seeds: kinds.flatMap(({ samples }, index) => samples.map((sample) => concat([Uint8Array.of(index), sample]))),
    mutate: behindHead(1, inner),
    run(input) {
      const found = kinds[(input[0] ?? 0) % kinds.length]!;
      let value: unknown;
      try {
        value = found.take(input.slice(1));
      } catch (error) {
        if (error instanceof Finding) throw error;
        return refused(found.name, error, errors, codes);
      }
      return { label: `${found.name} accepted`, features: shapeOf(value, found.name) };
    },
  };
}
