/** One-to-one traffic: invite, accept, messages. The relay sees addresses and ciphertext only. Spec: server.md §3. */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey } from '../base/address.js';
import { limits } from '../base/limits.js';
import type { Write } from '../store/store.js';
import { isGroupAddress } from '../wire/address.js';
import { encodePayload } from '../wire/push.js';
import { decodeEnvelope } from '../wire/message.js';
import type { Handler, RelayContext } from './context.js';
import { requireCaller, requireDomain } from './context.js';
import { deviceName } from './device-name.js';
import type { Delivery, PlaceOf } from './mailbox.js';
import { mailboxFull } from './placement.js';
import { Refusal, responseCode } from './refusal.js';

/** Invites of one pair whose time is remembered: more cannot be open at a time. */
const recentInvites = limits.sessionsPerPair;

/**
 * invite: fills in the sender's identity key and the relay's time and passes the invite on. The same invite again keeps its time, so that both
 * devices order their sessions alike, and is pushed again: the first copy may have met a device that could not answer.
 */
export const invite: Handler<'invite'> = async (context, caller, { invite: sent }) => {
  requireCaller(caller, sent.from);
  requireDomain(context, sent.to.domain);
  // Before it is counted: the limits know only users that exist.
  if ((await context.store.user(sent.to.userId)) === undefined) throw new Refusal(responseCode.notFound, 'the user is not registered here');
  if (!(await context.rates.invites.admit(JSON.stringify([deviceKey(caller), sent.to.userId])))) {
    throw new Refusal(responseCode.unavailable, 'too many invites to this user');
  }
  return context.locks.run([`pair:${deviceKey(caller)}${deviceKey(sent.to)}`], async () => {
    const { store } = context;
    const { generation } = store;
    const device = await store.device(caller);
    if (device === undefined) throw new Refusal(responseCode.notFound, 'the device is not registered here');
    const recent = await store.recentInvites(caller, sent.to);
    const known = recent.find(({ sessionId }) => sessionId === sent.sessionId);
    const inviteTime = known?.inviteTime ?? (await timeOfInvite(context, sent.to));
    const { sessionId } = sent;
    const writes =
      known === undefined ? [store.putRecentInvites(caller, sent.to, [{ sessionId, inviteTime }, ...recent].slice(0, recentInvites))] : [];
    const passedOn = { ...sent, identityKey: device.identityKey.agreement, inviteTime };
    await context.mailboxes.post(
      [{ to: sent.to, from: sent.from, payload: encodePayload({ kind: 'invite', value: passedOn }), signed: true }],
      () => [...writes, ...context.counters.writes(caller)],
      generation,
    );
    return { sessionId, inviteTime };
  });
};

/**
 * The relay's time, but always after the recipient's store took the place of another one, also by a clock that stood still or went back: invites from
 * before are refused, because the store that was lost may have answered them. Two devices that were restored at once would wait for each other.
 */
async function timeOfInvite({ store, clock }: RelayContext, to: DeviceAddress): Promise<number> {
  const login = await store.login(to);
  return login === undefined ? clock.now() : Math.max(clock.now(), login.storeSince + 1);
}

/** accept: passes the accept on and remembers that the two devices have a session. A repeated one is passed on again. */
export const accept: Handler<'accept'> = async (context, caller, { accept: sent }) => {
  requireCaller(caller, sent.from);
  requireDomain(context, sent.to.domain);
  await context.mailboxes.post(
    [{ to: sent.to, from: sent.from, payload: encodePayload({ kind: 'accept', value: sent }), signed: true }],
    () => [...context.store.putRelation(caller, sent.to), ...context.counters.writes(caller)],
  );
  return {};
};

/**
 * send_one2one_msg: to one device, or to every device of a user when the device id is empty. Of several devices those whose mailbox is full go
 * without, so that one that nobody uses any more does not cut its user off; it is refused when all are.
 */
export const sendOneToOne: Handler<'send_one2one_msg'> = async (context, caller, { envelope: encoded }) => {
  const { from, to, messageId, sessionId, payload: carried } = decodeEnvelope(encoded, context.limits.frameLength);
  requireCaller(caller, from);
  if (isGroupAddress(to) || carried.kind !== 'one-to-one') throw new Refusal(responseCode.badRequest, 'the message is not one-to-one');
  requireDomain(context, to.domain);
  // Ids have one length each.
  const name = `${messageId}${sessionId}${deviceName(to)}`;
  // The envelope goes on byte for byte.
  const payload = { kind: 'message', bytes: encoded } as const;
  const device = deviceName(caller);
  await context.order.keep(device, (generation) =>
    context.recent.once(device, name, () =>
      to.deviceId === ''
        ? sendToAll(context, caller, { to, from, payload, signed: false }, generation)
        : context.mailboxes.post([{ to, from, payload, signed: false }], () => context.counters.writes(caller), generation),
    ),
  );
  return {};
};

/** Delivers what is addressed to a user to each of his devices but the caller's. */
async function sendToAll(context: RelayContext, caller: DeviceAddress, delivery: Delivery, generation: number): Promise<void> {
  const targets = await devicesOf(context, caller, delivery.to);
  const optional = targets.length > 1;
  const deliveries = targets.map((to) => ({ ...delivery, to, optional }));
  const alongside = (placeOf: PlaceOf): readonly Write[] => {
    // Thrown before anything is written.
    if (!deliveries.some((each) => placeOf(each) !== undefined)) throw mailboxFull();
    return context.counters.writes(caller);
  };
  await context.mailboxes.post(deliveries, alongside, generation);
}

async function devicesOf(context: RelayContext, caller: DeviceAddress, to: DeviceAddress): Promise<DeviceAddress[]> {
  const devices = await context.store.deviceAddressesOf(to.userId, limits.devicesPerUser);
  const others = devices.filter((device) => deviceKey(device) !== deviceKey(caller));
  if (others.length === 0) throw new Refusal(responseCode.notFound, 'the user has no device here');
  return others;
}
