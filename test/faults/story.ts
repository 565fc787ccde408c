/** What happens in a story, as data: drawn from a seed, before anything runs. What a step's numbers choose among is known only when it is carried out. */
import { Dice } from '../stories/dice.js';
import { labels } from './labels.js';
import type { FaultKind } from './points.js';

/** Everything that can happen, and how often it is drawn compared with the others. */
const weights = {
  send: 18,
  invite: 3,
  'create-group': 3,
  'add-members': 5,
  'remove-members': 4,
  'leave-group': 2,
  'send-to-group': 18,
  'look-up-group': 1,
  'update-user': 1,
  'new-device': 2,
  'remove-own-device': 1,
  notify: 1,
  restart: 3,
  kill: 5,
  'restart-relay': 2,
  'kill-relay': 4,
  start: 6,
  disconnect: 3,
  stall: 3,
  break: 4,
  'half-open': 2,
  mend: 6,
  minutes: 3,
  hours: 2,
  skew: 1,
  'back-up': 1,
} as const;

/** Name of a step; the last ones are not drawn. */
export type StepKind = keyof typeof weights | 'week' | 'restore' | 'rush';

/** One step: what it means by `a`, `b` and `c` is its own affair. */
export interface Step {
  readonly kind: StepKind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Milliseconds before the next step: most begin while others are under way. */
  readonly pause: number;
}

/** A fault that waits at a point. */
export interface PlannedFault {
  readonly kind: FaultKind;
  readonly label: string;
  readonly nth: number;
}

/** One story. */
export interface Story {
  readonly number: number;
  /** What the dice of the story's network and ruins begin with. */
  readonly seed: number;
  readonly suite: string;
  /** Devices of each user at the beginning. */
  readonly devices: readonly number[];
  readonly oneTimePreKeys: number;
  readonly faults: readonly PlannedFault[];
  readonly steps: readonly Step[];
}

/** What each story has beside what was drawn, in turn, so that few stories see everything. */
const themes: readonly (readonly StepKind[])[] = [
  ['update-user', 'look-up-group', 'leave-group'],
  ['new-device', 'send-to-group', 'remove-own-device'],
  ['week', 'send', 'invite', 'invite', 'invite'],
  ['back-up', 'send', 'send-to-group', 'restore', 'send', 'send-to-group'],
  ['notify', 'hours', 'hours', 'leave-group'],
  ['add-members', 'rush', 'remove-members', 'add-members', 'rush'],
  ['invite', 'invite', 'invite', 'invite', 'new-device'],
];

/** Steps that bring a process to points whose names say so; the first that fits. */
const leads: readonly (readonly [RegExp, readonly StepKind[]])[] = [
  [/publish_spk/u, ['week']],
  [/supply|pre-key/u, ['invite', 'invite', 'invite']],
  [/credentials/u, ['hours', 'hours', 'restart']],
  [/given up/u, ['back-up', 'send', 'send', 'restore']],
  [/update[_-]user/u, ['update-user']],
  [/get_group/u, ['look-up-group', 'look-up-group', 'look-up-group']],
  [/remove[_-](?:user[_-])?device|device deleted/u, ['new-device', 'remove-own-device']],
  [/add-user-device|add_group_member_device|add-group-member-device/u, ['new-device']],
  [/friend|system|push group /u, ['notify']],
  [/leave|group deleted/u, ['leave-group']],
  [/remove[_-]group/u, ['remove-members']],
  [/add[_-]group/u, ['remove-members', 'add-members', 'create-group', 'add-members', 'add-members']],
  [/relation deleted/u, ['new-device', 'send', 'invite', 'remove-own-device', 'new-device', 'remove-own-device']],
  [/body/u, ['create-group', 'send-to-group', 'send-to-group', 'send-to-group']],
  [/group message waits/u, ['rush', 'remove-members', 'rush']],
  [/create[_-]group/u, ['create-group']],
];

/** What may happen before and after a commit. */
const before: readonly FaultKind[] = ['kill', 'kill', 'slow-kill', 'slow-kill', 'disk-full', 'outcome-unknown'];
const after: readonly FaultKind[] = ['kill', 'kill', 'kill', 'outcome-unknown'];

function kindAt(dice: Dice, label: string): FaultKind {
  const kinds = label.endsWith(': before') ? before : label.endsWith(': after') ? after : undefined;
  return kinds?.[dice.below(kinds.length)] ?? 'kill';
}

function shuffled(dice: Dice, all: readonly string[]): string[] {
  const left = [...all];
  const order: string[] = [];
  while (left.length > 0) order.push(...left.splice(dice.below(left.length), 1));
  return order;
}

/** The points at which something happens in story `number`: every point has its turn, in an order that the seed gives. */
function targetsOf(seed: number, number: number, count: number): string[] {
  const order = shuffled(new Dice(seed), labels);
  return Array.from({ length: count }, (_, index) => order[(number * count + index) % order.length] ?? '');
}

const targets = 3;

/** Story `number` of those that `seed` names. */
export function storyOf(seed: number, number: number): Story {
  const dice = new Dice(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  const aims = targetsOf(seed, number, targets);
  const faults = aims.map((label): PlannedFault => ({ kind: kindAt(dice, label), label, nth: [1, 1, 1, 2, 3][dice.below(5)] ?? 1 }));
  const led = aims.flatMap((label) => leads.find(([pattern]) => pattern.test(label))?.[1] ?? []);
  const drawn = Array.from({ length: 14 + dice.below(10) }, () => draw(dice));
  const steps = [...drawn.map((kind) => stepOf(dice, kind))];
  for (const sequence of [themes[number % themes.length] ?? [], led]) insert(dice, steps, sequence);
  return {
    number,
    seed: dice.below(0x7fff_ffff),
    suite:
      ['curve25519', 'curve25519', 'curve25519', 'mldsa44-mlkem512', 'mldsa44-mlkem512', 'mldsa87-mlkem1024'][dice.below(6)] ??
      'curve25519',
    devices: [
      [2, 1, 1],
      [1, 1, 1],
      [2, 2, 1],
    ][dice.below(3)] ?? [2, 1, 1],
    oneTimePreKeys: 1 + dice.below(4),
    faults,
    steps: [stepOf(dice, 'create-group'), stepOf(dice, 'send'), ...steps],
  };
}

function draw(dice: Dice): StepKind {
  const entries = Object.entries(weights) as [StepKind, number][];
  let left = dice.below(entries.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [kind, weight] of entries) {
    left -= weight;
    if (left < 0) return kind;
  }
  return 'send';
}

function stepOf(dice: Dice, kind: StepKind): Step {
  const number = (): number => dice.below(0x1_0000);
  return { kind, a: number(), b: number(), c: number(), pause: [0, 0, 1, 3, 10, 30, 60][dice.below(7)] ?? 0 };
}

/** Puts the kinds among the steps, in their order. */
function insert(dice: Dice, steps: Step[], kinds: readonly StepKind[]): void {
  let from = 0;
  for (const kind of kinds) {
    const at = from + dice.below(steps.length - from + 1);
    steps.splice(at, 0, stepOf(dice, kind));
    from = at + 1;
  }
}
