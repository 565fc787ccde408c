/** Removing other devices of the own user. Spec: server.md §3 (device removal). */
import { type DeviceAddress, sameDevice } from '../base/address.js';
import { ProtocolError, UsageError } from '../base/errors.js';
import { requests } from '../wire/request.js';
import type { Core } from './core.js';
import { forgetDevice } from './devices.js';
import { userLock } from './lock-names.js';
import { Plan } from './plan.js';
import { refusedFor } from './refused.js';
import { verdictOf } from './verdict.js';

/** Removes a device at the relay, then what is kept for it here. Rejects as `Client.removeDevice` says. */
export async function removeOwnDevice(core: Core, deviceId: string, signal?: AbortSignal): Promise<void> {
  const { address } = core.account;
  const device: DeviceAddress = { domain: address.domain, userId: address.userId, deviceId };
  if (deviceId === '' || sameDevice(device, address)) throw new UsageError('device-id', 'another device of this user is to be named');
  const answer = await core.link.request(
    'remove_device',
    requests.remove_device.encodeRequest({ device }),
    signal === undefined ? {} : { signal },
  );
  const response = requests.remove_device.decodeResponse(answer);
  if (!response.ok) {
    const { code } = response;
    if (verdictOf(code, undefined) !== 'refused') throw refusedFor(core, 'to remove a device', code);
    throw new ProtocolError('request-refused', `the relay refused to remove the device with code ${code}`);
  }
  // The relay tells this device, too; what is gone then is gone already.
  await core.steps.run([userLock(device)], async () => {
    const plan = new Plan();
    await forgetDevice(core, plan, device);
    return plan.finish(undefined);
  });
}
