/** Who is there: the checks of a connection's first frame. Design D4, D7. */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey, sameDevice } from '../base/address.js';
import type { LoginRecord } from '../store/relay-store.js';
import type { Hello, HelloAck } from '../wire/frame.js';
import { frameVersion } from '../wire/frame.js';
import type { RelayContext } from './context.js';
import { isWord } from './credentials.js';
import { responseCode } from './refusal.js';
import type { Guest } from './guest.js';
import { groupLock } from './group-state.js';
import { replaceStore } from './replaced-store.js';
import { checkStore } from './rollback.js';

/** What a hello led to; `guest` is absent when it was refused, and when it came without a credential, which allows a registration only. */
export interface Greeting {
  readonly ack: HelloAck;
  readonly guest?: Guest;
}

/** Checks a hello; what it changes is durable before the answer. */
export async function greet(context: RelayContext, remoteAddress: string, hello: Hello): Promise<Greeting> {
  if (hello.version !== frameVersion) return refused(context, responseCode.badRequest, 'version');
  if (hello.credential.kind === 'none') return { ack: welcome(context, '', 0) };
  const { domain, userId, deviceId } = hello.address;
  const address = { domain, userId, deviceId };
  // Not by the network address alone: behind a proxy that is everybody's.
  const knocker = `${remoteAddress} ${deviceKey(address)}`;
  if (!(await context.rates.refusedHellos.hasRoom(knocker))) return refused(context, responseCode.unavailable, 'busy');
  const greeting = await admit(context, hello, address);
  if (greeting.guest === undefined) await context.rates.refusedHellos.admit(knocker);
  return greeting;
}

async function admit(context: RelayContext, hello: Hello, address: DeviceAddress): Promise<Greeting> {
  const deviceLock = `device:${deviceKey(address)}`;
  let greeting = await context.locks.run([deviceLock], () => admitLocked(context, hello, address, undefined));
  while (greeting === 'replaced') {
    // Rare, and the one hello that changes groups. The user may come into a group while the locks are awaited; then it is checked anew.
    const groupIds = await context.store.groups.groupIdsOf(address.userId);
    const names = [...groupIds.map(groupLock), `user:${address.userId}`, deviceLock];
    greeting = await context.locks.run(names, () => admitLocked(context, hello, address, groupIds));
  }
  return greeting;
}

/** `lockedGroups`: the groups whose locks are held, and the user's; `replaced`: all that the user is in now are needed. */
async function admitLocked(
  context: RelayContext,
  hello: Hello,
  address: DeviceAddress,
  lockedGroups: readonly string[] | undefined,
): Promise<Greeting | 'replaced'> {
  const { store } = context;
  const { generation } = store;
  if (address.domain !== context.domain || address.userId === '' || address.deviceId === '') {
    return refused(context, responseCode.unauthorized, 'unauthorized');
  }
  const login = await store.login(address);
  const proof = login === undefined ? undefined : await prove(context, hello, address, login);
  if (login === undefined || proof === undefined) return refused(context, responseCode.unauthorized, 'unauthorized');
  const { incarnation, commitCounter } = hello;
  const highest = await context.counters.highest(address, login);
  const verdict = checkStore({ ...login, commitCounter: highest }, hello, context.clock.now());
  if (verdict.kind === 'refused') return refused(context, responseCode.conflict, 'store-rolled-back');
  const seen = { ...verdict.login, seen: true };
  if (verdict.kind === 'replaced') {
    const groupIds = await store.groups.groupIdsOf(address.userId);
    if (lockedGroups === undefined || groupIds.some((groupId) => !lockedGroups.includes(groupId))) return 'replaced';
    await replaceStore(context, address, seen, groupIds, generation);
  } else if (incarnation.length > 0 || !login.seen) await store.commit([store.putLogin(address, seen)]);
  // An older connection, which is still open, may have gone on meanwhile.
  if (context.counters.seen(address, incarnation) > commitCounter) return refused(context, responseCode.conflict, 'store-rolled-back');
  const guest = { address, tokenExpiresAt: proof.expiresAt, incarnation, commitCounter };
  return { ack: { ...welcome(context, proof.token, proof.expiresAt), storeSince: seen.storeSince }, guest };
}

/** The token that the connection lives by: the one shown (then none is sent back), or a new one for a password. */
async function prove(
  context: RelayContext,
  { credential }: Hello,
  address: DeviceAddress,
  login: LoginRecord,
): Promise<{ readonly token: string; readonly expiresAt: number } | undefined> {
  switch (credential.kind) {
    case 'password':
      return isWord('password', credential.password, login.passwordHash) ? context.tokens.issue(address, login.registeredAt) : undefined;
    case 'token': {
      const claims = await context.tokens.verify(credential.token);
      if (claims?.registeredAt !== login.registeredAt || !sameDevice(claims.address, address)) return undefined;
      return { token: '', expiresAt: claims.expiresAt };
    }
    case 'none':
      return undefined;
  }
}

function welcome(context: RelayContext, token: string, tokenExpiresAt: number): HelloAck {
  return { ...refused(context, 0, '').ack, code: responseCode.ok, token, tokenExpiresAt };
}

/** The answer to a connection that is not taken. */
function refused(context: RelayContext, code: number, reason: string): Greeting {
  const { clock, limits } = context;
  const ack = {
    code,
    reason,
    token: '',
    tokenExpiresAt: 0,
    serverTime: clock.now(),
    pushWindow: limits.pushWindow,
    heartbeatInterval: limits.heartbeatInterval,
    maxFrameLength: limits.frameLength,
    storeSince: 0,
  };
  return { ack };
}
