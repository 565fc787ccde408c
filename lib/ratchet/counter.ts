/** The greatest value of a counter on the wire: they are unsigned 32-bit numbers. Spec: wire.md §7. */
export const maxCounter = 0xffff_ffff;

/** Whether `value` is an integer from 0 to {@link maxCounter}. */
export function isCounter(value: number): boolean {
  return value >>> 0 === value;
}
