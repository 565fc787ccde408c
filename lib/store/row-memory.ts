import { Slab } from '../base/slab.js';

const rows = new Slab(65_536, 4_096);

/**
 * Memory for a row on its way into a store, all zero, in blocks that hold nothing but such rows. It is fit for secrets, who wipes it wipes the row; it
 * must not be handed to the application or kept, which would keep the block.
 */
export function allocateRow(length: number): Uint8Array<ArrayBuffer> {
  return rows.allocate(length);
}
