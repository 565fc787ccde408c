/**
 * Restorations of a store that nobody can notice: nothing that it has sent since the backup has reached the relay and become durable there. What left the
 * process meanwhile was on its way when line or relay failed, and its keys are used again: SECURITY.md.
 */
import type { DeviceAddress } from '../../lib/base/address.js';
import { equalBytes } from '../../lib/base/bytes.js';
import type { ClientStore } from '../../lib/store/client-store.js';
import type { RelayStore } from '../../lib/store/relay-store.js';

/** Whether the relay's store tells that the device has gone on since `backup`. Rejects with `StoreError`. */
export async function knowsLater(relay: RelayStore, address: DeviceAddress, backup: ClientStore): Promise<boolean> {
  const [login, seen, meta] = await Promise.all([relay.login(address), relay.seenCounter(address), backup.loadMeta()]);
  if (login === undefined || meta === undefined) return false;
  const { incarnation, commits, greetings } = meta;
  if (!equalBytes(login.incarnation, incarnation)) return login.incarnation.length > 0;
  if (login.commitCounter > commits) return true;
  if (seen !== undefined && equalBytes(seen.incarnation, incarnation) && seen.commitCounter > commits) return true;
  const known = [greetings?.sent, greetings?.answered];
  return login.greeting.length > 0 && !known.some((greeting) => greeting !== undefined && equalBytes(greeting, login.greeting));
}
