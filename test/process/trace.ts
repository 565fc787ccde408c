import { existsSync, readFileSync } from 'node:fs';

/** What a client noted while it ran, over all its lives. */
export type Note =
  | { readonly kind: 'attempt'; readonly to: string; readonly text: string; readonly life: number }
  | { readonly kind: 'sent'; readonly to: string; readonly text: string; readonly messageId: string }
  | {
      readonly kind: 'got';
      readonly from: string;
      readonly fromDevice: string;
      readonly copy: boolean;
      readonly text: string;
      readonly messageId: string;
      readonly life: number;
    }
  | { readonly kind: 'acknowledged'; readonly messageId: string }
  | { readonly kind: 'request'; readonly name: string; readonly body: string; readonly place?: Place; readonly ciphertext?: string }
  | { readonly kind: 'died'; readonly point: string };

/** The notes of one kind. */
export type NoteOf<Kind extends Note['kind']> = Extract<Note, { kind: Kind }>;

/** Where in which chain a ciphertext stands: one place, one key and IV. */
export interface Place {
  readonly session: string;
  readonly ratchetKey: string;
  readonly rootSequence: number;
  readonly sequence: number;
}

/** Reads a trace file; none when the program has not come that far. */
export function readTrace(path: string): Note[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Note);
}

/** The notes of one kind. */
export function notesOf<Kind extends Note['kind']>(notes: readonly Note[], kind: Kind): NoteOf<Kind>[] {
  return notes.filter((note): note is NoteOf<Kind> => note.kind === kind);
}

/** What left a device: how often, and what must never have. */
export interface Departures {
  /** Messages that left more than once. */
  readonly again: number;
  /** Places under which two different ciphertexts left: one key and IV used twice. */
  readonly keysUsedTwice: string[];
  readonly places: number;
}

/** Looks through all ciphertexts that left a device. */
export function departuresOf(notes: readonly Note[]): Departures {
  const byPlace = new Map<string, string>();
  const keysUsedTwice: string[] = [];
  let again = 0;
  for (const { place, ciphertext } of notesOf(notes, 'request')) {
    if (place === undefined || ciphertext === undefined) continue;
    const name = [place.session, place.rootSequence, place.sequence].join(' ');
    const known = byPlace.get(name);
    if (known === undefined) byPlace.set(name, ciphertext);
    else if (known === ciphertext) again += 1;
    else keysUsedTwice.push(name);
  }
  return { again, keysUsedTwice, places: byPlace.size };
}

/** How what one side attempted to send to the other arrived. */
export interface Delivery {
  /** Acknowledged by `send`, never received. */
  readonly lost: string[];
  /** Received under two message ids, or again after the application had acknowledged it. */
  readonly repeated: string[];
  /** Received before something that had been sent earlier. */
  readonly outOfOrder: string[];
  /** Received, but never sent. */
  readonly invented: string[];
  readonly arrived: string[];
}

/** Compares the notes of a sender with those of a receiver. */
export function deliveryOf(sender: readonly Note[], from: string, receiver: readonly Note[], to: string): Delivery {
  const attempted = notesOf(sender, 'attempt').filter((note) => note.to === to);
  const position = new Map(attempted.map(({ text }, index) => [text, index]));
  const messageIds = new Map<string, string>();
  const acknowledged = new Set<string>();
  const repeated: string[] = [];
  const arrived: string[] = [];
  for (const note of receiver) {
    if (note.kind === 'acknowledged') acknowledged.add(note.messageId);
    if (note.kind !== 'got' || note.from !== from || note.copy) continue;
    const known = messageIds.get(note.text);
    if (known === undefined) arrived.push(note.text);
    // What the application has not acknowledged comes again, after a restart, under its id.
    else if (known !== note.messageId || acknowledged.has(note.messageId)) repeated.push(note.text);
    messageIds.set(note.text, note.messageId);
  }
  const order = arrived.map((text) => position.get(text) ?? -1);
  return {
    lost: notesOf(sender, 'sent')
      .filter((note) => note.to === to && !messageIds.has(note.text))
      .map(({ text }) => text),
    repeated,
    outOfOrder: arrived.filter((_, index) => order.slice(index + 1).some((later) => later < (order[index] ?? 0))),
    invented: arrived.filter((text) => !position.has(text)),
    arrived,
  };
}
