/** Pre-keys: handing out bundles, and taking in what devices publish. Spec: server.md §3. */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey, sameDevice } from '../base/address.js';
import { equalBytes } from '../base/bytes.js';
import { StoreError, UsageError } from '../base/errors.js';
import { limits, usualOneTimePreKeys } from '../base/limits.js';
import { type CipherSuite, cipherSuite } from '../crypto/cipher-suite.js';
import type { DeviceRecord, PreKeyStock } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import type { SignedBundle } from '../wire/account.js';
import { encodePayload } from '../wire/push.js';
import type { Handler, RelayContext } from './context.js';
import { requireCaller } from './context.js';
import { checkOneTimePreKeys, checkSignedPreKey, supplyDigest } from './key-checks.js';
import type { Delivery } from './mailbox.js';
import { Refusal, responseCode } from './refusal.js';

type Bundle = SignedBundle['bundle'];

/** A device that was asked for pre-keys and has not answered is asked again after so many ms. */
const askAgainAfter = 86_400_000;

function lockOf(address: DeviceAddress): string {
  return `device:${deviceKey(address)}`;
}

/**
 * get_pre_key_bundle: the bundles of one device or of all devices of a user, each with a one-time pre-key that nobody else gets. The key is gone
 * before the answer leaves. The requester's own device is in a list of all, but no key of it is spent.
 */
export const getPreKeyBundles: Handler<'get_pre_key_bundle'> = async (context, caller, { domain, userId, deviceId }) => {
  // Before it is counted: the limits know only users that exist.
  if (domain !== context.domain || (await context.store.user(userId)) === undefined) throw nobody();
  if (!(await context.rates.bundles.admit(JSON.stringify([deviceKey(caller), userId])))) {
    throw new Refusal(responseCode.unavailable, 'too many look-ups of this user');
  }
  const targets =
    deviceId === undefined ? await context.store.deviceAddressesOf(userId, limits.devicesPerUser) : [{ domain, userId, deviceId }];
  const bundles = await context.locks.run(targets.map(lockOf), async () => {
    const { generation } = context.store;
    const taken = (await Promise.all(targets.map((address) => takeBundle(context, caller, address)))).filter((one) => one !== undefined);
    const writes = taken.flatMap((one) => one.writes);
    const deliveries = taken.flatMap((one) => one.deliveries);
    if (writes.length > 0) await context.mailboxes.post(deliveries, () => [...writes, ...context.counters.writes(caller)], generation);
    return taken.map((one) => one.bundle);
  });
  if (bundles.length === 0) throw nobody();
  return { userId, bundles: await context.signer.signBundles(bundles) };
};

function nobody(): Refusal {
  return new Refusal(responseCode.noContent, 'no such device');
}

interface TakenBundle {
  readonly bundle: Bundle;
  readonly writes: Write[];
  readonly deliveries: Delivery[];
}

async function takeBundle(context: RelayContext, caller: DeviceAddress, address: DeviceAddress): Promise<TakenBundle | undefined> {
  const { store } = context;
  const device = await store.device(address);
  const stock = await store.preKeyStock(address);
  if (device === undefined || stock === undefined) return undefined;
  const key = sameDevice(caller, address) ? undefined : await store.firstOneTimePreKey(address);
  const left = key === undefined ? stock : { ...stock, remaining: stock.remaining - 1 };
  const asked = askForPreKeys(context, device, left);
  const writes = key === undefined ? [] : [store.deleteOneTimePreKey(address, key.id)];
  if (asked.stock !== stock) writes.push(store.putPreKeyStock(address, asked.stock));
  return { bundle: bundleOf(device, key), writes, deliveries: asked.deliveries };
}

/** The suite of a stored device; registration takes only those that are known. Throws `StoreError('damaged')`. */
function suiteOf({ packId }: DeviceRecord): CipherSuite {
  try {
    return cipherSuite(packId);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    throw new StoreError('damaged', 'a device is stored with a suite that does not exist', { cause });
  }
}

function bundleOf(device: DeviceRecord, key: Bundle['oneTimePreKey'] | undefined): Bundle {
  const { address, identityKey, signedPreKey } = device;
  const bundle = { address, suite: suiteOf(device), identityKey, signedPreKey };
  return key === undefined ? bundle : { ...bundle, oneTimePreKey: key };
}

/** SupplyOpksMsg when few are left and no earlier one is unanswered; the stock then remembers it. */
function askForPreKeys(
  { clock, limits: { lowOneTimePreKeys, fullOneTimePreKeys } }: RelayContext,
  device: DeviceRecord,
  stock: PreKeyStock,
): { readonly stock: PreKeyStock; readonly deliveries: Delivery[] } {
  const now = clock.now();
  const { address } = device;
  const outstanding = stock.askedAt !== 0 && now - stock.askedAt < askAgainAfter;
  // Of large keys a device has fewer, and is asked while it still has some.
  const full = usualOneTimePreKeys(suiteOf(device).agreement.publicKeyLength, fullOneTimePreKeys);
  const low = full < fullOneTimePreKeys ? Math.min(lowOneTimePreKeys, Math.ceil(full / 2)) : lowOneTimePreKeys;
  if (stock.remaining >= low || outstanding) return { stock, deliveries: [] };
  const count = full - stock.remaining;
  const payload = encodePayload({ kind: 'supply-one-time-pre-keys', value: { time: now, count, user: address } });
  return { stock: { ...stock, askedAt: now }, deliveries: [{ to: address, payload, signed: true, optional: true }] };
}

/** publish_spk: replaces the signed pre-key by one with a greater id, signed by the same identity. The same one again is no error. */
export const publishSignedPreKey: Handler<'publish_spk'> = async (context, caller, { user, signedPreKey }) => {
  requireCaller(caller, user);
  return context.locks.run([lockOf(caller)], async () => {
    const { generation } = context.store;
    const device = await context.store.device(caller);
    if (device === undefined) throw new Refusal(responseCode.notFound, 'the device is not registered here');
    const { id, publicKey, signature } = device.signedPreKey;
    const repeated =
      id === signedPreKey.id && equalBytes(publicKey, signedPreKey.publicKey) && equalBytes(signature, signedPreKey.signature);
    if (!repeated) {
      if (signedPreKey.id <= id) throw new Refusal(responseCode.conflict, 'the id of a signed pre-key must grow');
      await checkSignedPreKey(suiteOf(device), device.identityKey, signedPreKey, context.runJobs);
      await context.store.commit([context.store.putDevice({ ...device, signedPreKey }), ...context.counters.writes(caller)], generation);
    }
    return {};
  });
};

/** supply_opks: adds one-time pre-keys with new ids. The last supply again is no error. */
export const supplyOneTimePreKeys: Handler<'supply_opks'> = async (context, caller, { suite, user, oneTimePreKeys }) => {
  requireCaller(caller, user);
  if (oneTimePreKeys.length === 0) throw new Refusal(responseCode.badRequest, 'one_time_pre_key_public_list is empty');
  checkOneTimePreKeys(suite, oneTimePreKeys);
  return context.locks.run([lockOf(caller)], async () => {
    const { store, limits: bounds } = context;
    const { generation } = store;
    const device = await store.device(caller);
    const stock = await store.preKeyStock(caller);
    if (device === undefined || stock === undefined) throw new Refusal(responseCode.notFound, 'the device is not registered here');
    if (suite.packId !== device.packId) throw new Refusal(responseCode.badRequest, 'the suite is not the one the device registered');
    const lastSupply = supplyDigest(oneTimePreKeys);
    if (equalBytes(lastSupply, stock.lastSupply)) return {};
    if (oneTimePreKeys.some(({ id }) => id <= stock.highestId)) {
      throw new Refusal(responseCode.conflict, 'the ids of one-time pre-keys must grow');
    }
    const remaining = stock.remaining + oneTimePreKeys.length;
    if (remaining > bounds.storedOneTimePreKeys) {
      throw new Refusal(responseCode.badRequest, `${remaining} one-time pre-keys are more than ${bounds.storedOneTimePreKeys}`);
    }
    const highestId = oneTimePreKeys.reduce((highest, { id }) => Math.max(highest, id), 0);
    const rows = oneTimePreKeys.map((key) => store.putOneTimePreKey(caller, key));
    const left = store.putPreKeyStock(caller, { remaining, highestId, askedAt: 0, lastSupply });
    await store.commit([...rows, left, ...context.counters.writes(caller)], generation);
    return {};
  });
};

/** Asks a device that has just connected for pre-keys if it has few: it may have been asked while it was another one's turn to answer. */
export async function askAfterConnecting(context: RelayContext, address: DeviceAddress): Promise<void> {
  await context.locks.run([lockOf(address)], async () => {
    const { store } = context;
    const { generation } = store;
    const stock = await store.preKeyStock(address);
    // The keys of most devices need not be read for this.
    if (stock === undefined || stock.remaining >= context.limits.lowOneTimePreKeys) return;
    const device = await store.device(address);
    if (device === undefined) return;
    const asked = askForPreKeys(context, device, stock);
    if (asked.stock !== stock) await context.mailboxes.post(asked.deliveries, [store.putPreKeyStock(address, asked.stock)], generation);
  });
}
