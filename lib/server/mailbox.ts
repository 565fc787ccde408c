/**
 * The mailboxes: one queue per device, first in first out, kept until consumed.
 *
 * Owns: sequence numbers, quotas, what is durable, which connection streams which mailbox. Does not own: what a push says.
 *
 * A row's sequence comes from the mailbox's head row, which is written in the same transaction. Steps on one mailbox are taken one at a time
 * up to the moment they are queued; what is queued is seen by the next step and pushed only when it is durable. Design D4, D9.
 */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey } from '../base/address.js';
import type { Clock } from '../base/clock.js';
import { StoreError } from '../base/errors.js';
import type { RandomSource } from '../base/random.js';
import type { MailboxHead, MailboxRow, RelayStore } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import type { EncodedPayload } from '../wire/push.js';
import { Locks } from '../base/locks.js';
import { Nonces, makePushId, splitPushId } from './push-id.js';
import type { PushSink } from './push-stream.js';
import { PushStream } from './push-stream.js';
import { Refusal, responseCode } from './refusal.js';
import type { RelayLimits } from './relay-limits.js';
import type { PushStatement, Signer } from './signer.js';

/** Mailboxes whose head is kept in memory although nobody streams them. */
const idleBoxes = 10_000;

/** One push for one device. */
export interface Delivery {
  readonly to: DeviceAddress;
  /** Who caused it; absent when the relay itself did. */
  readonly from?: DeviceAddress;
  readonly payload: EncodedPayload;
  /** Control pushes are signed, messages are not: those are authenticated end to end. Design D9. */
  readonly signed: boolean;
  /** Left out when the mailbox is full, instead of failing the request that causes it. */
  readonly optional?: boolean;
}

interface Box {
  readonly address: DeviceAddress;
  readonly name: string;
  /** `undefined`: not loaded, or lost by a failed commit. `null`: there is no such device. */
  head: MailboxHead | null | undefined;
  durable: number;
  stream: PushStream | undefined;
  /** Steps that hold or await this box. */
  users: number;
}

/** A row with where it goes. */
interface PlacedRow {
  readonly box: Box;
  readonly row: MailboxRow;
}

/** All mailboxes of a relay. */
export class Mailboxes {
  readonly #store: RelayStore;
  readonly #signer: Signer;
  readonly #clock: Clock;
  readonly #nonces: Nonces;
  readonly #limits: RelayLimits;
  readonly #locks = new Locks();
  readonly #boxes = new Map<string, Box>();

  constructor(store: RelayStore, signer: Signer, clock: Clock, random: RandomSource, limits: RelayLimits) {
    this.#store = store;
    this.#signer = signer;
    this.#clock = clock;
    this.#nonces = new Nonces(random);
    this.#limits = limits;
    store.onReset(() => {
      for (const box of this.#boxes.values()) box.head = undefined;
    });
  }

  /**
   * Puts `deliveries` into their mailboxes, in one transaction with `writes`; resolves when that is durable and the connected devices have
   * been served. `generation` is the store's from before the caller read what `writes` build on. Throws `Refusal` 404 (a device is gone) and
   * 503 `mailbox-full`, then nothing was written.
   */
  async post(deliveries: readonly Delivery[], writes: readonly Write[] = [], generation = this.#store.generation): Promise<void> {
    const boxes = this.#boxesOf(deliveries.map(({ to }) => to));
    const placed: PlacedRow[] = [];
    try {
      // The lock ends when the step is queued; durability is awaited outside, so that steps on a busy mailbox share commits.
      const { durable } = await this.#locks.run([...boxes.keys()], async () => {
        await Promise.all([...boxes.values()].map((box) => this.#load(box)));
        placed.push(...(await this.#place(deliveries, boxes)));
        this.#assertGeneration(generation);
        return { durable: this.#store.commit([...writes, ...this.#advance(placed)], generation) };
      });
      await durable;
    } finally {
      for (const box of boxes.values()) this.#release(box);
    }
    this.#offer(placed);
  }

  /**
   * Deletes the device's mailbox with everything that `writes` names, and tells others of it, in one transaction. `writes` reads what there is
   * while nothing can be added, so no row and no head outlives the device. Resolves when it is durable.
   */
  async remove(
    address: DeviceAddress,
    deliveries: readonly Delivery[],
    writes: () => Promise<readonly Write[]>,
    generation: number,
  ): Promise<void> {
    const boxes = this.#boxesOf([address, ...deliveries.map(({ to }) => to)]);
    const placed: PlacedRow[] = [];
    try {
      const { durable } = await this.#locks.run([...boxes.keys()], async () => {
        await Promise.all([...boxes.values()].map((box) => this.#load(box)));
        const removed = await writes();
        placed.push(...(await this.#place(deliveries, boxes)));
        this.#assertGeneration(generation);
        const committed = this.#store.commit([...removed, ...this.#advance(placed)], generation);
        const box = boxes.get(deviceKey(address));
        if (box !== undefined) box.head = null;
        return { durable: committed };
      });
      await durable;
    } finally {
      for (const box of boxes.values()) this.#release(box);
    }
    this.#offer(placed);
  }

  /**
   * Deletes a push from the device's mailbox, in one transaction with what `alongside` gives; false when there is none of that id. Resolves when
   * it is durable.
   */
  async consume(address: DeviceAddress, id: string, alongside: () => readonly Write[] = () => []): Promise<boolean> {
    const place = splitPushId(id);
    if (place === undefined) return false;
    const box = this.#box(address);
    try {
      const { durable } = await this.#locks.run([box.name], async () => {
        const generation = this.#store.generation;
        await this.#load(box);
        const length = box.stream?.outstanding(id)?.length ?? (await this.#rowLength(box, place.sequence, id));
        if (length === undefined || box.head === null) return { durable: undefined };
        if (box.head === undefined) throw new StoreError('stale', 'the state this step builds on was lost');
        box.stream?.consumed(id);
        box.head = { ...box.head, rows: Math.max(0, box.head.rows - 1), bytes: Math.max(0, box.head.bytes - length) };
        const writes = [this.#store.deleteMailboxRow(address, place.sequence), this.#store.putMailboxHead(address, box.head)];
        return { durable: this.#store.commit([...writes, ...alongside()], generation) };
      });
      await durable;
      return durable !== undefined;
    } finally {
      this.#release(box);
    }
  }

  /** Streams the device's mailbox to `sink`, everything not consumed first, until the stream is closed. A stream there was before is closed. */
  async stream(address: DeviceAddress, sink: PushSink): Promise<PushStream> {
    const box = this.#box(address);
    try {
      await this.#locks.run([box.name], () => this.#load(box));
    } catch (error) {
      this.#release(box);
      throw error;
    }
    box.stream?.close();
    const stream = new PushStream(
      { address, durableSequence: () => box.durable, rows: (after, limit) => this.#store.mailboxRows(address, after, limit) },
      sink,
      this.#limits.pushWindow,
    );
    box.stream = stream;
    return stream;
  }

  /** Ends a stream of {@link stream}. */
  endStream(address: DeviceAddress, stream: PushStream): void {
    stream.close();
    const box = this.#boxes.get(deviceKey(address));
    if (box === undefined) return;
    if (box.stream === stream) box.stream = undefined;
    this.#release(box);
  }

  /** A device was just registered: what is known of its absence no longer counts. */
  appeared(address: DeviceAddress): void {
    const box = this.#boxes.get(deviceKey(address));
    if (box?.head === null) box.head = undefined;
  }

  #boxesOf(addresses: readonly DeviceAddress[]): Map<string, Box> {
    const boxes = new Map<string, Box>();
    for (const address of addresses) {
      const name = deviceKey(address);
      // Once each: a box is released as often as it was taken.
      if (!boxes.has(name)) boxes.set(name, this.#box(address));
    }
    return boxes;
  }

  /** Before any head in memory moves: a commit that would be refused must not have counted. */
  #assertGeneration(generation: number): void {
    if (generation !== this.#store.generation) throw new StoreError('stale', 'the state this step builds on was lost');
  }

  /** The rows are durable now: to whom it may concern. */
  #offer(placed: readonly PlacedRow[]): void {
    for (const { box, row } of placed) {
      box.durable = Math.max(box.durable, row.sequence);
      box.stream?.offer(row);
    }
  }

  async #place(deliveries: readonly Delivery[], boxes: ReadonlyMap<string, Box>): Promise<PlacedRow[]> {
    const next = new Map<Box, number>();
    const time = this.#clock.now();
    const drafts: {
      readonly box: Box;
      readonly sequence: number;
      readonly id: string;
      readonly statement: PushStatement;
      readonly signed: boolean;
    }[] = [];
    for (const { to, from, payload, signed, optional } of deliveries) {
      const box = boxes.get(deviceKey(to));
      if (box?.head === undefined || box.head === null) {
        if (optional === true) continue;
        throw new Refusal(responseCode.notFound, 'the device is not registered here');
      }
      if (optional === true && this.#isFull(box.head, 0, 0)) continue;
      const sequence = next.get(box) ?? box.head.next;
      next.set(box, sequence + 1);
      const id = makePushId(sequence, this.#nonces.take());
      const statement = { tag: { time, id }, from, to: box.address, payload };
      drafts.push({ box, sequence, id, statement, signed });
    }
    const encoded = await this.#signer.encodePushes(drafts);
    const placed = drafts.map(({ box, sequence, id }, index) => ({
      box,
      row: { sequence, id, push: encoded[index] ?? new Uint8Array(0) },
    }));
    this.#checkQuota(placed);
    return placed;
  }

  #checkQuota(placed: readonly PlacedRow[]): void {
    const added = new Map<Box, { rows: number; bytes: number }>();
    for (const { box, row } of placed) {
      const sum = added.get(box) ?? { rows: 0, bytes: 0 };
      if (box.head !== null && box.head !== undefined && this.#isFull(box.head, sum.rows, sum.bytes + row.push.length)) {
        throw new Refusal(responseCode.unavailable, 'mailbox-full');
      }
      added.set(box, { rows: sum.rows + 1, bytes: sum.bytes + row.push.length });
    }
  }

  /** Whether one more row does not fit after `rows` and `bytes` more. */
  #isFull(head: MailboxHead, rows: number, bytes: number): boolean {
    return head.rows + rows >= this.#limits.mailboxRows || head.bytes + bytes > this.#limits.mailboxBytes;
  }

  /** Takes the rows into the heads and gives the writes. */
  #advance(placed: readonly PlacedRow[]): Write[] {
    const writes: Write[] = [];
    const changed = new Set<Box>();
    for (const { box, row } of placed) {
      if (box.head === undefined || box.head === null) continue;
      box.head = { next: row.sequence + 1, rows: box.head.rows + 1, bytes: box.head.bytes + row.push.length };
      changed.add(box);
      writes.push(this.#store.putMailboxRow(box.address, row));
    }
    for (const { address, head } of changed) {
      if (head !== undefined && head !== null) writes.push(this.#store.putMailboxHead(address, head));
    }
    return writes;
  }

  async #rowLength(box: Box, sequence: number, id: string): Promise<number | undefined> {
    const row = await this.#store.mailboxRow(box.address, sequence);
    return row?.id === id ? row.push.length : undefined;
  }

  async #load(box: Box): Promise<void> {
    if (box.head !== undefined) return;
    const head = (await this.#store.mailboxHead(box.address)) ?? null;
    box.head = head;
    // Under the lock of this box nothing of it is queued: a step that loads is the first since the start or since a failed commit.
    box.durable = head === null ? 0 : head.next - 1;
  }

  #box(address: DeviceAddress): Box {
    const name = deviceKey(address);
    let box = this.#boxes.get(name);
    if (box === undefined) {
      const { domain, userId, deviceId } = address;
      box = { address: { domain, userId, deviceId }, name, head: undefined, durable: 0, stream: undefined, users: 0 };
      this.#boxes.set(name, box);
    }
    box.users += 1;
    return box;
  }

  #release(box: Box): void {
    box.users -= 1;
    if (box.users > 0 || this.#boxes.size <= idleBoxes) return;
    this.#boxes.delete(box.name);
  }
}
