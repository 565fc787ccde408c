import { equalBytes } from '../base/bytes.js';
import type { LoginRecord } from '../store/relay-store.js';

/** Given-up stores remembered per device. */
const retiredKept = 16;

/**
 * Whether the store a device connects with may be used, and what to remember of it. A restored backup, a copied database file or a machine
 * snapshot shows a commit counter below one already seen, or the name of a store that was given up: it would repeat keys, so it is refused
 * (`undefined`). `login` holds the highest counter seen. A new name gives up the old store. A client that names no store takes no part in this. Design D4.
 */
export function checkStore(login: LoginRecord, incarnation: Uint8Array, commitCounter: number): LoginRecord | undefined {
  if (incarnation.length === 0) return login;
  if (login.retiredIncarnations.some((retired) => equalBytes(retired, incarnation))) return undefined;
  if (login.incarnation.length === 0) return { ...login, incarnation, commitCounter };
  if (equalBytes(login.incarnation, incarnation)) {
    return commitCounter < login.commitCounter ? undefined : { ...login, commitCounter };
  }
  const retiredIncarnations = [login.incarnation, ...login.retiredIncarnations].slice(0, retiredKept);
  return { ...login, incarnation, commitCounter, retiredIncarnations };
}
