import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { median, percentile } from '../../bench/statistics.js';

const thousand = Float64Array.from({ length: 1_000 }, (_, index) => index + 1);

test.each([
  [0, 1],
  [0.1, 1],
  [0.2, 2],
  [50, 500],
  [90, 900],
  [99, 990],
  [99.9, 999],
  [99.91, 1_000],
  [100, 1_000],
])('percentile %d of a thousand values is the %dth', (percent, value) => {
  expect(percentile(thousand, percent)).toBe(value);
});

test('a percentile was measured, and at least so many are not above it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.integer({ min: 1, max: 100 }), (values, percent) => {
      const sorted = Float64Array.from(values).sort();
      const found = percentile(sorted, percent);
      expect(sorted).toContain(found);
      expect(sorted.filter((value) => value <= found).length).toBeGreaterThanOrEqual((percent / 100) * sorted.length - 1e-6);
      expect(sorted.filter((value) => value < found).length).toBeLessThan((percent / 100) * sorted.length);
    }),
  );
});

test('of nothing there is no value', () => {
  expect(percentile(new Float64Array(0), 50)).toBeNaN();
  expect(median([])).toBeNaN();
});

test('the median is the middle value, or between the two middle ones', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});
