import { randomBytes } from 'node:crypto';
import type { Party } from './household.js';

/** Those who take part in the demonstration of groups: five devices of four users, each a process of its own. */
export const cast = {
  /** Makes the group and manages it. */
  laptop: { user: 'alice', device: 'laptop' },
  tablet: { user: 'alice', device: 'tablet' },
  /** Is removed. */
  bob: { user: 'bob', device: 'phone' },
  carol: { user: 'carol', device: 'desktop' },
  /** Is added. */
  dave: { user: 'dave', device: 'laptop' },
} as const satisfies Record<string, Party>;

/** Everybody of the cast. */
export const everybody: readonly Party[] = Object.values(cast);

/** A round of messages: every sender sends so many, in turn, for all readers but itself. */
export interface Round {
  readonly name: string;
  readonly senders: readonly Party[];
  readonly readers: readonly Party[];
  readonly messages: number;
}

/** Messages of each device in a round. */
const messagesEach = 20;

const { laptop, tablet, bob, carol, dave } = cast;
const founders = [laptop, tablet, bob, carol];
const staying = [laptop, tablet, carol, dave];

/** The rounds in order. After the first somebody is added, before the third bob's store is copied, before the last he is removed. */
export const rounds = {
  first: { name: 'first', senders: founders, readers: founders, messages: messagesEach },
  withNewcomer: { name: 'with the newcomer', senders: everybody, readers: everybody, messages: messagesEach },
  beforeRemoval: { name: 'before the removal', senders: [carol], readers: everybody, messages: 1 },
  afterRemoval: { name: 'after the removal', senders: staying, readers: staying, messages: messagesEach },
} as const satisfies Record<string, Round>;

/** One message of a round. */
export interface Line {
  readonly sender: Party;
  readonly bytes: Uint8Array;
}

/** What is said in the group. Every message is different, and of this run only, so that finding it anywhere means that it came from here. */
export class GroupScript {
  readonly #tag = randomBytes(8).toString('hex');

  /** The messages of a round, in the order in which they are sent. */
  linesOf({ name, senders, messages }: Round): Line[] {
    return Array.from({ length: messages }, (_, position) =>
      senders.map((sender) => {
        const text = `${sender.user} on the ${sender.device}, round ${name}, message ${position + 1} of run ${this.#tag}\n`;
        return { sender, bytes: new Uint8Array(Buffer.from(text, 'utf8')) };
      }),
    ).flat();
  }

  /** All messages of all rounds. */
  get contents(): Uint8Array[] {
    return Object.values(rounds).flatMap((round) => this.linesOf(round).map(({ bytes }) => bytes));
  }
}
