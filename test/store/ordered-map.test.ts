import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OrderedMap } from '../../lib/store/ordered-map.js';

const keys = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\u00ff'), minLength: 1, maxLength: 6 });

describe('ordered map', () => {
  test('it agrees with a sorted list after any sequence of changes', () => {
    const change = fc.record({ key: keys, value: fc.option(fc.nat(), { nil: undefined }) });
    const range = fc.record({ prefix: fc.oneof(fc.constant(''), keys), after: fc.option(keys, { nil: undefined }), reverse: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 1_500, size: 'max' }), range, (changes, { prefix, after, reverse }) => {
        const map = new OrderedMap<number>();
        const model = new Map<string, number>();
        for (const { key, value } of changes) {
          if (value === undefined) {
            map.delete(key);
            model.delete(key);
          } else {
            map.set(key, value);
            model.set(key, value);
          }
        }
        const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1)).filter(([key]) => key.startsWith(prefix));
        const selected = reverse
          ? expected.reverse().filter(([key]) => after === undefined || key < after)
          : expected.filter(([key]) => after === undefined || key > after);
        expect([...map.entries({ prefix, after, reverse })]).toEqual(selected);
        expect(map.size).toBe(model.size);
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  test('a queue of many keys keeps its order while its head is taken', () => {
    const map = new OrderedMap<number>();
    const name = (i: number): string => String(i).padStart(6, '0');
    for (let i = 0; i < 20_000; i += 1) map.set(name(i), i);
    for (let i = 0; i < 19_990; i += 1) map.delete(name(i));
    expect([...map.entries({ prefix: '' })].map(([, value]) => value)).toEqual(Array.from({ length: 10 }, (_, i) => 19_990 + i));
    map.clear();
    expect([...map.entries({ prefix: '', reverse: true })]).toEqual([]);
  });
});
