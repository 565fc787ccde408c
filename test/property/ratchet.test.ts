import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '../../lib/base/secret.js';
import type { Decrypted, Ratchet, RatchetMessage } from '../../lib/ratchet/ratchet.js';
import { type Pair, type Side, newPair, testedSuites } from '../ratchet/side.js';

/** What may happen to a conversation. `pick` selects one of the messages that exist by then. */
type Event =
  | { readonly kind: 'send'; readonly from: 'alice' | 'bob'; readonly text: string }
  | { readonly kind: 'deliver'; readonly pick: number }
  | { readonly kind: 'deliver-damaged'; readonly pick: number; readonly field: DamagedField; readonly bit: number };

type DamagedField = 'ciphertext' | 'ratchetKey' | 'sequence' | 'rootSequence';

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('send'), from: fc.constantFrom('alice', 'bob'), text: fc.string({ minLength: 1 }) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('deliver'), pick: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('deliver-damaged'),
      pick: fc.nat(),
      field: fc.constantFrom<DamagedField>('ciphertext', 'ratchetKey', 'sequence', 'rootSequence'),
      bit: fc.nat(),
    }),
  },
);

interface Posted {
  readonly to: Side;
  readonly message: RatchetMessage;
  readonly text: string;
  opened: boolean;
}

function damaged(message: RatchetMessage, field: DamagedField, bit: number): RatchetMessage {
  if (field === 'sequence' || field === 'rootSequence') return { ...message, [field]: (message[field] ^ (1 << (bit % 32))) >>> 0 };
  const bytes = Uint8Array.from(message[field]);
  const position = bit % (8 * bytes.length);
  bytes[position >> 3] = bytes[position >> 3]! ^ (1 << (position & 7));
  return { ...message, [field]: bytes };
}

function secretsOf(value: unknown, found = new Set<unknown>()): Set<unknown> {
  if (value instanceof Secret) found.add(value);
  else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const inner of Object.values(value)) secretsOf(inner, found);
  }
  return found;
}

/** Every secret that went in is still in use or retired, and none is both. */
function expectAccountedFor(before: Ratchet, opened: Decrypted): void {
  const inUse = secretsOf(opened.ratchet);
  const retired = new Set<unknown>(opened.retired);
  for (const secret of secretsOf(before)) expect(inUse.has(secret)).toBe(!retired.has(secret));
  for (const { key } of opened.skippedChange.removed) expect(retired.has(key)).toBe(true);
  for (const secret of inUse) expect((secret as Secret<string>).length).toBeGreaterThan(0);
}

function deliver(posted: Posted): void {
  const { to, message, text } = posted;
  const before = to.ratchet;
  const snapshot = to.snapshot();
  if (posted.opened) {
    expect(() => to.open(message)).toThrow();
    expect(to.snapshot()).toEqual(snapshot);
    return;
  }
  const opened = to.open(message);
  expect(new TextDecoder().decode(opened.plaintext)).toBe(text);
  // The transition is on values: what went in is as it was until the owner takes the result over.
  expect(to.snapshot()).toEqual(snapshot);
  expectAccountedFor(before, opened);
  for (const made of secretsOf(opened.ratchet)) if (!secretsOf(before).has(made)) (made as Secret<string>).wipe();
  for (const { key } of opened.skippedChange.added) key.wipe();
  expect(to.receive(message)).toBe(text);
  posted.opened = true;
}

function play(pair: Pair, events: readonly Event[]): void {
  const post: Posted[] = [];
  for (const happening of events) {
    if (happening.kind === 'send') {
      const from = pair[happening.from];
      const to = happening.from === 'alice' ? pair.bob : pair.alice;
      const text = new TextDecoder().decode(new TextEncoder().encode(happening.text));
      post.push({ to, message: from.send(happening.text), text, opened: false });
      continue;
    }
    const posted = post[happening.pick % Math.max(post.length, 1)];
    if (posted === undefined) continue;
    if (happening.kind === 'deliver') {
      deliver(posted);
      continue;
    }
    const before = posted.to.snapshot();
    expect(() => posted.to.open(damaged(posted.message, happening.field, happening.bit))).toThrow();
    expect(posted.to.snapshot()).toEqual(before);
  }
  for (const posted of post) if (!posted.opened) deliver(posted);
  expect([pair.alice.skipped.size, pair.bob.skipped.size]).toEqual([0, 0]);
}

describe.each(testedSuites.map((suite) => [suite.name, suite] as const))('any conversation over %s', (name, suite) => {
  test('every message opens exactly once in any order, and what is refused changes nothing', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 5, maxLength: 80 }), (events) => play(newPair(suite, `property ${name}`), events)),
      { seed: 20_260_101, numRuns: 60 },
    );
  });
});
