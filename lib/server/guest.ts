import type { DeviceAddress } from '../base/address.js';

/** A device that has proved itself. */
export interface Guest {
  readonly address: DeviceAddress;
  /** End of the token that the connection lives by, ms since 1970. */
  readonly tokenExpiresAt: number;
  /** Name of the client's store, empty when it has none. */
  readonly incarnation: Uint8Array;
  /** Of that store, as the hello said. */
  readonly commitCounter: number;
}
