import { createRequire } from 'node:module';
import path from 'node:path';
import type { NativeAddon, TestingAddon } from '../../lib/crypto/addon.js';

const root = path.resolve(import.meta.dirname, '../..');
const require = createRequire(path.join(root, 'package.json'));

/** The file of the shipped addon. */
export const addonFile = path.join(root, 'build/Release/skissm.node');
/** The shipped addon itself, without the layer of lib/crypto above it. */
export const addon = require(addonFile) as NativeAddon;
/** The build whose randomness comes from a queue. */
export const testingAddon = require(path.join(root, 'build/Release/skissm_testing.node')) as TestingAddon;

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
