import type { NativeAddon } from '../../lib/crypto/addon.js';

export function withSampledSchemes<Addon extends NativeAddon>(addon: Addon): Addon;
export function withLatticeSchemes<Addon extends NativeAddon>(addon: Addon): Addon;
