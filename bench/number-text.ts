/** Three digits that count, with thousands apart: 0.0123, 1.23, 123, 12,345. */
export function numberText(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toLocaleString('en-US', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
}

/** Two digits behind the point below ten, fewer above. */
export function ratioText(value: number): string {
  return value < 10 ? value.toFixed(2) : numberText(value);
}

/** A whole number with thousands apart. */
export function countText(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}
