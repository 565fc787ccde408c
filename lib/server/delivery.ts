/** What is to be delivered, and the mailbox it goes to. */
import type { DeviceAddress } from '../base/address.js';
import type { MailboxHead } from '../store/relay-store.js';
import type { EncodedPayload } from '../wire/push.js';
import type { PushStream } from './push-stream.js';

/** One push for one device. */
export interface Delivery {
  readonly to: DeviceAddress;
  /** Who caused it; absent when the relay itself did. */
  readonly from?: DeviceAddress;
  /** Deliveries with the same object share one stored body. */
  readonly payload: EncodedPayload;
  /** Control pushes are signed, messages are not: those are authenticated end to end. Design D9. */
  readonly signed: boolean;
  /** Left out when the mailbox is full or the device is gone, instead of failing the request that causes it. */
  readonly optional?: boolean;
}

/** A device's mailbox in memory. */
export interface Box {
  readonly address: DeviceAddress;
  readonly name: string;
  /** `undefined`: not loaded, or lost by a failed commit. `null`: there is no such device. */
  head: MailboxHead | null | undefined;
  durable: number;
  stream: PushStream | undefined;
  /** Steps that hold or await this box. */
  users: number;
}
