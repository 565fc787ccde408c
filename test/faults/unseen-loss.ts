/**
 * Restorations of a store that nobody can notice: nothing that it has sent since the backup has reached the relay and become durable there. What left the
 * process meanwhile was on its way when line or relay failed, and its keys are used again: SECURITY.md.
 */
import type { DeviceAddress } from '../../lib/base/address.js';
import { equalBytes, toBase64 } from '../../lib/base/bytes.js';
import type { ClientStore } from '../../lib/store/client-store.js';
import type { RelayStore } from '../../lib/store/relay-store.js';

/** What the relay has stored of a device's store; bytes in base64. */
export interface RelayKnowledge {
  readonly incarnation: string;
  readonly commitCounter: number;
  readonly greeting: string;
}

/** What `relay` knows of the device's store. Rejects with `StoreError`. */
export async function knowledgeOf(relay: RelayStore, address: DeviceAddress): Promise<RelayKnowledge | undefined> {
  const [login, seen] = await Promise.all([relay.login(address), relay.seenCounter(address)]);
  if (login === undefined) return undefined;
  const isSame = seen !== undefined && equalBytes(seen.incarnation, login.incarnation);
  return {
    incarnation: toBase64(login.incarnation),
    commitCounter: Math.max(login.commitCounter, isSame ? seen.commitCounter : 0),
    greeting: toBase64(login.greeting),
  };
}

/** Whether that tells that the device has gone on since `backup`. Rejects with `StoreError`. */
export async function isLater(known: RelayKnowledge, backup: ClientStore): Promise<boolean> {
  const meta = await backup.loadMeta();
  if (meta === undefined) return false;
  if (known.incarnation !== toBase64(meta.incarnation)) return known.incarnation !== '';
  const greetings = [meta.greetings?.sent, meta.greetings?.answered].flatMap((each) => (each === undefined ? [] : [toBase64(each)]));
  return known.commitCounter > meta.commits.count || (known.greeting !== '' && !greetings.includes(known.greeting));
}
