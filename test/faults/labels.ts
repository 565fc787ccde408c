/**
 * The points of a story at which a process can die, by name: one stands before, in and after every commit, at every request on its way there and
 * back, and at every push.
 */
import { outboxKinds } from '../../lib/store/client/queue-rows.js';
import type { PushKind } from '../../lib/wire/push.js';
import { requestNames } from '../../lib/wire/request.js';

/** Which program a point belongs to. */
export type Side = 'client' | 'relay';

/** Where in a commit: before the database is told, while it writes, when it has said that all is durable. */
export const moments = ['before', 'during', 'after'] as const;

/** Pushes that a relay keeps until they are consumed. */
export const keptPushes = [
  'supply-one-time-pre-keys',
  'invite',
  'accept',
  'message',
  'add-user-device',
  'remove-user-device',
  'create-group',
  'add-group-members',
  'add-group-member-device',
  'remove-group-members',
  'leave-group',
  'update-user',
  'friend',
  'group',
  'system',
] as const satisfies readonly PushKind[];

/** What a commit of a client does. */
export const clientSubjects: readonly string[] = [
  'registration begun',
  'registration answered',
  'credentials renewed',
  'one-time pre-key used',
  'message waits',
  'group message waits',
  'group change wished',
  'message acknowledged',
  'store given up',
  ...outboxKinds.flatMap((kind) => [`${kind} queued`, `${kind} answered`]),
  ...keptPushes.map((kind) => `push ${kind} handled`),
];

/** What a commit of the relay does. */
export const relaySubjects: readonly string[] = [
  'meta put',
  'account put',
  'device put',
  'device deleted',
  'token put',
  'token deleted',
  'pre-key put',
  'pre-key deleted',
  'push put',
  'push deleted',
  'mailbox put',
  'mailbox deleted',
  'body put',
  'body deleted',
  'group put',
  'group deleted',
  'relation put',
  'relation deleted',
  'session put',
  'session deleted',
];

/** The point at a moment of a commit. */
export function commitLabel(side: Side, subject: string, moment: (typeof moments)[number]): string {
  return `${side} commit, ${subject}: ${moment}`;
}

/** The point at which a request, a push or a hello is. */
export function wireLabel(side: Side, what: string, where: string): string {
  return `${side} ${what} ${where}`;
}

/** Every point there is. */
export const labels: readonly string[] = [
  ...clientSubjects.flatMap((subject) => moments.map((moment) => commitLabel('client', subject, moment))),
  ...relaySubjects.flatMap((subject) => moments.map((moment) => commitLabel('relay', subject, moment))),
  ...['hello', ...requestNames()].flatMap((name) => ['leaves', 'left', 'answered'].map((where) => wireLabel('client', name, where))),
  ...['hello', ...requestNames()].flatMap((name) =>
    ['came', 'answer leaves', 'answer left'].map((where) => wireLabel('relay', name, where)),
  ),
  ...keptPushes.map((kind) => wireLabel('client', `push ${kind}`, 'came')),
  ...keptPushes.map((kind) => wireLabel('relay', `push ${kind}`, 'leaves')),
];
