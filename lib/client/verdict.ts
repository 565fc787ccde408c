/** What each answer code of the relay means for a queued request: the one table of it. Spec: wire.md §3 (ResponseCode), one2one.md §5. */
import type { DeviceAddress } from '../base/address.js';
import { successCode } from '../wire/request.js';

/**
 * What becomes of a request: `done`; `retry` (the same bytes, later: an outage); `renew` (the same bytes, with a new token); `refused` (the same bytes would
 * be refused again: told to the application and set aside); `device-lost` (the device it is for is gone: so is everything kept for it).
 */
export type Verdict = 'done' | 'retry' | 'renew' | 'refused' | 'device-lost';

/** Every code of the schema but success and those of a server's own. */
const verdicts: ReadonlyMap<number, Verdict> = new Map([
  // Nothing was said.
  [0, 'retry'],
  // Only 200 is success in this protocol; these promise something else, so the relay is asked again.
  [201, 'retry'],
  [202, 'retry'],
  [204, 'retry'],
  [400, 'refused'],
  [401, 'renew'],
  [403, 'refused'],
  [404, 'device-lost'],
  [408, 'retry'],
  [409, 'refused'],
  [417, 'refused'],
  [500, 'retry'],
  [503, 'retry'],
]);

/** Codes from here are a server's own: what they mean is not known, only that it said no. */
const ownCodes = 1_000;

/** What `code` means for a request for `device` (`undefined`: for the relay itself). A code of a later schema may be an outage: asked again. */
export function verdictOf(code: number, device: DeviceAddress | undefined): Verdict {
  if (code === successCode) return 'done';
  if (code >= ownCodes) return 'refused';
  const verdict = verdicts.get(code) ?? 'retry';
  // A request that is for no device has none to lose.
  return verdict === 'device-lost' && device === undefined ? 'refused' : verdict;
}
