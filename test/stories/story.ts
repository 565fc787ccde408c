/** What happens in a story, as data: drawn from a seed, before anything runs. What a step's numbers choose among is known only when it is carried out. */
import fc from 'fast-check';

/** Everything that can happen, and how often it is drawn compared with the others. */
const weights = {
  send: 16,
  invite: 3,
  'create-group': 8,
  'add-members': 7,
  'remove-members': 5,
  'leave-group': 2,
  'send-to-group': 20,
  'rush-group': 6,
  disconnect: 4,
  reconnect: 5,
  stall: 5,
  flow: 6,
  cut: 4,
  'lose-answer': 4,
  redeliver: 3,
  restart: 4,
  crash: 3,
  'restart-relay': 2,
  pass: 4,
  leap: 3,
  'new-device': 3,
  'remove-device': 2,
} as const;

/** As {@link weights}, for stories in which stores go back in time. */
const restoringWeights = { ...weights, 'back-up': 8, restore: 5 } as const;

/** Name of a step. */
export type StepKind = keyof typeof restoringWeights;

/** All names of steps. */
export const stepKinds = Object.keys(weights) as (keyof typeof weights)[];

/** One step: what it means by `a`, `b` and `c` is its own affair. */
export interface Step {
  readonly kind: StepKind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Turns of the event loop before the next step: most begin while others are under way. */
  readonly pause: number;
}

/** One story. */
export interface Story {
  /** Keys, identifiers, latencies. */
  readonly seed: number;
  readonly suite: string;
  /** Devices of each user at the beginning. */
  readonly devices: readonly number[];
  /** One-time pre-keys of each account: few, so that they also run out. */
  readonly oneTimePreKeys: number;
  readonly steps: readonly Step[];
  /** Whether stores go back in time: then everybody speaks once more at the end. */
  readonly restores: boolean;
}

/** What every story has at least. */
export const least = { users: 3, devices: 5, steps: 40 } as const;

const number = fc.nat(0xffff);

const kinds = Object.keys(restoringWeights) as StepKind[];

const kindsOf = (restores: boolean): fc.Arbitrary<StepKind> =>
  restores
    ? fc.oneof(...kinds.map((kind) => ({ weight: restoringWeights[kind], arbitrary: fc.constant(kind) })))
    : fc.oneof(...stepKinds.map((kind) => ({ weight: weights[kind], arbitrary: fc.constant(kind) })));

const stepOf = (restores: boolean): fc.Arbitrary<Step> =>
  fc.record({
    kind: kindsOf(restores),
    a: number,
    b: number,
    c: number,
    pause: fc.oneof(
      { weight: 3, arbitrary: fc.nat(3) },
      { weight: 5, arbitrary: fc.integer({ min: 4, max: 60 }) },
      { weight: 2, arbitrary: fc.constant(250) },
    ),
  });

const drawnStory = (restores: boolean): fc.Arbitrary<Story> =>
  fc.record({
    seed: fc.nat(0x7fff_ffff),
    suite: fc.oneof(
      { weight: 60, arbitrary: fc.constant('curve25519') },
      { weight: 37, arbitrary: fc.constant('mldsa44-mlkem512') },
      { weight: 3, arbitrary: fc.constant('mldsa87-mlkem1024') },
    ),
    devices: fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: least.users, maxLength: 4 })
      .map((counts) => (sum(counts) < least.devices ? counts.map((count) => count + 1) : counts)),
    oneTimePreKeys: fc.integer({ min: 1, max: 5 }),
    restores: fc.constant(restores),
    steps: fc.array(stepOf(restores), { minLength: least.steps, maxLength: 60, size: 'max' }),
  });

/** The sum of `numbers`. */
export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Story `number` of those that `seed` names; in one that `restores`, stores go back in time. */
export function storyOf(seed: number, number: number, restores = false): Story {
  // Each is drawn by itself, so that one can be repeated without the others.
  const [drawn] = fc.sample(fc.noBias(drawnStory(restores)), {
    seed: (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) | 0,
    numRuns: 1,
  });
  if (drawn === undefined) throw new Error('no story was drawn');
  return drawn;
}
