/** The events that carry what the relay passes on. Spec: wire.md §10, §11. */
import type { Address } from '../wire/address.js';
import type { PushKind, PushPayload } from '../wire/push.js';

/** Pushes whose content is the application's alone. The last three are signs of life and say next to nothing. */
type NoticeKind = Extract<
  PushKind,
  'update-user' | 'friend' | 'group' | 'system' | 'acquire-sync' | 'client-heartbeat' | 'server-heartbeat'
>;

/** What such a push says: its kind and its decoded value. */
export type NoticePayload = Extract<PushPayload, { readonly kind: NoticeKind }>;

/**
 * A push without an effect on keys, acknowledged, with its content; nobody but the relay vouches for it. A backup passkey comes only to the own
 * user's devices and belongs to whoever takes the event: wipe it when it is stored.
 */
export type NoticeEvent = { readonly type: 'push'; readonly from: Address | undefined } & NoticePayload;

/** The relay plans to move to another cipher suite; this client does nothing about it. Spec: wire.md §10 (UpgradeE2eesPackMsg). */
export interface SuiteUpgradeEvent {
  readonly type: 'suite-upgrade';
  /** When, ms since 1970, by the relay's word. */
  readonly time: number;
  readonly packId: number;
  /** Name of the suite; `undefined`: this build does not know it. */
  readonly suite: string | undefined;
}
