/** What was sent in a story, and who must and may read it: the model that the world is compared with. */
import type { StoryDevice } from './story-device.js';

interface Sent {
  /** Grows in the order of the calls. */
  readonly number: number;
  readonly text: string;
  readonly from: StoryDevice;
  /** Whether the call resolved: then it must arrive. One that was cut off by a crash may. */
  isStored: boolean;
}

/** A message to all devices of a user. */
export interface SentToUser extends Sent {
  readonly kind: 'to-user';
  readonly userId: string;
  /** Devices of the recipient that must get it, by `deviceKey`. */
  readers: ReadonlySet<string>;
  /** Own other devices that must get a copy. */
  readonly copies: ReadonlySet<string>;
}

/** A message to a group. */
export interface SentToGroup extends Sent {
  readonly kind: 'to-group';
  readonly groupId: string;
  /** Known once it is stored. */
  messageId: string | undefined;
  /** Devices that it was sealed for when it was sent; empty while its keys had not come. */
  readonly sealedFor: ReadonlySet<string>;
  /** Index into the relay's history when it was sent. */
  readonly since: number;
}

/** Everything sent. */
export class Ledger {
  readonly #byText = new Map<string, SentToUser | SentToGroup>();

  get all(): readonly (SentToUser | SentToGroup)[] {
    return [...this.#byText.values()];
  }

  /** The store of `device` goes back in time: what it has not sent yet is lost with its state, and nobody can say what that is. */
  goesBack(device: StoryDevice): void {
    for (const sent of this.#byText.values()) if (sent.from === device) sent.isStored = false;
  }

  find(text: string): SentToUser | SentToGroup | undefined {
    return this.#byText.get(text);
  }

  toUser(from: StoryDevice, userId: string, copies: ReadonlySet<string>): SentToUser {
    const number = this.#byText.size;
    const text = textOf(number, from, `user ${userId}`);
    const sent: SentToUser = { kind: 'to-user', number, text, from, isStored: false, userId, readers: new Set(), copies };
    this.#byText.set(text, sent);
    return sent;
  }

  toGroup(from: StoryDevice, groupId: string, sealedFor: ReadonlySet<string>, since: number): SentToGroup {
    const number = this.#byText.size;
    const text = textOf(number, from, `group ${groupId}`);
    const sent: SentToGroup = { kind: 'to-group', number, text, from, isStored: false, groupId, messageId: undefined, sealedFor, since };
    this.#byText.set(text, sent);
    return sent;
  }
}

/** Every text is another one, also where two would be sealed with one key. */
function textOf(number: number, from: StoryDevice, to: string): string {
  return `${number.toString().padStart(4, '0')} from ${from.name} to ${to}`;
}
