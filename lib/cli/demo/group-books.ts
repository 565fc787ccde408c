import { Direction } from './direction.js';

/** What became of the messages of a group. */
export interface GroupCounts {
  readonly messages: number;
  /** Deliveries, one of a message to one of its readers, that took place at least once. */
  readonly deliveries: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly altered: number;
  /** Messages that a device read although it was not to, by the device. */
  readonly readByOthers: ReadonlyMap<string, number>;
}

interface Message {
  readonly bytes: Uint8Array;
  readonly readers: ReadonlySet<string>;
  id: string | undefined;
}

interface Arrival {
  readonly receiver: string;
  readonly sender: string;
  readonly messageId: string;
  readonly bytes: Uint8Array;
}

/**
 * The books of a group: what each device was to send and who was to read it, under which id it left and what arrived where. Every pair of a sender
 * and a reader has a balance of its own. Devices are named by any texts that differ.
 */
export class GroupBooks {
  readonly #messages = new Map<string, Message[]>();
  readonly #arrivals: Arrival[] = [];
  readonly #arrived = new Set<string>();
  #expected = 0;

  /** `sender` is to send this next, and `readers` are to read it. */
  expect(sender: string, bytes: Uint8Array, readers: readonly string[]): void {
    const messages = this.#messages.get(sender) ?? [];
    this.#messages.set(sender, messages);
    messages.push({ bytes, readers: new Set(readers), id: undefined });
    this.#expected += readers.length;
  }

  /** `sender` reports that its next message has left under this id. */
  sent(sender: string, messageId: string): void {
    const next = this.#messages.get(sender)?.find(({ id }) => id === undefined);
    if (next !== undefined) next.id = messageId;
  }

  /** `receiver` reports a message of `sender`. */
  received(receiver: string, sender: string, messageId: string, bytes: Uint8Array): void {
    this.#arrivals.push({ receiver, sender, messageId, bytes });
    this.#arrived.add(JSON.stringify([receiver, sender, messageId]));
  }

  /** Whether everything has left and there were as many deliveries as there are to be. */
  get isComplete(): boolean {
    return this.#arrived.size >= this.#expected && [...this.#messages.values()].every((messages) => messages.at(-1)?.id !== undefined);
  }

  /** The id under which `sender` has sent these bytes, if it has. */
  idOf(sender: string, bytes: Uint8Array): string | undefined {
    return this.#messages.get(sender)?.find((message) => message.id !== undefined && Buffer.from(message.bytes).equals(bytes))?.id;
  }

  /** The ids of what others sent and `device` was not to read. */
  idsKeptFrom(device: string): string[] {
    const others = [...this.#messages].filter(([sender]) => sender !== device);
    return others.flatMap(([, messages]) => messages.flatMap(({ id, readers }) => (id === undefined || readers.has(device) ? [] : [id])));
  }

  /** The balance of all deliveries. Call it after the last report. */
  result(): GroupCounts {
    const sum = { messages: 0, deliveries: 0, lost: 0, duplicated: 0, outOfOrder: 0, altered: 0 };
    const readByOthers = new Map<string, number>();
    for (const messages of this.#messages.values()) sum.messages += messages.length;
    const senders = new Set([...this.#messages.keys(), ...this.#arrivals.map(({ sender }) => sender)]);
    const readers = [...this.#messages.values()].flatMap((messages) => messages.flatMap((message) => [...message.readers]));
    const receivers = new Set([...readers, ...this.#arrivals.map(({ receiver }) => receiver)]);
    for (const sender of senders) {
      for (const receiver of receivers) {
        const { balance, strayed } = this.#balance(sender, receiver);
        sum.deliveries += balance.arrived;
        sum.lost += balance.lost;
        sum.duplicated += balance.duplicated;
        sum.outOfOrder += balance.outOfOrder;
        sum.altered += balance.altered;
        if (strayed > 0) readByOthers.set(receiver, (readByOthers.get(receiver) ?? 0) + strayed);
      }
    }
    return { ...sum, readByOthers };
  }

  #balance(sender: string, receiver: string): { readonly balance: ReturnType<Direction['result']>; readonly strayed: number } {
    const direction = new Direction();
    const kept = new Set<string>();
    for (const { bytes, readers, id } of this.#messages.get(sender) ?? []) {
      if (!readers.has(receiver)) {
        if (id !== undefined) kept.add(id);
        continue;
      }
      direction.expect(bytes);
      if (id !== undefined) direction.sent(id);
    }
    let strayed = 0;
    for (const arrival of this.#arrivals) {
      if (arrival.sender !== sender || arrival.receiver !== receiver) continue;
      if (kept.has(arrival.messageId)) strayed += 1;
      else direction.received(arrival.messageId, arrival.bytes);
    }
    return { balance: direction.result(), strayed };
  }
}
