/** Requests about devices: our own, the whitepaper's schema has none (proto/relay/device.proto). Spec: server.md §3 (device removal). */
import type { DeviceAddress } from '../base/address.js';
import { requiredText } from './field.js';
import { skissm } from './generated/e2ees.js';
import { readDone, requestRow, toDone } from './request-row.js';

const schema = skissm.relay.v1;

/** Removes another device of the own user. */
export interface RemoveDevice {
  readonly device: DeviceAddress;
}

/** Row of `remove_device`. */
export const removeDevice = requestRow({
  code: 100,
  schemaName: 'RemoveDeviceRequest',
  request: schema.RemoveDeviceRequest,
  toRequest: ({ device }: RemoveDevice): skissm.relay.v1.RemoveDeviceRequest.$Properties => device,
  readRequest: (found: skissm.relay.v1.RemoveDeviceRequest.$Properties): RemoveDevice => ({
    device: {
      domain: requiredText(found.domain, 'domain'),
      userId: requiredText(found.userId, 'user_id'),
      deviceId: requiredText(found.deviceId, 'device_id'),
    },
  }),
  response: schema.RemoveDeviceResponse,
  toAnswer: toDone,
  readAnswer: readDone,
});
