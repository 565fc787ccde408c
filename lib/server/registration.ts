/**
 * Registration: who may become a device here, and under which name. Spec: server.md §3 (register_user).
 *
 * Closed registration admits by invitation. An invitation without a user admits one new user; one that names a user admits one further device
 * of that user, which nothing else does: whoever could add a device to somebody would receive what is sent to him.
 */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey } from '../base/address.js';
import { equalBytes, utf8 } from '../base/bytes.js';
import { limits } from '../base/limits.js';
import type { DeviceRecord, InvitationRecord, LoginRecord, UserRecord } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import type { GroupInfo } from '../wire/group.js';
import { encodePayload } from '../wire/push.js';
import type { RegisteredUser, RegisterUser } from '../wire/account-request.js';
import type { RelayContext } from './context.js';
import { generateWord, hashWord } from './credentials.js';
import { groupInfo } from './group-state.js';
import type { Delivery } from './mailbox.js';
import { welcome } from './notices.js';
import { checkOneTimePreKeys, checkSignedPreKey, supplyDigest } from './key-checks.js';
import { Refusal, responseCode } from './refusal.js';
import { relatedDevices } from './users.js';

/** Bytes of a user or device id: keys of the store hold two of each. */
const maxIdBytes = 128;

/** Members of all groups in the answer, some 100 bytes and four fields each: what a client takes in one message. */
const maxAnsweredMembers = 16_384;

/** What an auth code says: a plain code, or the invitation text `e2ee:<inviter>@<domain>;invite=<code>`. */
function parseAuthCode(text: string): { readonly code: string; readonly inviterDomain: string | undefined } {
  const match = /^e2ee:[^@;\s]+@([^@;\s]+);invite=(.+)$/u.exec(text);
  const [, inviterDomain, code] = match ?? [];
  return code === undefined ? { code: text, inviterDomain: undefined } : { code, inviterDomain };
}

/** Makes an invitation: for one new user, or for a further device of `userId`. The code is stored hashed and cannot be shown again. */
export async function createInvitation(context: RelayContext, userId: string, lifetime: number): Promise<string> {
  const code = generateWord(context.random);
  const invitation = { userId, expiresAt: context.clock.now() + lifetime, usedBy: { userId: '', deviceId: '' } };
  await context.store.commit([context.store.putInvitation(hashWord('invitation', code), invitation)]);
  return code;
}

/** Registers a device. Throws `Refusal`. */
export async function register(context: RelayContext, remoteAddress: string, request: RegisterUser): Promise<RegisteredUser> {
  if (!(await context.rates.registrations.admit(remoteAddress))) {
    throw new Refusal(responseCode.unavailable, 'too many registrations from this address');
  }
  checkNames(request);
  const { code } = checkedAuthCode(context, request.authCode);
  const registrationHash = hashWord('registration', code);
  const address = addressOf(context, request);
  const names = [`user:${request.userId}`, `authenticator:${request.authenticator}`, `device:${deviceKey(address)}`];
  const { registered, isNew } = await context.locks.run(names, async () => {
    const { generation } = context.store;
    const repeated = await repeatedRegistration(context, address, request, registrationHash);
    if (repeated !== undefined) return { registered: repeated, isNew: false };
    const admission = await admit(context, request, code);
    await checkKeys(context, request);
    return { registered: await enrol(context, address, request, registrationHash, admission, generation), isNew: true };
  });
  // Outside the locks: the application may call the relay.
  if (isNew) await welcome(context, address);
  return registered;
}

interface Admission {
  readonly user: UserRecord | undefined;
  readonly invitation: { readonly codeHash: Uint8Array; readonly record: InvitationRecord } | undefined;
}

function addressOf(context: RelayContext, { userId, deviceId, userName }: RegisterUser): DeviceAddress {
  return { domain: context.domain, userId, deviceId, userName };
}

function checkNames({ userName, userId, deviceId }: RegisterUser): void {
  for (const [field, value] of Object.entries({ user_name: userName, user_id: userId, device_id: deviceId })) {
    if (value === '') throw new Refusal(responseCode.badRequest, `${field} is missing`);
    const { length } = utf8(value);
    if (length > maxIdBytes) throw new Refusal(responseCode.badRequest, `${field} has ${length} bytes, more than ${maxIdBytes}`);
  }
}

function checkedAuthCode(context: RelayContext, authCode: string): { readonly code: string } {
  const { code, inviterDomain } = parseAuthCode(authCode);
  if (code === '') throw new Refusal(responseCode.forbidden, 'a registration needs an invitation');
  if (inviterDomain !== undefined && inviterDomain !== context.domain) {
    throw new Refusal(responseCode.forbidden, 'the invitation is for another domain');
  }
  return { code };
}

/** The same device again, with the same keys and the same code, before it has ever connected: its answer was lost. */
async function repeatedRegistration(
  context: RelayContext,
  address: DeviceAddress,
  request: RegisterUser,
  registrationHash: Uint8Array,
): Promise<RegisteredUser | undefined> {
  const { store, clock, limits: bounds } = context;
  const device = await store.device(address);
  if (device === undefined) return undefined;
  const login = await store.login(address);
  const same =
    login?.seen === false &&
    clock.now() - device.registeredAt <= bounds.registrationRepeat &&
    equalBytes(device.registrationHash, registrationHash) &&
    device.packId === request.suite.packId &&
    equalBytes(device.identityKey.agreement, request.identityKey.agreement) &&
    equalBytes(device.identityKey.signing, request.identityKey.signing) &&
    device.signedPreKey.id === request.signedPreKey.id &&
    equalBytes(device.signedPreKey.publicKey, request.signedPreKey.publicKey);
  if (!same) throw new Refusal(responseCode.conflict, 'the device id is taken');
  const password = generateWord(context.random);
  await store.commit([store.putLogin(address, { ...login, passwordHash: hashWord('password', password) })]);
  const user = await store.user(address.userId);
  return answer(context, device, password, user?.authenticator ?? '');
}

async function admit(context: RelayContext, request: RegisterUser, code: string): Promise<Admission> {
  const { store } = context;
  const { authenticator, userId } = request;
  const user = await store.user(userId);
  const owner = authenticator === '' ? undefined : await store.userOfAuthenticator(authenticator);
  if (owner !== undefined && owner !== userId) throw new Refusal(responseCode.conflict, 'the authenticator belongs to another user id');
  if (context.registration === 'open') {
    if (user !== undefined && (authenticator === '' || user.authenticator !== authenticator)) {
      throw new Refusal(responseCode.conflict, 'the user id is taken');
    }
    return { user, invitation: undefined };
  }
  const codeHash = hashWord('invitation', code);
  const record = await store.invitation(codeHash);
  if (record === undefined || record.usedBy.userId !== '' || record.expiresAt < context.clock.now()) {
    throw new Refusal(responseCode.forbidden, 'the invitation is not valid');
  }
  if (record.userId === '' && user !== undefined) {
    throw new Refusal(responseCode.conflict, 'the user id is taken; a further device needs an invitation for this user');
  }
  if (record.userId !== '' && (record.userId !== userId || user === undefined)) {
    throw new Refusal(responseCode.forbidden, 'the invitation is for another user');
  }
  if (user !== undefined && authenticator !== '' && user.authenticator !== authenticator) {
    throw new Refusal(responseCode.conflict, 'the user has another authenticator');
  }
  return { user, invitation: { codeHash, record } };
}

async function checkKeys({ runJobs }: RelayContext, { suite, identityKey, signedPreKey, oneTimePreKeys }: RegisterUser): Promise<void> {
  if (identityKey.agreement.length !== suite.agreement.publicKeyLength || identityKey.signing.length !== suite.signature.publicKeyLength) {
    throw new Refusal(responseCode.badRequest, 'an identity key has not the length of the suite');
  }
  if (oneTimePreKeys.length === 0) throw new Refusal(responseCode.badRequest, 'one_time_pre_key_list is empty');
  checkOneTimePreKeys(suite, oneTimePreKeys);
  await checkSignedPreKey(suite, identityKey, signedPreKey, runJobs);
}

async function enrol(
  context: RelayContext,
  address: DeviceAddress,
  request: RegisterUser,
  registrationHash: Uint8Array,
  { user, invitation }: Admission,
  generation: number,
): Promise<RegisteredUser> {
  const { store, clock, random } = context;
  const now = clock.now();
  const others = await store.deviceAddressesOf(address.userId, limits.devicesPerUser);
  if (others.length >= limits.devicesPerUser) throw new Refusal(responseCode.conflict, 'the user has too many devices');
  const password = generateWord(random);
  const device: DeviceRecord = {
    address,
    packId: request.suite.packId,
    identityKey: request.identityKey,
    signedPreKey: request.signedPreKey,
    registeredAt: now,
    registrationHash,
  };
  const login: LoginRecord = {
    passwordHash: hashWord('password', password),
    registeredAt: now,
    seen: false,
    incarnation: new Uint8Array(0),
    commitCounter: 0,
    retiredIncarnations: [],
    storeSince: 0,
    greeting: new Uint8Array(0),
  };
  const writes: Write[] = [
    store.putDevice(device),
    store.putLogin(address, login),
    store.mailbox.putHead(address, { next: 1, rows: 0, bytes: 0 }),
    store.putPreKeyStock(address, {
      remaining: request.oneTimePreKeys.length,
      highestId: request.oneTimePreKeys.reduce((highest, { id }) => Math.max(highest, id), 0),
      askedAt: 0,
      lastSupply: supplyDigest(request.oneTimePreKeys),
    }),
    ...request.oneTimePreKeys.map((key) => store.putOneTimePreKey(address, key)),
  ];
  if (user === undefined) {
    const { userId, userName } = request;
    writes.push(...store.putUser({ userId, userName, authenticator: request.authenticator, registeredAt: now }));
  }
  if (invitation !== undefined) {
    const usedBy = { userId: address.userId, deviceId: address.deviceId };
    writes.push(store.putInvitation(invitation.codeHash, { ...invitation.record, usedBy }));
  }
  await context.mailboxes.post(await announcements(context, address, others), writes, generation);
  context.mailboxes.appeared(address);
  return answer(context, device, password, user?.authenticator ?? request.authenticator);
}

/** AddUserDeviceMsg to every other device of the user and every related one. Spec: server.md §3. */
async function announcements(context: RelayContext, address: DeviceAddress, others: readonly DeviceAddress[]): Promise<Delivery[]> {
  if (others.length === 0) return [];
  const related = await relatedDevices(context, address.userId);
  const payload = encodePayload({ kind: 'add-user-device', value: { device: address, oldDevices: others } });
  return [...others, ...related].map((to) => ({ to, payload, signed: true, optional: true }));
}

async function answer(context: RelayContext, device: DeviceRecord, password: string, authenticator: string): Promise<RegisteredUser> {
  const { address, registeredAt } = device;
  const { token, expiresAt } = await context.tokens.issue(address, registeredAt);
  const others = await context.store.deviceAddressesOf(address.userId, limits.devicesPerUser);
  return {
    address,
    userName: address.userName ?? address.userId,
    password,
    token,
    tokenExpires: expiresAt,
    authenticator,
    certificate: context.signer.certificate,
    otherDevices: others.filter(({ deviceId }) => deviceId !== address.deviceId),
    contactDevices: await relatedDevices(context, address.userId),
    groups: await groupsOf(context, address.userId),
  };
}

/** The groups of the user, of which a new device cannot know yet, until the answer is full. */
async function groupsOf({ store, domain, logger }: RelayContext, userId: string): Promise<GroupInfo[]> {
  const groups: GroupInfo[] = [];
  let members = 0;
  for (const groupId of await store.groups.groupIdsOf(userId)) {
    const record = await store.groups.group(groupId);
    if (record === undefined) continue;
    members += record.members.length;
    if (members > maxAnsweredMembers) {
      logger.warn({ groups: groups.length }, 'a new device was not told of all groups of its user');
      return groups;
    }
    groups.push(groupInfo(record, domain));
  }
  return groups;
}
