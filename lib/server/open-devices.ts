import { type DeviceAddress, deviceKey } from '../base/address.js';

/** A connection of a device. */
export interface DeviceLine {
  /** Says goodbye with `reason`, a stable word, and closes. */
  end(reason: string): void;
}

/** Which device is connected: one connection each, the newest, because the older one may be half open. */
export class OpenDevices {
  readonly #lines = new Map<string, DeviceLine>();

  /** The device has a connection; an older one is ended as `replaced`. */
  connected(address: DeviceAddress, line: DeviceLine): void {
    const name = deviceKey(address);
    this.#lines.get(name)?.end('replaced');
    this.#lines.set(name, line);
  }

  /** The connection has ended; the device may have a newer one. */
  ended(address: DeviceAddress, line: DeviceLine): void {
    const name = deviceKey(address);
    if (this.#lines.get(name) === line) this.#lines.delete(name);
  }

  /** Ends the connection of a device, if it has one. */
  end(address: DeviceAddress, reason: string): void {
    this.#lines.get(deviceKey(address))?.end(reason);
  }
}
