import type { NativeAddon } from '../../lib/crypto/addon.js';

/** Plays the calls of inputs. */
export class AddonCalls {
  constructor(addon: NativeAddon);
  /** Makes the calls that `input` says; gives what came of them. Throws for what must not happen. */
  run(input: Uint8Array): Promise<string[]>;
}
