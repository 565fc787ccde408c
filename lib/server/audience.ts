import type { DeviceAddress } from '../base/address.js';
import { deviceKey } from '../base/address.js';
import { limits } from '../base/limits.js';
import type { EncodedPayload } from '../wire/push.js';
import type { RelayContext } from './context.js';
import { withoutDevice } from './group-members.js';
import type { Delivery } from './delivery.js';
import { maxRelated, relatedDevices } from './users.js';

/** Who is told of a change of one device, each once: its user's other devices first, and at most `maxRelated`. */
export class Audience {
  readonly #told = new Map<string, DeviceAddress>();
  readonly #address: DeviceAddress;
  /** The devices of the user, the one that changes included. */
  readonly own: readonly DeviceAddress[];

  private constructor(address: DeviceAddress, own: readonly DeviceAddress[]) {
    this.#address = address;
    this.own = own;
  }

  /** The user's other devices and those that have a session with the user. */
  static async of(context: RelayContext, address: DeviceAddress): Promise<Audience> {
    const own = await context.store.deviceAddressesOf(address.userId, limits.devicesPerUser);
    const audience = new Audience(address, own);
    audience.add(own);
    audience.add(await relatedDevices(context, address.userId));
    return audience;
  }

  /** Tells `devices`, too, as far as there is room. */
  add(devices: readonly DeviceAddress[]): void {
    for (const device of withoutDevice(devices, this.#address)) {
      if (this.#told.size < maxRelated) this.#told.set(deviceKey(device), device);
    }
  }

  /** The pushes that say it. */
  deliveries(payload: EncodedPayload): Delivery[] {
    return [...this.#told.values()].map((to) => ({ to, payload, signed: true, optional: true }));
  }
}
