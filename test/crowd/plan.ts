/** Who writes to whom in a crowd: the same seed gives the same plan, in every process. */
import { Dice } from '../stories/dice.js';

/** How large a crowd is. */
export interface CrowdSize {
  readonly seed: number;
  readonly clients: number;
  /** Messages that are sent; one to a group counts once. */
  readonly messages: number;
}

/** A group of the crowd. */
export interface PlannedGroup {
  readonly name: string;
  /** Clients; the first makes the group. */
  readonly members: readonly number[];
}

/** What one message goes to. */
export type Target = { readonly kind: 'client'; readonly client: number } | { readonly kind: 'group'; readonly group: number };

/** The whole plan. */
export interface CrowdPlan {
  readonly groups: readonly PlannedGroup[];
  /** For every client its messages, in order. */
  readonly messages: readonly (readonly Target[])[];
}

/** Clients that one client writes to: enough for random pairs, few enough that messages outnumber handshakes. */
const contactsOfClient = 10;
const membersOfGroup = 6;
/** One group for so many clients. */
const clientsPerGroup = 5;
/** Of so many messages one goes to a group. */
const groupMessageIn = 4;

/** The user of a client. */
export function userOf(client: number): string {
  return `user-${client}`;
}

/** `count` different numbers below `bound`, without `except`. */
function draw(dice: Dice, bound: number, count: number, except: number): number[] {
  const drawn = new Set<number>();
  while (drawn.size < Math.min(count, bound - 1)) {
    const number = dice.below(bound);
    if (number !== except) drawn.add(number);
  }
  return [...drawn];
}

/** The plan of a crowd of at least two clients. */
export function planCrowd({ seed, clients, messages }: CrowdSize): CrowdPlan {
  const dice = new Dice(seed);
  const groups = Array.from({ length: Math.max(1, Math.floor(clients / clientsPerGroup)) }, (_, index) => {
    const maker = dice.below(clients);
    return { name: `group-${index}`, members: [maker, ...draw(dice, clients, membersOfGroup - 1, maker)] };
  });
  const groupsOf = Array.from({ length: clients }, (_, client) =>
    groups.flatMap(({ members }, group) => (members.includes(client) ? [group] : [])),
  );
  const contacts = Array.from({ length: clients }, (_, client) => draw(dice, clients, contactsOfClient, client));
  const planned: Target[][] = Array.from({ length: clients }, () => []);
  for (let message = 0; message < messages; message += 1) {
    const sender = dice.below(clients);
    const own = groupsOf[sender]!;
    const toGroup = own.length > 0 && dice.below(groupMessageIn) === 0;
    const known = contacts[sender]!;
    planned[sender]!.push(
      toGroup ? { kind: 'group', group: own[dice.below(own.length)]! } : { kind: 'client', client: known[dice.below(known.length)]! },
    );
  }
  return { groups, messages: planned };
}

/** What a target is called in the texts of messages. */
export function nameOfTarget({ groups }: CrowdPlan, target: Target): string {
  return target.kind === 'client' ? userOf(target.client) : groups[target.group]!.name;
}

/** How many messages `client` receives on each line, by {@link lineOf}. */
export function expectedAt(plan: CrowdPlan, client: number): ReadonlyMap<string, number> {
  const expected = new Map<string, number>();
  for (const [sender, targets] of plan.messages.entries()) {
    if (sender === client) continue;
    for (const target of targets) {
      const isOurs = target.kind === 'client' ? target.client === client : plan.groups[target.group]!.members.includes(client);
      if (!isOurs) continue;
      const line = lineOf(userOf(sender), nameOfTarget(plan, target));
      expected.set(line, (expected.get(line) ?? 0) + 1);
    }
  }
  return expected;
}

/** One sender's messages to one target: what has an order. */
export function lineOf(sender: string, target: string): string {
  return `${sender} to ${target}`;
}
