import type { DeviceAddress } from '../base/address.js';
import { deviceKey } from '../base/address.js';

const names = new WeakMap<DeviceAddress, string>();

/** `deviceKey`, made once for each object: for addresses that live as long as a connection, a mailbox or a group in memory. Address objects are immutable. */
export function deviceName(address: DeviceAddress): string {
  const known = names.get(address);
  if (known !== undefined) return known;
  const name = deviceKey(address);
  names.set(address, name);
  return name;
}
