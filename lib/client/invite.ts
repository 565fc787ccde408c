/**
 * One invite: bundles of a user's devices, a session with each. Spec: one2one.md §2.2.
 *
 * Owns: which bundles are trusted and the one commit with everything an invite changes. Does not own: when to invite (inviter.ts).
 */
import type { PreKeyBundle } from '../account/pre-key-bundle.js';
import { type DeviceAddress, type UserAddress, sameDevice, sameUser } from '../base/address.js';
import { type SessionId, asMessageId, asSessionId } from '../base/brand.js';
import { E2eeError, ProtocolError, UsageError, VerificationError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { randomId } from '../base/random.js';
import { initiate } from '../session/handshake.js';
import { type InvitedSession, inviteOf } from '../session/session.js';
import type { SessionIndex } from '../store/client/session-rows.js';
import type { SignedBundle } from '../wire/account.js';
import { encodeContent, notificationLevels } from '../wire/message.js';
import { requests } from '../wire/request.js';
import { approvalOf } from './approval.js';
import { type Core, ownOtherDevices } from './core.js';
import { removeDevice, reportNewDevice } from './devices.js';
import { userLock } from './lock-names.js';
import { deliver, queueRequests } from './mailer.js';
import { Plan } from './plan.js';
import { refusedFor } from './refused.js';
import { bundleTrouble } from './server-trust.js';
import { secretsOf } from './session-book.js';
import type { Transition } from './step.js';

/** What came of inviting one device. */
export type InviteResult =
  | { readonly device: DeviceAddress; readonly state: 'invited'; readonly sessionId: SessionId }
  /** A session is ready or under way already, and no new one was asked for. */
  | { readonly device: DeviceAddress; readonly state: 'present' }
  /** `code` is the error's: `identity-changed`, `suite-mismatch`, `bad-signature`, `bundle-form`, …, or `device-rejected`. */
  | { readonly device: DeviceAddress; readonly state: 'refused'; readonly code: string };

/** Whom to invite and how. */
export interface InviteTarget {
  readonly user: UserAddress;
  /** One device only. */
  readonly deviceId?: string;
  /** A new session even where one is ready or under way. */
  readonly always: boolean;
  /** Own other devices are to open sessions with the same devices. */
  readonly tell: boolean;
}

/** The application wants nothing to do with the device. */
export const rejectedCode = 'device-rejected';

/** Nobody has that address. */
const absentCodes: readonly number[] = [204, 404];

/**
 * Fetches bundles and starts sessions; resolves when all of it is durable. Rejects with `ProtocolError('no-such-user')`,
 * `VerificationError('bad-server-signature')` (then no bundle was used), `UsageError('suite-mismatch')` when no device can be talked to,
 * `TransportError` and `StoreError`.
 */
export async function inviteDevices(core: Core, target: InviteTarget, signal?: AbortSignal): Promise<readonly InviteResult[]> {
  const { user } = target;
  const bundles = await fetchBundles(core, target, signal);
  const me = core.account.address;
  const others = bundles.filter(({ bundle }) => !sameDevice(bundle.address, me));
  if (others.length === 0) throw new ProtocolError('no-such-user', 'the relay knows no device that could be invited');
  await verifyBundles(core, user, others, signal);
  const keys = sameUser(user, me) ? [userLock(user)] : [userLock(user), userLock(me)];
  return core.steps.run(keys, () => startSessions(core, target, others, signal));
}

async function fetchBundles(core: Core, { user, deviceId }: InviteTarget, signal?: AbortSignal): Promise<readonly SignedBundle[]> {
  const body = requests.get_pre_key_bundle.encodeRequest({ domain: user.domain, userId: user.userId, deviceId });
  const answer = await core.link.request('get_pre_key_bundle', body, signal === undefined ? {} : { signal });
  const response = requests.get_pre_key_bundle.decodeResponse(answer);
  if (response.ok) return response.value.bundles;
  if (absentCodes.includes(response.code)) throw new ProtocolError('no-such-user', 'the relay knows no such user or device');
  throw refusedFor(core, 'to hand out bundles', response.code);
}

/** One bad bundle spoils all: who hands it out cannot be trusted for the others. */
async function verifyBundles(core: Core, user: UserAddress, bundles: readonly SignedBundle[], signal?: AbortSignal): Promise<void> {
  const troubles = await Promise.all(
    bundles.map(async (signed) => {
      if (!sameUser(signed.bundle.address, user)) return 'wrong-user' as const;
      return core.options.asymmetric.run(bundleTrouble(core.account.certificate, signed), signal);
    }),
  );
  const code = troubles.find((trouble) => trouble !== undefined);
  if (code === undefined) return;
  core.events.emit({ type: 'bad-server-signature', subject: 'bundle', code });
  throw new VerificationError('bad-server-signature', 'a bundle does not carry a valid signature of the relay');
}

async function startSessions(
  core: Core,
  { user, deviceId, always, tell }: InviteTarget,
  bundles: readonly SignedBundle[],
  signal?: AbortSignal,
): Promise<Transition<readonly InviteResult[]>> {
  const plan = new Plan();
  const results = await Promise.all(bundles.map(({ bundle }) => startSession(core, plan, bundle, always, signal)));
  const usable = results.filter(({ state }) => state !== 'refused').map(({ device }) => device);
  if (usable.length === 0 && results.every((result) => result.state === 'refused' && result.code === 'suite-mismatch')) {
    throw new UsageError('suite-mismatch', 'no device of the user has a cipher suite in common with this account');
  }
  await dropUnreachable(core, plan, results);
  // What waits for a user as a whole is for all of his devices.
  if (deviceId === undefined) await handOverWaiting(core, plan, user, usable);
  if (tell && usable.length > 0 && !sameUser(user, core.account.address)) await tellOwnDevices(core, plan, user, usable);
  return plan.finish(results);
}

async function startSession(core: Core, plan: Plan, bundle: PreKeyBundle, always: boolean, signal?: AbortSignal): Promise<InviteResult> {
  const { account, sessions, peers, events, options } = core;
  const device = bundle.address;
  const approval = approvalOf(core, device);
  if (approval === 'rejected') return { device, state: 'refused', code: rejectedCode };
  const pins = peers.check(device, bundle.identityKey, options.clock.now(), approval);
  if (pins.changed) {
    const accepted = options.identityChange === 'accept';
    plan.afterwards(() => events.emit({ type: 'identity-changed', device, accepted }));
    if (!accepted) return { device, state: 'refused', code: 'identity-changed' };
  }
  // One that nobody answered yet is sent again by itself; another would not be answered sooner.
  if (!always && !pins.changed && sessions.ofDevice(device).length > 0) return { device, state: 'present' };
  // A peer that is away answers all of them when it comes back, and may use any: none that it can still answer is given up for another.
  const [newest, ...others] = pins.changed ? [] : answerableInvites(core, device);
  if (newest !== undefined && others.length >= limits.sessionsPerPair - 2) return inviteAgain(core, plan, newest);
  const sessionId = asSessionId(randomId(options.random));
  let session: InvitedSession;
  try {
    ({ session } = await options.asymmetric.run(
      initiate({ account: account.account, bundle, sessionId, now: options.clock.now() }),
      signal,
    ));
  } catch (error) {
    // Who gives up says nothing about the device.
    signal?.throwIfAborted();
    if (!(error instanceof E2eeError)) throw error;
    return { device, state: 'refused', code: error.code };
  }
  reportNewDevice(core, plan, device);
  plan.create(secretsOf(session)).add(pins.change);
  plan.add(await sessions.remove(sessions.surplus(device, pins.changed))).add(sessions.add(session));
  const body = requests.invite.encodeRequest({ invite: inviteOf(session) });
  queueRequests(core, plan, [{ kind: 'invite', device, sessionId, origin: undefined, body }]);
  return { device, state: 'invited', sessionId };
}

/** Invites that the peer may still answer, newest first: the signed pre-key that a much older one names is gone. */
function answerableInvites({ sessions, options }: Core, device: DeviceAddress): SessionIndex[] {
  const oldest = options.clock.now() - limits.signedPreKeyLifetime * limits.signedPreKeysKept;
  return sessions.ofDevice(device).filter(({ state, inviteTime }) => state === 'invited' && inviteTime >= oldest);
}

/** Sends an invite that is out already once more: a peer that has it does nothing, one that refused it before may take it now. */
async function inviteAgain(core: Core, plan: Plan, { sessionId, peer }: SessionIndex): Promise<InviteResult> {
  const { session } = await core.sessions.open(sessionId);
  if (session.state === 'invited') {
    const body = requests.invite.encodeRequest({ invite: inviteOf(session) });
    queueRequests(core, plan, [{ kind: 'invite', device: peer, sessionId, origin: undefined, body }]);
  }
  return { device: peer, state: 'invited', sessionId };
}

/** Nothing can be sent to a device that shares no key agreement with us, now or later: it counts as gone until the relay names it anew. */
async function dropUnreachable(core: Core, plan: Plan, results: readonly InviteResult[]): Promise<void> {
  for (const result of results) {
    if (result.state !== 'refused' || result.code !== 'suite-mismatch') continue;
    const { device } = result;
    const messageIds = await removeDevice(core, plan, device);
    if (messageIds.length > 0) plan.afterwards(() => core.events.emit({ type: 'session-lost', device, messageIds }));
  }
}

/** What waited for the user as a whole now waits for, or goes to, each device. Spec: one2one.md §3.1. */
async function handOverWaiting(core: Core, plan: Plan, user: UserAddress, devices: readonly DeviceAddress[]): Promise<void> {
  if (devices.length === 0 || core.pending.count(user) === 0) return;
  const { messages, change } = await core.pending.take(user);
  plan.add(change);
  for (const device of devices) await deliver(core, plan, device, messages);
}

/** Own other devices open sessions with the same devices. Spec: one2one.md §2.2. */
async function tellOwnDevices(core: Core, plan: Plan, user: UserAddress, devices: readonly DeviceAddress[]): Promise<void> {
  const deviceIds = devices.map(({ deviceId }) => deviceId);
  const content = encodeContent({ kind: 'user-devices', devices: { domain: user.domain, userId: user.userId, deviceIds } });
  for (const device of ownOtherDevices(core)) {
    const messageId = asMessageId(randomId(core.options.random));
    await deliver(core, plan, device, [{ messageId, notification: notificationLevels.session, content }]);
  }
}
