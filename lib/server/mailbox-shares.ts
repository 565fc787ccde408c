/**
 * Who fills a mailbox: while it is more than half full, every user may put no more than a share into it, so that one sender leaves room for the
 * others. The first half is everybody's, and costs no counting.
 *
 * Owns: the counts, which are rows of the mailbox and go when it is less than half full again. Does not own: whether there is room at all
 * (placement.ts). Its caller holds the lock of every mailbox it names.
 */
import type { MailboxRows, SenderShare } from '../store/mailbox-rows.js';
import type { MailboxHead } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import type { Box, Delivery } from './delivery.js';
import { deviceName } from './device-name.js';
import type { RelayLimits } from './relay-limits.js';

/** The bounds of {@link MailboxShares}. */
export type ShareLimits = Pick<RelayLimits, 'mailboxRows' | 'mailboxBytes' | 'senderRows' | 'senderBytes'>;

interface Taken {
  readonly box: Box;
  readonly userId: string;
  share: SenderShare;
  isChanged: boolean;
}

/** What the senders of one step have taken of the crowded mailboxes among its own; read once, changed by the step, written with it. */
export class TakenShares {
  readonly #limits: ShareLimits;
  readonly #rows: MailboxRows;
  readonly #taken: ReadonlyMap<string, Taken>;

  constructor(limits: ShareLimits, rows: MailboxRows, taken: ReadonlyMap<string, Taken>) {
    this.#limits = limits;
    this.#rows = rows;
    this.#taken = taken;
  }

  /** Takes room for the payload of `delivery`; false when its sender has had its share. The relay's own pushes have no sender. */
  take(delivery: Delivery): boolean {
    // The common case: there is room for everybody.
    if (this.#taken.size === 0) return true;
    const taken = this.#taken.get(nameOf(delivery));
    if (taken === undefined) return true;
    const share = { rows: taken.share.rows + 1, bytes: taken.share.bytes + delivery.payload.bytes.length };
    if (share.rows > this.#limits.senderRows || share.bytes > this.#limits.senderBytes) return false;
    taken.share = share;
    taken.isChanged = true;
    return true;
  }

  /** The counts that have changed. */
  writes(): Write[] {
    return [...this.#taken.values()]
      .filter(({ isChanged }) => isChanged)
      .map(({ box, userId, share }) => this.#rows.putShare(box.address, userId, share));
  }
}

/** The shares of all mailboxes of a relay. */
export class MailboxShares {
  readonly #limits: ShareLimits;
  readonly #rows: MailboxRows;

  constructor(rows: MailboxRows, limits: ShareLimits) {
    this.#rows = rows;
    this.#limits = limits;
  }

  /** What the senders of `deliveries` have taken so far. The heads of `boxes` are loaded. */
  async load(deliveries: readonly Delivery[], boxes: ReadonlyMap<string, Box>): Promise<TakenShares> {
    const taken = new Map<string, Taken>();
    for (const delivery of deliveries) {
      const box = boxes.get(deviceName(delivery.to));
      const { from } = delivery;
      if (from === undefined || box?.head === undefined || box.head === null || !this.areCounted(box.head)) continue;
      const name = nameOf(delivery);
      if (taken.has(name)) continue;
      const share = (await this.#rows.share(box.address, from.userId)) ?? { rows: 0, bytes: 0 };
      taken.set(name, { box, userId: from.userId, share, isChanged: false });
    }
    return new TakenShares(this.#limits, this.#rows, taken);
  }

  /** What ends the counting when a push of `length` bytes goes and leaves the mailbox less than half full. */
  async writesAfter(box: Box, length: number): Promise<readonly Write[]> {
    const { head, address } = box;
    if (head === undefined || head === null || !this.areCounted(head)) return [];
    if (this.areCounted({ ...head, rows: head.rows - 1, bytes: head.bytes - length })) return [];
    return this.#rows.deleteShares(address);
  }

  /** Whether a mailbox of that head is crowded, so that its senders are counted. */
  areCounted({ rows, bytes }: MailboxHead): boolean {
    return 2 * rows >= this.#limits.mailboxRows || 2 * bytes >= this.#limits.mailboxBytes;
  }
}

function nameOf({ to, from }: Delivery): string {
  return JSON.stringify([deviceName(to), from?.userId]);
}
