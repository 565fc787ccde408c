/** What a client tells its application. Spec: plugin.md §2; the whitepaper's names stand in the comments. */
import type { DeviceAddress, GroupAddress, UserAddress } from '../base/address.js';
import type { MessageId, SessionId } from '../base/brand.js';
import type { GroupMember } from '../wire/group.js';
import type { PushKind } from '../wire/push.js';
import type { NoticeEvent, SuiteUpgradeEvent } from './notice-event.js';
import type { CodeOf, Recovery, UndecryptableCode } from './undecryptable.js';

/** Everything that can be reported. Addresses, ids and the relay's notices only: content of peers comes from `Client.messages()`, keys never. */
export type ClientEvent =
  /** The account exists at the relay and in the store (on_user_registered). */
  | { readonly type: 'registered'; readonly address: DeviceAddress }
  /** The connection was opened or ended; `retryIn` is the wait before the next try, ms. */
  | { readonly type: 'connection'; readonly state: 'connected' }
  | { readonly type: 'connection'; readonly state: 'disconnected'; readonly reason: string; readonly retryIn: number | undefined }
  /** An invite has come, before any check of its keys (on_inbound_session_invited). */
  | { readonly type: 'invited'; readonly device: DeviceAddress; readonly sessionId: SessionId }
  /** A session can be used (on_inbound_session_ready, on_outbound_session_ready). */
  | {
      readonly type: 'session-ready';
      readonly device: DeviceAddress;
      readonly sessionId: SessionId;
      readonly direction: 'inbound' | 'outbound';
    }
  /** A message waits in the inbox (on_one2one_msg_received). */
  | { readonly type: 'message'; readonly from: DeviceAddress; readonly messageId: MessageId }
  /** A copy of what an own other device sent waits in the inbox (on_other_device_msg_received). */
  | { readonly type: 'own-device-message'; readonly from: DeviceAddress; readonly messageId: MessageId }
  /** A message of a group waits in the inbox (on_group_msg_received). */
  | { readonly type: 'group-message'; readonly from: DeviceAddress; readonly group: GroupAddress; readonly messageId: MessageId }
  /** A message of a group cannot be opened yet: it is kept and tried again when keys or changes of the group come. */
  | {
      readonly type: 'group-message-held';
      readonly from: DeviceAddress;
      readonly group: GroupAddress;
      readonly messageId: MessageId;
      readonly code: CodeOf<'group-message-held'>;
    }
  /** A group exists that we are in (on_group_created). */
  | {
      readonly type: 'group-created';
      readonly group: GroupAddress;
      readonly name: string;
      readonly members: readonly GroupMember[];
      readonly by: DeviceAddress;
    }
  /** Users were added to a group (on_group_members_added). Weaknesses P4: the relay's word, nobody else vouches for it. */
  | {
      readonly type: 'group-members-added';
      readonly group: GroupAddress;
      readonly name: string;
      readonly members: readonly GroupMember[];
      readonly added: readonly GroupMember[];
      readonly by: DeviceAddress;
    }
  /** A further device of a member was added to a group. Weaknesses P4. */
  | { readonly type: 'group-device-added'; readonly group: GroupAddress; readonly device: DeviceAddress; readonly by: DeviceAddress }
  /** Users were removed from a group (on_group_members_removed); when we are among them, everything of the group is gone here. */
  | {
      readonly type: 'group-members-removed';
      readonly group: GroupAddress;
      readonly name: string;
      readonly members: readonly GroupMember[];
      readonly removed: readonly UserAddress[];
      readonly by: DeviceAddress;
    }
  /** We have left a group: everything of it is gone here. */
  | { readonly type: 'group-left'; readonly group: GroupAddress }
  /** A device has sent keys of a group; they are used as soon as the relay has announced what they belong to. */
  | { readonly type: 'group-keys-received'; readonly group: GroupAddress; readonly from: DeviceAddress }
  /** The group's keys are here: what waited goes out. */
  | { readonly type: 'group-ready'; readonly group: GroupAddress }
  /** A change of a group was not carried out, or keys were not taken, because `by` may not do that or it does not fit; `code` is the error's. */
  | {
      readonly type: 'group-change-refused';
      readonly group: GroupAddress | undefined;
      readonly change: PushKind | 'keys';
      readonly by: DeviceAddress;
      readonly code: string;
    }
  /** The device is gone or the relay knows no way to it: its sessions were dropped, the named messages did not reach it. */
  | { readonly type: 'session-lost'; readonly device: DeviceAddress; readonly messageIds: readonly MessageId[] }
  /** Something of a peer could not be used: why, and what is done about it (lib/client/undecryptable.ts has all codes). `Client.status` counts them. */
  | {
      readonly type: 'undecryptable';
      readonly from: DeviceAddress | undefined;
      readonly sessionId: SessionId | undefined;
      readonly messageId: MessageId | undefined;
      readonly code: UndecryptableCode;
      readonly recovery: Recovery;
    }
  /** The handling of a push has failed several times: it is acknowledged and set aside, see `Client.setAside`. `code` is the error's. */
  | {
      readonly type: 'push-set-aside';
      readonly pushId: string | undefined;
      readonly kind: string;
      readonly code: string;
      readonly from: DeviceAddress | undefined;
    }
  /** The relay names other identity keys for a device than before. `accepted` is the policy's answer. Weaknesses P3. */
  | { readonly type: 'identity-changed'; readonly device: DeviceAddress; readonly accepted: boolean }
  /** A user known here has a new device; `asked`: nothing is sent to it until `Client.approveDevice`. Weaknesses P4. */
  | { readonly type: 'device-added'; readonly device: DeviceAddress; readonly approval: 'given' | 'asked' }
  /** A device of a user known here is gone; with our own address: the relay does not know this device any more. */
  | { readonly type: 'device-removed'; readonly device: DeviceAddress }
  /** A device of a user known here goes on with an earlier state of its store: sessions with it are made anew, its groups take it in again. Design D4. */
  | { readonly type: 'device-restored'; readonly device: DeviceAddress }
  /** The relay's signature is missing or wrong: what it covers had no effect. */
  | { readonly type: 'bad-server-signature'; readonly subject: 'bundle' | 'push'; readonly code: CodeOf<'signature'> }
  /** The relay refused a request, which is tried again at the next start, or given up (`request-dropped`); for a message the message is named. */
  | {
      readonly type: 'request-refused';
      readonly request: string;
      readonly code: number;
      readonly device: DeviceAddress | undefined;
      readonly group: GroupAddress | undefined;
      readonly messageId: MessageId | undefined;
    }
  /** A refused request was given up, after so many refusals or by `Client.dropRefused`; the named message does not reach whom it was for. */
  | {
      readonly type: 'request-dropped';
      readonly request: string;
      readonly device: DeviceAddress | undefined;
      readonly group: GroupAddress | undefined;
      readonly messageId: MessageId | undefined;
    }
  | { readonly type: 'invite-failed'; readonly user: UserAddress; readonly code: string }
  | { readonly type: 'pre-keys-supplied'; readonly count: number }
  | { readonly type: 'signed-pre-key-renewed'; readonly id: number; readonly expires: number }
  /** The relay has seen a newer state of this store, or a copy of it: sessions and keys of groups were given up and are made anew. Design D4. */
  | { readonly type: 'store-rolled-back' }
  | NoticeEvent
  | SuiteUpgradeEvent
  /** A push of a kind that this version does not know. */
  | { readonly type: 'unhandled-push'; readonly kind: string; readonly from: DeviceAddress | GroupAddress | undefined }
  /** As many messages as allowed wait for `ack()`: no push is taken until some are acknowledged. */
  | { readonly type: 'unacknowledged-limit'; readonly count: number }
  /** Something failed that no call could be told; `during` says what was done. */
  | { readonly type: 'error'; readonly error: unknown; readonly during: string };

/** Name of an event. */
export type ClientEventType = ClientEvent['type'];

/** The event of that name. */
export type ClientEventOf<Type extends ClientEventType> = Extract<ClientEvent, { type: Type }>;

/** Takes events. One that throws, or whose promise rejects, never breaks the client: the error is reported as an `error` event. */
export type EventListener<Type extends ClientEventType> = (event: ClientEventOf<Type>) => unknown;

function isOfType<Type extends ClientEventType>(event: ClientEvent, type: Type): event is ClientEventOf<Type> {
  return event.type === type;
}

/** Hands events to whoever listens. */
export class Events {
  readonly #listeners = new Map<ClientEventType, Set<(event: ClientEvent) => unknown>>();
  readonly #handle: (event: ClientEvent) => unknown;

  /** `handle` gets every event before the listeners of its type. */
  constructor(handle: (event: ClientEvent) => unknown) {
    this.#handle = handle;
  }

  /** Calls `listener` for every event of `type`; returns what removes it. */
  on<Type extends ClientEventType>(type: Type, listener: EventListener<Type>): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    const guarded = (event: ClientEvent): unknown => (isOfType(event, type) ? listener(event) : undefined);
    listeners.add(guarded);
    return () => {
      listeners.delete(guarded);
    };
  }

  /** Hands out `event`; never throws. */
  emit(event: ClientEvent): void {
    this.#call(this.#handle, event);
    for (const listener of this.#listeners.get(event.type) ?? []) this.#call(listener, event);
  }

  #call(listener: (event: ClientEvent) => unknown, event: ClientEvent): void {
    const report = (error: unknown): void => {
      // A listener of errors that throws has had its chance.
      if (event.type !== 'error') this.emit({ type: 'error', error, during: `listener of ${event.type}` });
    };
    try {
      const result = listener(event);
      // A function without a result may be an asynchronous one.
      if (result instanceof Promise) result.catch(report);
    } catch (error) {
      report(error);
    }
  }
}
