/** Bytes of a block. */
const blockLength = 65_536;

/** Longer rows get memory of their own: for them that costs little more than zeroing it. */
const longestShared = 4_096;

let block = new ArrayBuffer(blockLength);
let taken = 0;

/**
 * Memory for a row on its way into a store, all zero: a view of a block that holds nothing but such rows, because memory of its own takes ten times as
 * long. It is fit for secrets, who wipes the view wipes the row; it must not be handed to the application or kept, which would keep the block.
 */
export function allocateRow(length: number): Uint8Array<ArrayBuffer> {
  if (length > longestShared) return new Uint8Array(new ArrayBuffer(length));
  if (taken + length > blockLength) {
    block = new ArrayBuffer(blockLength);
    taken = 0;
  }
  const row = new Uint8Array(block, taken, length);
  taken += length;
  return row;
}
