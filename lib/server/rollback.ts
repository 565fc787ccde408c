/**
 * Which store a device may connect with. Design D4.
 *
 * Owns: the verdict. Does not own: what a store that takes the place of another one means for others (replaced-store.ts).
 */
import { equalBytes } from '../base/bytes.js';
import type { LoginRecord } from '../store/relay-store.js';
import type { Hello } from '../wire/frame.js';

/** Given-up stores remembered per device. */
const retiredKept = 16;

/** What a hello says of the store it comes from. */
export type ShownStore = Pick<Hello, 'incarnation' | 'commitCounter' | 'greeting' | 'previousGreeting'>;

/** What becomes of a hello; `login` is what to remember of it. */
export type StoreVerdict =
  | { readonly kind: 'refused' }
  | { readonly kind: 'accepted'; readonly login: LoginRecord }
  /** The store takes the place of another one. */
  | { readonly kind: 'replaced'; readonly login: LoginRecord };

/**
 * Whether the store a device connects with may be used, and what to remember of it. A restored backup, a copied database file or a machine
 * snapshot shows a commit counter below one already seen, or the name of a store that was given up, or does not know what the store has said
 * last: it would repeat keys, so it is refused. `login` holds the highest counter seen. A new name gives up the old store. A client that names
 * no store takes no part in this. Design D4.
 */
export function checkStore(login: LoginRecord, shown: ShownStore, now: number): StoreVerdict {
  const { incarnation, commitCounter } = shown;
  const greeting = shown.greeting.length === 0 ? login.greeting : shown.greeting;
  if (incarnation.length === 0) return { kind: 'accepted', login };
  if (login.retiredIncarnations.some((retired) => equalBytes(retired, incarnation))) return { kind: 'refused' };
  if (login.incarnation.length === 0) return { kind: 'accepted', login: { ...login, incarnation, commitCounter, greeting } };
  if (equalBytes(login.incarnation, incarnation)) {
    if (commitCounter < login.commitCounter || isFork(login, shown)) return { kind: 'refused' };
    return { kind: 'accepted', login: { ...login, commitCounter, greeting } };
  }
  const retiredIncarnations = [login.incarnation, ...login.retiredIncarnations].slice(0, retiredKept);
  // Never earlier than an earlier store: a clock may go back.
  const storeSince = Math.max(now, login.storeSince + 1);
  return { kind: 'replaced', login: { ...login, incarnation, commitCounter, retiredIncarnations, storeSince, greeting } };
}

/** Whether a copy of the store has said hello since the two parted: each copy knows its own hellos only. An answer that was lost brings the same hello again. */
function isFork({ greeting: last }: LoginRecord, { greeting, previousGreeting }: ShownStore): boolean {
  if (greeting.length === 0 || last.length === 0) return false;
  return !equalBytes(last, greeting) && !equalBytes(last, previousGreeting);
}
