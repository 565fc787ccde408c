/** What was sent in a story, and who must and may read it. */

interface Sent {
  /** Grows in the order of the calls. */
  readonly number: number;
  readonly text: string;
  /** The sender, as `user/device`. */
  readonly from: string;
  /** Whether the call resolved: then it must arrive. One that a death cut off may. */
  isStored: boolean;
  /** Known once it is stored. */
  messageId: string | undefined;
}

/** A message to all devices of a user. */
export interface SentToUser extends Sent {
  readonly kind: 'to-user';
  readonly userId: string;
  /** Devices of the recipient that must get it. */
  readers: ReadonlySet<string>;
  /** Own other devices that must get a copy. */
  copies: ReadonlySet<string>;
}

/** A message to a group. */
export interface SentToGroup extends Sent {
  readonly kind: 'to-group';
  readonly groupId: string;
  /** Devices that it is sealed for; none while the keys had not come. */
  readers: ReadonlySet<string>;
}

/** Everything sent. */
export class Ledger {
  readonly #byText = new Map<string, SentToUser | SentToGroup>();

  /** Everything, in the order of the calls. */
  get all(): readonly (SentToUser | SentToGroup)[] {
    return [...this.#byText.values()];
  }

  find(text: string): SentToUser | SentToGroup | undefined {
    return this.#byText.get(text);
  }

  toUser(from: string, userId: string): SentToUser {
    const number = this.#byText.size;
    const text = `${number} from ${from} to user ${userId}`;
    const sent: SentToUser = {
      kind: 'to-user',
      number,
      text,
      from,
      isStored: false,
      messageId: undefined,
      userId,
      readers: new Set(),
      copies: new Set(),
    };
    this.#byText.set(text, sent);
    return sent;
  }

  toGroup(from: string, groupId: string): SentToGroup {
    const number = this.#byText.size;
    const text = `${number} from ${from} to group ${groupId}`;
    const sent: SentToGroup = { kind: 'to-group', number, text, from, isStored: false, messageId: undefined, groupId, readers: new Set() };
    this.#byText.set(text, sent);
    return sent;
  }
}
