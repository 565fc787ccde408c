/**
 * What becomes of deliveries before they are written: numbers, ids, signatures, bodies that are stored once, and whether they fit.
 *
 * Owns: the form of new rows, quotas. Does not own: locks, heads, transactions (mailbox.ts).
 */
import { noBytes } from '../base/bytes.js';
import type { Clock } from '../base/clock.js';
import type { RandomSource } from '../base/random.js';
import { Slab } from '../base/slab.js';
import { wholeRow } from '../store/mailbox-rows.js';
import type { MailboxHead, MailboxRow, PushContent } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import type { ServerSignature } from '../wire/certificate.js';
import type { EncodedPayload } from '../wire/push.js';
import { encodePush } from '../wire/push.js';
import type { Bodies } from './bodies.js';
import type { Box, Delivery } from './delivery.js';
import { deviceName } from './device-name.js';
import { frameOf, pushLength } from './push-form.js';
import type { MailboxShares, TakenShares } from './mailbox-shares.js';
import { Nonces, makePushId } from './push-id.js';
import { Refusal, responseCode } from './refusal.js';
import type { RelayLimits } from './relay-limits.js';
import type { PushStatement, Signer } from './signer.js';

/** Bytes of a payload from which it is stored once for all devices that get it: a pointer row costs some 200 bytes itself. */
const sharedBodyLength = 512;

/** A row with where it goes. */
export interface PlacedRow {
  readonly delivery: Delivery;
  readonly box: Box;
  readonly row: MailboxRow;
  /** Of the whole push, which is what quotas count. */
  readonly length: number;
}

/** A body that several new rows name. */
export interface NewBody {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** What is to be written. */
export interface Placed {
  readonly rows: readonly PlacedRow[];
  readonly bodies: readonly NewBody[];
  /** What the senders have now taken of crowded mailboxes. */
  readonly shares: readonly Write[];
}

interface Draft {
  readonly delivery: Delivery;
  readonly box: Box;
  readonly sequence: number;
  readonly id: string;
  readonly statement: PushStatement;
}

/** Makes rows of deliveries. */
export class Placement {
  readonly #signer: Signer;
  readonly #clock: Clock;
  readonly #nonces: Nonces;
  readonly #bodies: Bodies;
  readonly #shares: MailboxShares;
  readonly #limits: RelayLimits;
  readonly #slab = new Slab();

  constructor(signer: Signer, clock: Clock, random: RandomSource, bodies: Bodies, shares: MailboxShares, limits: RelayLimits) {
    this.#signer = signer;
    this.#clock = clock;
    this.#nonces = new Nonces(random);
    this.#bodies = bodies;
    this.#shares = shares;
    this.#limits = limits;
  }

  /**
   * Rows for `deliveries`, whose boxes the caller holds with their heads loaded; nothing has changed yet. Throws `Refusal` 404 (a device is gone)
   * and 503 `mailbox-full`.
   */
  async place(deliveries: readonly Delivery[], boxes: ReadonlyMap<string, Box>): Promise<Placed> {
    const shares = await this.#shares.load(deliveries, boxes);
    const drafts = this.#draft(deliveries, boxes, shares);
    const signed = drafts.filter(({ delivery }) => delivery.signed);
    const made = signed.length === 0 ? [] : await this.#signer.signPushes(signed.map(({ statement }) => statement));
    const signatures = new Map(signed.map((draft, index) => [draft, made[index]]));
    const bodies = this.#sharedBodies(drafts);
    const rows = drafts.map((draft) => {
      const signature = signatures.get(draft);
      const content = contentOf(draft, signature === undefined ? [] : [signature], bodies.get(draft.delivery.payload));
      return {
        delivery: draft.delivery,
        box: draft.box,
        row: { sequence: draft.sequence, id: draft.id, content },
        length: pushLength(content),
      };
    });
    this.#checkQuota(rows);
    return { rows, bodies: [...bodies.values()], shares: shares.writes() };
  }

  /**
   * As {@link place} for one delivery that is neither signed nor optional, into a box where senders are not counted: at once, and in the memory of its
   * row. `undefined` for any other, or when the device is gone. Throws `Refusal` 503 `mailbox-full`.
   */
  placeOne(delivery: Delivery, box: Box): Placed | undefined {
    const { head } = box;
    if (head === undefined || head === null || delivery.signed || delivery.optional === true || this.#shares.areCounted(head))
      return undefined;
    const draft = this.#draftOf(delivery, box, head.next, this.#clock.now());
    const content = wholeInPlace(draft, this.#slab);
    const { length } = content.push;
    if (this.#isFull(head, 0, length)) throw mailboxFull();
    return { rows: [{ delivery, box, row: { sequence: draft.sequence, id: draft.id, content }, length }], bodies: [], shares: [] };
  }

  #draft(deliveries: readonly Delivery[], boxes: ReadonlyMap<string, Box>, shares: TakenShares): Draft[] {
    const next = new Map<Box, number>();
    const time = this.#clock.now();
    const drafts: Draft[] = [];
    for (const delivery of deliveries) {
      const { to, optional } = delivery;
      const box = boxes.get(deviceName(to));
      if (box?.head === undefined || box.head === null) {
        if (optional === true) continue;
        throw new Refusal(responseCode.notFound, 'the device is not registered here');
      }
      if (optional === true && this.#isFull(box.head, 0, 0)) continue;
      if (!shares.take(delivery)) {
        if (optional === true) continue;
        throw mailboxFull();
      }
      const sequence = next.get(box) ?? box.head.next;
      next.set(box, sequence + 1);
      drafts.push(this.#draftOf(delivery, box, sequence, time));
    }
    return drafts;
  }

  #draftOf(delivery: Delivery, box: Box, sequence: number, time: number): Draft {
    const { from, payload } = delivery;
    const id = makePushId(sequence, this.#nonces.take());
    return { delivery, box, sequence, id, statement: { tag: { time, id }, from, to: box.address, payload } };
  }

  #sharedBodies(drafts: readonly Draft[]): Map<EncodedPayload, NewBody> {
    const bodies = new Map<EncodedPayload, NewBody>();
    // The common case, one message for one device.
    if (drafts.length < 2) return bodies;
    const rows = new Map<EncodedPayload, number>();
    for (const { delivery } of drafts) rows.set(delivery.payload, (rows.get(delivery.payload) ?? 0) + 1);
    for (const [payload, count] of rows) {
      if (count < 2 || payload.bytes.length < sharedBodyLength) continue;
      bodies.set(payload, { id: this.#bodies.newId(), bytes: payload.bytes, rows: count });
    }
    return bodies;
  }

  #checkQuota(placed: readonly PlacedRow[]): void {
    const added = new Map<Box, { rows: number; bytes: number }>();
    for (const { box, length, delivery } of placed) {
      const sum = added.get(box) ?? { rows: 0, bytes: 0 };
      // An optional one was let in while there was room; a single push beyond the bound does no harm.
      if (delivery.optional !== true && box.head !== null && box.head !== undefined) {
        if (this.#isFull(box.head, sum.rows, sum.bytes + length)) throw mailboxFull();
      }
      added.set(box, { rows: sum.rows + 1, bytes: sum.bytes + length });
    }
  }

  /** Whether one more row does not fit after `rows` and `bytes` more. */
  #isFull(head: MailboxHead, rows: number, bytes: number): boolean {
    return head.rows + rows >= this.#limits.mailboxRows || head.bytes + bytes > this.#limits.mailboxBytes;
  }
}

/** What is said when there is no room, be it for anybody or for this sender: how full a mailbox is concerns no sender. */
export function mailboxFull(): Refusal {
  return new Refusal(responseCode.unavailable, 'mailbox-full');
}

function contentOf({ statement }: Draft, signatures: readonly ServerSignature[], body: NewBody | undefined): PushContent {
  if (body === undefined) return { kind: 'whole', push: encodePush({ ...statement, signatures }) };
  return { kind: 'shared', ...frameOf(statement, signatures), bodyId: body.id, bodyLength: body.bytes.length };
}

/** The whole push, unsigned, where its row will be. */
function wholeInPlace({ statement }: Draft, slab: Slab): Extract<PushContent, { readonly kind: 'whole' }> {
  let row = noBytes;
  const push = encodePush({ ...statement, signatures: [] }, (length) => {
    const memory = wholeRow(slab, length);
    row = memory.row;
    return memory.push;
  });
  return { kind: 'whole', push, row };
}
