/** The middle value, or the mean of the two middle ones; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The least value that at least `percent` per cent of `sorted` (ascending) do not exceed: a value that was measured. NaN of none. */
export function percentile(sorted: Float64Array, percent: number): number {
  // The product of 99.9 and a thousandth is not 999 exactly.
  const rank = Math.ceil(Number(((percent / 100) * sorted.length).toFixed(6)));
  return sorted[Math.max(0, rank - 1)] ?? Number.NaN;
}
