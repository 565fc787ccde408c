/** What two people compare to be sure that nobody sits between them. Spec: crypto.md §6.3, weaknesses P3. */
import { type DeviceAddress, type UserAddress, deviceKey, sameDevice } from '../base/address.js';
import type { SessionId } from '../base/brand.js';
import { sha256 } from '../crypto/hash.js';
import type { Core } from './core.js';
import { userLock } from './lock-names.js';

/** What is to be compared of one device. */
export interface DeviceFingerprint {
  readonly device: DeviceAddress;
  /** SHA-256 of the agreement identity key, 32 bytes; `undefined`: no key has been named for the device yet. */
  readonly identity: Uint8Array | undefined;
  /** 64 bytes per session, the same on both sides; the Curve25519 profile defines none. The one used for sending comes first. */
  readonly sessions: readonly { readonly sessionId: SessionId; readonly fingerprint: Uint8Array | undefined }[];
}

/** Ours and theirs. */
export interface Fingerprints {
  /** The digest that the others see for this device. */
  readonly own: { readonly device: DeviceAddress; readonly identity: Uint8Array };
  readonly devices: readonly DeviceFingerprint[];
}

/** The fingerprints of a device, or of all known devices of a user. Rejects with `StoreError`. */
export function fingerprintsOf(core: Core, whom: UserAddress | DeviceAddress): Promise<Fingerprints> {
  const { account, peers, sessions, steps } = core;
  const user = { domain: whom.domain, userId: whom.userId };
  return steps.run([userLock(user)], async () => {
    const known = new Map(peers.ofUser(user).map(({ device }) => [deviceKey(device), device]));
    for (const device of sessions.devicesOf(user)) known.set(deviceKey(device), device);
    const wanted = [...known.values()].filter((device) => !('deviceId' in whom) || sameDevice(device, whom));
    const devices: DeviceFingerprint[] = [];
    for (const device of wanted) {
      const found: DeviceFingerprint['sessions'][number][] = [];
      for (const { sessionId } of sessions.ofDevice(device)) {
        const { session } = await sessions.open(sessionId);
        found.push({ sessionId, fingerprint: session.fingerprint });
      }
      devices.push({ device, identity: peers.find(device)?.agreementPin, sessions: found });
    }
    const own = { device: account.address, identity: sha256(account.account.identity.agreement.publicKey) };
    return { writes: [], result: { own, devices } };
  });
}
