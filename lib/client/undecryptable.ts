/** Everything that keeps what was received from being used, and what happens then: the one table of it. Spec: one2one.md §4, group.md §2. */
import { E2eeError, InternalError } from '../base/errors.js';

/**
 * What becomes of it: `dropped` (opened before, nobody's, or damaged for good: nothing else would help); `new-session` (dropped, and a new session with
 * its sender is begun, so that what follows can be opened); `waits` (kept until keys or a change of the group come, then tried again; given up after
 * `limits.heldGroupTime` with code `not-opened`).
 */
export type Recovery = 'dropped' | 'new-session' | 'waits';

/** Bytes that are not of the schema. */
const formCodes = {
  malformed: 'dropped',
  truncated: 'dropped',
  'too-long': 'dropped',
  'too-deep': 'dropped',
  'missing-field': 'dropped',
  number: 'dropped',
  'unknown-suite': 'dropped',
} as const;

/**
 * By what was refused, then by code. An error with a code that is not here is none of a peer's making: the push is tried again and then set aside
 * (set-aside-pushes.ts).
 */
export const recoveries = {
  /** The relay's signature of a push or a bundle (event `bad-server-signature`). */
  signature: { unsigned: 'dropped', 'no-server-key': 'dropped', 'bad-signature': 'dropped', 'wrong-user': 'dropped' },
  /** A push as such, whatever it carries. */
  push: { ...formCodes, 'wrong-recipient': 'dropped' },
  invite: {
    'wrong-recipient': 'dropped',
    'wrong-sender': 'dropped',
    'device-rejected': 'dropped',
    // From before this store was rolled back: answered by an invite of our own.
    'store-rolled-back': 'dropped',
    // As many devices are known as may be.
    'too-many-devices': 'dropped',
    // Until the application trusts the new keys (`Client.trustIdentity`).
    'identity-changed': 'dropped',
    'suite-mismatch': 'dropped',
    'invite-form': 'dropped',
    'bad-public-key': 'dropped',
    'zero-shared-secret': 'dropped',
    // The inviter waits for an answer that it will not get: a session the other way round serves both.
    'unknown-pre-key': 'new-session',
    'pre-key-spent': 'new-session',
  },
  /** The invite that it should answer is sent again until it is answered. */
  accept: {
    // Of a session that is ready or given up: an answer to a repeated invite, or one that the relay has passed on twice.
    duplicate: 'dropped',
    'unknown-session': 'dropped',
    'accept-form': 'dropped',
  },
  /** A one-to-one message. */
  message: {
    'wrong-recipient': 'dropped',
    'wrong-sender': 'dropped',
    duplicate: 'dropped',
    stale: 'dropped',
    'unknown-session': 'new-session',
    'not-ready': 'new-session',
    // Of one that was ready only in the state that a rolled-back store has lost.
    'session-given-up': 'new-session',
    counter: 'new-session',
    'ratchet-key': 'new-session',
    'root-sequence': 'new-session',
    'gap-too-large': 'new-session',
    exhausted: 'new-session',
    'not-authentic': 'new-session',
    'zero-shared-secret': 'new-session',
    'not-opened': 'dropped',
  },
  /** What a message that was opened says. */
  content: { ...formCodes, 'wrong-sender': 'dropped' },
  /** A message of a group that can never be opened. */
  'group-message': {
    'wrong-sender': 'dropped',
    'not-a-member': 'dropped',
    'bad-signature': 'dropped',
    counter: 'dropped',
    duplicate: 'dropped',
    exhausted: 'dropped',
    'not-opened': 'dropped',
    // No room to wait.
    'too-many-held': 'dropped',
  },
  /** A message of a group that may still be opened (event `group-message-held`). */
  'group-message-held': {
    'behind-held': 'waits',
    'unknown-group': 'waits',
    'unknown-session': 'waits',
    'unknown-chain': 'waits',
    'not-authentic': 'waits',
    'gap-too-large': 'waits',
    // Of a message that was not delivered: the first of a generation whose add has not come.
    duplicate: 'waits',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Recovery>>>>;

/** What can be refused. */
export type Subject = keyof typeof recoveries;

/** The codes of one subject. */
export type CodeOf<S extends Subject> = S extends Subject ? keyof (typeof recoveries)[S] & string : never;

/** Code of the event `undecryptable`. */
export type UndecryptableCode = CodeOf<Exclude<Subject, 'signature' | 'group-message-held'>>;

function isListed<S extends Subject>(subject: S, code: string): code is CodeOf<S> {
  return Object.hasOwn(recoveries[subject], code);
}

/** Whether `error` is one of the table for this subject. */
export function isCodeOf(subject: Subject, error: unknown): boolean {
  return error instanceof E2eeError && !(error instanceof InternalError) && isListed(subject, error.code);
}

/** The code of `error` for what it keeps from being used. Throws the error when it is none of the table. */
export function codeOf<S extends Subject>(subject: S, error: unknown): CodeOf<S> {
  if (error instanceof E2eeError && !(error instanceof InternalError) && isListed(subject, error.code)) return error.code;
  throw error;
}
