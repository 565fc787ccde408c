import * as modules from '../support/native-modules.js';

/** The file of the shipped addon, of the build that the library uses. */
export const addonFile = modules.moduleFile('skissm');
/** The shipped addon itself, without the layer of lib/crypto above it. */
export const addon = modules.shippedAddon();
/** The same build with randomness from a queue. */
export const testingAddon = modules.testingAddon();

/** Bytes of a hexadecimal string. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

/** Hexadecimal text of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The `code` of what `run` throws; `undefined` if it returns. */
export function codeOf(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}
