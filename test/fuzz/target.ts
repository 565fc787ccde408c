/** What is fuzzed: an entry point that takes the bytes of somebody else. */
import { E2eeError } from '../../lib/base/errors.js';
import type { Dice } from '../mutation/dice.js';

/** What came of one input. */
export interface Outcome {
  /** In few words; counted in the report. */
  readonly label: string;
  /** Everything that tells this outcome from others, each on its own: an input that shows a new one is kept. */
  readonly features: readonly string[];
}

/** Something that must not happen: what `run` of a target throws. */
export class Finding extends Error {}

/** An entry point. `run` may be called with anything, any number of times. */
export interface Target {
  /** Good inputs, where mutations begin. */
  readonly seeds: readonly Uint8Array[];
  /** Tries one input. Throws {@link Finding} when something came of it that must not; anything else thrown is one too. */
  run(input: Uint8Array): Outcome | Promise<Outcome>;
  /** A new input made of a good or kept one; `donor` is another. */
  mutate(input: Uint8Array, dice: Dice, donor: Uint8Array): Uint8Array;
  /** Asserts that everything still works, and lets go of what it holds. */
  close?(): Promise<void>;
}

/** What a refusal of ours is as an outcome; an error of another class, or with another code than `codes`, is a {@link Finding}. */
export function refused(what: string, error: unknown, kind: typeof E2eeError, codes?: readonly string[]): Outcome {
  if (!(error instanceof kind) || (codes !== undefined && !codes.includes(error.code))) {
    throw new Finding(`${what}: ${describe(error)}`, { cause: error });
  }
  const label = `${what} ${error.code}`;
  return { label, features: [`${label} ${error.message.replaceAll(/\d+/gu, '#')}`] };
}

/** An error in a line. */
export function describe(error: unknown): string {
  if (error instanceof Finding) return error.message;
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const [, where = ''] = (error.stack ?? '').split('\n    at ');
  const code = error instanceof E2eeError ? ` ${error.code}` : '';
  return `${error.name}${code}: ${error.message} (at ${where.trim()})`;
}
