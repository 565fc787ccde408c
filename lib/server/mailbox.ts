/**
 * The mailboxes: one queue per device, first in first out, kept until consumed.
 *
 * Owns: sequence numbers, what is durable, which connection streams which mailbox. Does not own: what a push says, its form (placement.ts), shared
 * bodies (bodies.ts).
 *
 * A row's sequence comes from the mailbox's head row, which is written in the same transaction. Steps on one mailbox are taken one at a time
 * up to the moment they are queued; what is queued is seen by the next step and pushed only when it is durable. The places of a step in all its
 * mailboxes are taken during the call itself: two steps are in the same order in every mailbox that both of them fill. Design D4, D9.
 */
import type { DeviceAddress } from '../base/address.js';
import type { Clock } from '../base/clock.js';
import { StoreError } from '../base/errors.js';
import { Locks } from '../base/locks.js';
import type { RandomSource } from '../base/random.js';
import type { MailboxRow, RelayStore } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import { Bodies } from './bodies.js';
import { MailboxShares } from './mailbox-shares.js';
import { Pauses } from './pauses.js';
import type { Box, Delivery } from './delivery.js';
import { deviceName } from './device-name.js';
import { type Placed, type PlacedRow, Placement } from './placement.js';
import { composePush, pushLength } from './push-form.js';
import { splitPushId } from './push-id.js';
import type { PushSink } from './push-stream.js';
import { PushStream } from './push-stream.js';
import type { RelayLimits } from './relay-limits.js';
import type { Signer } from './signer.js';

export type { Delivery } from './delivery.js';

/** Mailboxes whose head is kept in memory although nobody streams them. */
const idleBoxes = 10_000;

/** Where a delivery was put; `undefined` for an optional one that was left out. */
export type PlaceOf = (delivery: Delivery) => Pick<MailboxRow, 'sequence' | 'id'> | undefined;

/** What else a transaction holds, perhaps depending on where its deliveries were put. */
export type Alongside = readonly Write[] | ((placeOf: PlaceOf) => readonly Write[]);

/** A step whose commit is queued. */
interface QueuedStep {
  readonly durable: Promise<void>;
  readonly rows: readonly PlacedRow[];
}

/** All mailboxes of a relay. */
export class Mailboxes {
  readonly #store: RelayStore;
  readonly #bodies: Bodies;
  readonly #shares: MailboxShares;
  readonly #placement: Placement;
  readonly #limits: RelayLimits;
  readonly #locks = new Locks();
  readonly #boxes = new Map<string, Box>();

  constructor(store: RelayStore, signer: Signer, clock: Clock, random: RandomSource, limits: RelayLimits) {
    this.#store = store;
    this.#bodies = new Bodies(store, random, limits.bodyCacheBytes);
    this.#shares = new MailboxShares(store.mailbox, limits);
    this.#placement = new Placement(signer, clock, random, this.#bodies, this.#shares, limits);
    this.#limits = limits;
    store.onReset((cause) => {
      const mayBeStored = cause instanceof StoreError && cause.code === 'outcome-unknown';
      for (const box of this.#boxes.values()) {
        box.head = undefined;
        if (mayBeStored && box.stream !== undefined) void this.#lookAgain(box, box.stream);
      }
    });
  }

  /**
   * Puts `deliveries` into their mailboxes, in one transaction with `alongside`; resolves when that is durable and the connected devices have
   * been served. `generation` is the store's from before the caller read what `alongside` builds on. Throws `Refusal` 404 (a device is gone) and
   * 503 `mailbox-full`, then nothing was written.
   */
  async post(deliveries: readonly Delivery[], alongside: Alongside = [], generation = this.#store.generation): Promise<void> {
    const boxes = this.#boxesOf(deliveries.map(({ to }) => to));
    try {
      const step =
        this.#queueAtOnce(deliveries, boxes, alongside, generation) ??
        // The lock ends when the step is queued; durability is awaited outside, so that steps on a busy mailbox share commits.
        (await this.#locks.run([...boxes.keys()], async () => {
          await Promise.all([...boxes.values()].map((box) => this.#load(box)));
          return this.#queue(await this.#placement.place(deliveries, boxes), alongside, generation);
        }));
      await step.durable;
      const offered = this.#offer(step.rows);
      if (offered !== undefined) await offered;
    } finally {
      for (const box of boxes.values()) this.#release(box);
    }
  }

  /**
   * Deletes everything a device has but its place in groups, and tells others of it, in one transaction with `alongside`. What there is is read
   * while nothing can be added, so no row and no head outlives the device. Resolves when it is durable.
   */
  async remove(address: DeviceAddress, deliveries: readonly Delivery[], alongside: Alongside, generation: number): Promise<void> {
    const boxes = this.#boxesOf([address, ...deliveries.map(({ to }) => to)]);
    try {
      const { durable, rows } = await this.#locks.run([...boxes.keys()], async () => {
        await Promise.all([...boxes.values()].map((box) => this.#load(box)));
        const removed = await this.#store.deleteDevice(address);
        const placed = await this.#placement.place(deliveries, boxes);
        return this.#bodies.holding(removed.bodies.keys(), () => {
          this.#assertGeneration(generation);
          const others = typeof alongside === 'function' ? alongside(placeFinder(placed.rows)) : alongside;
          const dropped = [...removed.bodies].flatMap(([id, count]) => this.#bodies.drop(id, count));
          const committed = this.#store.commit([...removed.writes, ...dropped, ...others, ...this.#advance(placed)], generation);
          const box = boxes.get(deviceName(address));
          if (box !== undefined) box.head = null;
          return { durable: committed, rows: placed.rows };
        });
      });
      await durable;
      await this.#offer(rows);
    } finally {
      for (const box of boxes.values()) this.#release(box);
    }
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
        const push = box.stream?.outstanding(id) ?? (await this.#find(box, place.sequence, id));
        if (push === undefined || box.head === null) return { durable: undefined };
        const counts = await this.#shares.writesAfter(box, push.length);
        if (push.bodyId === undefined) {
          return { durable: this.#delete(box, id, place.sequence, push.length, () => [...counts, ...alongside()], generation) };
        }
        const { bodyId } = push;
        return this.#bodies.holding([bodyId], () => {
          this.#assertGeneration(generation);
          const dropped = this.#bodies.drop(bodyId, 1);
          return { durable: this.#delete(box, id, place.sequence, push.length, () => [...dropped, ...counts, ...alongside()], generation) };
        });
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
      {
        address,
        durableSequence: () => box.durable,
        rows: (after, limit) => this.#store.mailbox.rows(address, after, limit),
        push: (row) => this.#compose(address, row),
      },
      sink,
      this.#limits.pushWindow,
    );
    box.stream = stream;
    return stream;
  }

  /** Ends a stream of {@link stream}. */
  endStream(address: DeviceAddress, stream: PushStream): void {
    stream.close();
    const box = this.#boxes.get(deviceName(address));
    if (box === undefined) return;
    if (box.stream === stream) box.stream = undefined;
    this.#release(box);
  }

  /** Whether the device's mailbox is being streamed. */
  isConnected(address: DeviceAddress): boolean {
    return this.#boxes.get(deviceName(address))?.stream !== undefined;
  }

  /** Whether a push that was put into the device's mailbox is still there. */
  async holds(address: DeviceAddress, sequence: number, id: string): Promise<boolean> {
    return (await this.#store.mailbox.row(address, sequence))?.id === id;
  }

  /** A device was just registered: what is known of its absence no longer counts. */
  appeared(address: DeviceAddress): void {
    const box = this.#boxes.get(deviceName(address));
    if (box?.head === null) box.head = undefined;
  }

  #boxesOf(addresses: readonly DeviceAddress[]): Map<string, Box> {
    const boxes = new Map<string, Box>();
    for (const address of addresses) {
      const name = deviceName(address);
      // Once each: a box is released as often as it was taken.
      if (!boxes.has(name)) boxes.set(name, this.#box(address));
    }
    return boxes;
  }

  /** Before any head in memory moves: a commit that would be refused must not have counted. */
  #assertGeneration(generation: number): void {
    if (generation !== this.#store.generation) throw new StoreError('stale', 'the state this step builds on was lost');
  }

  /** The common step, a message for one device, when nothing has to be awaited: it takes no lock, because it is over before anybody else could ask for it. */
  #queueAtOnce(
    deliveries: readonly Delivery[],
    boxes: ReadonlyMap<string, Box>,
    alongside: Alongside,
    generation: number,
  ): QueuedStep | undefined {
    const [delivery] = deliveries;
    if (delivery === undefined || deliveries.length > 1) return undefined;
    const box = boxes.get(deviceName(delivery.to));
    if (box === undefined || this.#locks.isTaken(box.name)) return undefined;
    const placed = this.#placement.placeOne(delivery, box);
    return placed === undefined ? undefined : this.#queue(placed, alongside, generation);
  }

  /** Queues the commit of a step whose boxes are held. */
  #queue(placed: Placed, alongside: Alongside, generation: number): QueuedStep {
    this.#assertGeneration(generation);
    const others = typeof alongside === 'function' ? alongside(placeFinder(placed.rows)) : alongside;
    return { durable: this.#store.commit([...others, ...this.#advance(placed)], generation), rows: placed.rows };
  }

  /** The rows are durable now: to whom it may concern. A promise when that takes more than this turn. */
  #offer(rows: readonly PlacedRow[]): Promise<void> | undefined {
    for (const { box, row } of rows) box.durable = Math.max(box.durable, row.sequence);
    if (rows.length > 1) return this.#offerInTurns(rows);
    for (const { box, row } of rows) box.stream?.offer(row);
    return undefined;
  }

  async #offerInTurns(rows: readonly PlacedRow[]): Promise<void> {
    const pauses = new Pauses();
    for (const { box, row, length } of rows) {
      if (box.stream === undefined) continue;
      box.stream.offer(row);
      const pause = pauses.after(length);
      if (pause !== undefined) await pause;
    }
  }

  /** Takes the rows into the heads and gives the writes. */
  #advance({ rows, bodies, shares }: Placed): Write[] {
    const writes: Write[] = [...shares, ...bodies.flatMap(({ id, bytes, rows: count }) => this.#bodies.add(id, bytes, count))];
    const changed = new Set<Box>();
    for (const { box, row, length } of rows) {
      if (box.head === undefined || box.head === null) continue;
      box.head = { next: row.sequence + 1, rows: box.head.rows + 1, bytes: box.head.bytes + length };
      changed.add(box);
      writes.push(this.#store.mailbox.putRow(box.address, row));
    }
    for (const { address, head } of changed) {
      if (head !== undefined && head !== null) writes.push(this.#store.mailbox.putHead(address, head));
    }
    return writes;
  }

  /** Takes a row out of the head and queues its deletion. */
  #delete(box: Box, id: string, sequence: number, length: number, alongside: () => readonly Write[], generation: number): Promise<void> {
    if (box.head === undefined || box.head === null) throw new StoreError('stale', 'the state this step builds on was lost');
    box.stream?.consumed(id);
    box.head = { ...box.head, rows: Math.max(0, box.head.rows - 1), bytes: Math.max(0, box.head.bytes - length) };
    const writes = [this.#store.mailbox.deleteRow(box.address, sequence), this.#store.mailbox.putHead(box.address, box.head)];
    return this.#store.commit([...writes, ...alongside()], generation);
  }

  async #find(box: Box, sequence: number, id: string): Promise<{ readonly length: number; readonly bodyId?: string } | undefined> {
    const row = await this.#store.mailbox.row(box.address, sequence);
    if (row?.id !== id) return undefined;
    const length = pushLength(row.content);
    return row.content.kind === 'shared' ? { length, bodyId: row.content.bodyId } : { length };
  }

  /** The push of a row, at once when its body is in memory; `undefined` when the row was consumed in the meantime. */
  #compose(address: DeviceAddress, row: MailboxRow): Uint8Array | Promise<Uint8Array | undefined> {
    const { content } = row;
    if (content.kind === 'whole') return content.push;
    const body = this.#bodies.read(content.bodyId);
    if (body instanceof Uint8Array) return composePush(content, body);
    return body.then(async (found) => {
      if (found !== undefined) return composePush(content, found);
      if (await this.holds(address, row.sequence, row.id)) throw new StoreError('damaged', 'a mailbox row names a body that is not there');
      return undefined;
    });
  }

  /** What a commit without a known outcome has stored nobody else tells the stream of. Never rejects. */
  async #lookAgain(box: Box, stream: PushStream): Promise<void> {
    box.users += 1;
    try {
      await this.#locks.run([box.name], () => this.#load(box));
      stream.pump();
    } catch (error) {
      stream.fail(error);
    } finally {
      this.#release(box);
    }
  }

  async #load(box: Box): Promise<void> {
    while (box.head === undefined) {
      const { generation } = this.#store;
      const head = (await this.#store.mailbox.head(box.address)) ?? null;
      // What was read before a failed commit may never have become durable.
      if (generation !== this.#store.generation) continue;
      box.head = head;
      // Under the lock of this box nothing of it is queued: a step that loads is the first since the start or since a failed commit.
      box.durable = head === null ? 0 : head.next - 1;
    }
  }

  #box(address: DeviceAddress): Box {
    const name = deviceName(address);
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

function placeFinder(rows: readonly PlacedRow[]): PlaceOf {
  const [first] = rows;
  if (rows.length === 1 && first !== undefined) return (delivery) => (delivery === first.delivery ? first.row : undefined);
  const places = new Map(rows.map(({ delivery, row }) => [delivery, row]));
  return (delivery) => places.get(delivery);
}
