import type { DeviceAddress } from '../base/address.js';
import type { SystemNotice } from '../wire/notification.js';

/** What an application may have a say in. A hook that throws is logged and changes nothing. */
export interface RelayHooks {
  /**
   * A device has registered: the notice that it returns, a welcome for example, is pushed to the device. The answer to the registration waits for
   * it. Spec: server.md §3 (register_user).
   */
  readonly registered?: (device: DeviceAddress) => SystemNotice | undefined | Promise<SystemNotice | undefined>;
}
