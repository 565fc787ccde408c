/** Requests about the keys of a device. Spec: wire.md §6. */
import type { IdentityKey } from '../account/identity-key.js';
import type { OneTimePreKeyPublic, SignedPreKeyPublic } from '../account/pre-key-bundle.js';
import type { DeviceAddress, UserAddress } from '../base/address.js';
import { limits } from '../base/limits.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import {
  readBundle,
  readIdentityKey,
  readOneTimePreKey,
  readSignedPreKey,
  type SignedBundle,
  toBundle,
  toIdentityKey,
  toOneTimePreKey,
  toSignedPreKey,
} from './account.js';
import { readDevice, toAddress } from './address.js';
import { type Certificate, readCertificate, toCertificate } from './certificate.js';
import { integer, list, optionalText, requiredText, suite, text, toLong } from './field.js';
import { e2ees } from './generated/e2ees.js';
import { type GroupInfo, readGroupInfo, toGroup } from './group.js';
import { readUserUpdate, toUserUpdate, type UserUpdate } from './notification.js';
import { type Done, readDone, requestRow, toDone } from './request-row.js';

/** Makes a device known to the relay. Spec: wire.md §6 (RegisterUserRequest). */
export interface RegisterUser {
  readonly userName: string;
  readonly userId: string;
  readonly deviceId: string;
  /** What proves identity, for example `mailto:` and an address; may be empty. */
  readonly authenticator: string;
  /** A code of six digits or an invitation. */
  readonly authCode: string;
  readonly suite: CipherSuite;
  readonly identityKey: IdentityKey;
  readonly signedPreKey: SignedPreKeyPublic;
  readonly oneTimePreKeys: readonly OneTimePreKeyPublic[];
}

/** Spec: wire.md §6 (RegisterUserResponse). */
export interface RegisteredUser {
  readonly address: DeviceAddress;
  readonly userName: string;
  readonly password: string;
  /** Goes with every request. */
  readonly token: string;
  /** Expiry of the token; the unit is not defined, ours is ms since 1970. */
  readonly tokenExpires: number;
  readonly authenticator: string;
  readonly certificate: Certificate | undefined;
  /** The user's other devices. */
  readonly otherDevices: readonly DeviceAddress[];
  /** Devices of users that already have sessions with this user. */
  readonly contactDevices: readonly DeviceAddress[];
  readonly groups: readonly GroupInfo[];
}

/** Replaces the signed pre-key. Spec: wire.md §6 (PublishSpkRequest). */
export interface PublishSignedPreKey {
  readonly user: DeviceAddress;
  readonly signedPreKey: SignedPreKeyPublic;
}

/** Adds one-time pre-keys. Spec: wire.md §6 (SupplyOpksRequest). */
export interface AddOneTimePreKeys {
  readonly suite: CipherSuite;
  readonly user: DeviceAddress;
  readonly oneTimePreKeys: readonly OneTimePreKeyPublic[];
}

/** Asks for the bundles of one device, or of all devices of a user. Spec: wire.md §6 (GetPreKeyBundleRequest). */
export interface GetPreKeyBundles extends UserAddress {
  /** `undefined`: all. */
  readonly deviceId: string | undefined;
}

/** Spec: wire.md §6 (GetPreKeyBundleResponse). */
export interface PreKeyBundles {
  readonly userId: string;
  readonly bundles: readonly SignedBundle[];
}

/** Spec: wire.md §6 (UpdateUserRequest). */
export interface UpdateUser {
  readonly update: UserUpdate;
}

/** Characters of a token. */
const maxTokenLength = 8_192;

/** Characters of an invitation: `e2ee:`, a user id, a domain and a code. */
const maxAuthCodeLength = 1_024;

/** Devices of all contacts of a user: they are told of a new device, and it of them. */
const maxContactDevices = 16_384;

/** Groups of one user. */
const maxGroups = 4_096;

/** Row of `register_user`. */
export const registerUser = requestRow({
  code: 1,
  schemaName: 'RegisterUserRequest',
  request: e2ees.RegisterUserRequest,
  toRequest: (value: RegisterUser): e2ees.RegisterUserRequest.$Properties => ({
    userName: value.userName,
    userId: value.userId,
    deviceId: value.deviceId,
    authenticator: value.authenticator,
    authCode: value.authCode,
    e2eesPackId: value.suite.packId,
    identityKeyPublic: toIdentityKey(value.identityKey),
    signedPreKeyPublic: toSignedPreKey(value.signedPreKey),
    oneTimePreKeyList: value.oneTimePreKeys.map(toOneTimePreKey),
  }),
  readRequest: (found: e2ees.RegisterUserRequest.$Properties): RegisterUser => ({
    userName: requiredText(found.userName, 'user_name'),
    userId: requiredText(found.userId, 'user_id'),
    deviceId: requiredText(found.deviceId, 'device_id'),
    authenticator: text(found.authenticator, 'authenticator'),
    authCode: requiredText(found.authCode, 'auth_code', maxAuthCodeLength),
    suite: suite(found.e2eesPackId, 'e2ees_pack_id'),
    identityKey: readIdentityKey(found.identityKeyPublic, 'identity_key_public'),
    signedPreKey: readSignedPreKey(found.signedPreKeyPublic, 'signed_pre_key_public'),
    oneTimePreKeys: list(found.oneTimePreKeyList, 'one_time_pre_key_list', limits.oneTimePreKeys, readOneTimePreKey),
  }),
  response: e2ees.RegisterUserResponse,
  toAnswer: (value: RegisteredUser): e2ees.RegisterUserResponse.$Properties => ({
    address: toAddress(value.address),
    username: value.userName,
    password: value.password,
    auth: value.token,
    expiresIn: toLong(value.tokenExpires),
    authenticator: value.authenticator,
    serverCert: value.certificate === undefined ? null : toCertificate(value.certificate),
    otherDeviceAddressList: value.otherDevices.map(toAddress),
    otherUserAddressList: value.contactDevices.map(toAddress),
    groupInfoList: value.groups.map(toGroup),
  }),
  readAnswer: (found: e2ees.RegisterUserResponse.$Properties): RegisteredUser => ({
    address: readDevice(found.address, 'address'),
    userName: requiredText(found.username, 'username'),
    password: requiredText(found.password, 'password'),
    token: requiredText(found.auth, 'auth', maxTokenLength),
    tokenExpires: integer(found.expiresIn, 'expires_in'),
    authenticator: text(found.authenticator, 'authenticator'),
    certificate: found.serverCert === null || found.serverCert === undefined ? undefined : readCertificate(found.serverCert, 'server_cert'),
    otherDevices: list(found.otherDeviceAddressList, 'other_device_address_list', limits.devicesPerUser, readDevice),
    contactDevices: list(found.otherUserAddressList, 'other_user_address_list', maxContactDevices, readDevice),
    groups: list(found.groupInfoList, 'group_info_list', maxGroups, readGroupInfo),
  }),
});

/** Row of `publish_spk`. */
export const publishSignedPreKey = requestRow({
  code: 4,
  schemaName: 'PublishSpkRequest',
  request: e2ees.PublishSpkRequest,
  toRequest: (value: PublishSignedPreKey): e2ees.PublishSpkRequest.$Properties => ({
    userAddress: toAddress(value.user),
    signedPreKeyPublic: toSignedPreKey(value.signedPreKey),
  }),
  readRequest: (found: e2ees.PublishSpkRequest.$Properties): PublishSignedPreKey => ({
    user: readDevice(found.userAddress, 'user_address'),
    signedPreKey: readSignedPreKey(found.signedPreKeyPublic, 'signed_pre_key_public'),
  }),
  response: e2ees.PublishSpkResponse,
  toAnswer: toDone,
  readAnswer: readDone,
});

/** Row of `supply_opks`. */
export const supplyOneTimePreKeys = requestRow({
  code: 5,
  schemaName: 'SupplyOpksRequest',
  request: e2ees.SupplyOpksRequest,
  toRequest: (value: AddOneTimePreKeys): e2ees.SupplyOpksRequest.$Properties => ({
    e2eesPackId: value.suite.packId,
    userAddress: toAddress(value.user),
    oneTimePreKeyPublicList: value.oneTimePreKeys.map(toOneTimePreKey),
  }),
  readRequest: (found: e2ees.SupplyOpksRequest.$Properties): AddOneTimePreKeys => ({
    suite: suite(found.e2eesPackId, 'e2ees_pack_id'),
    user: readDevice(found.userAddress, 'user_address'),
    oneTimePreKeys: list(found.oneTimePreKeyPublicList, 'one_time_pre_key_public_list', limits.oneTimePreKeys, readOneTimePreKey),
  }),
  response: e2ees.SupplyOpksResponse,
  toAnswer: toDone,
  readAnswer: readDone,
});

/** Row of `get_pre_key_bundle`. */
export const getPreKeyBundles = requestRow({
  code: 2,
  schemaName: 'GetPreKeyBundleRequest',
  request: e2ees.GetPreKeyBundleRequest,
  toRequest: (value: GetPreKeyBundles): e2ees.GetPreKeyBundleRequest.$Properties => ({
    domain: value.domain,
    userId: value.userId,
    deviceId: value.deviceId ?? '',
  }),
  readRequest: (found: e2ees.GetPreKeyBundleRequest.$Properties): GetPreKeyBundles => ({
    domain: requiredText(found.domain, 'domain'),
    userId: requiredText(found.userId, 'user_id'),
    deviceId: optionalText(found.deviceId, 'device_id'),
  }),
  response: e2ees.GetPreKeyBundleResponse,
  toAnswer: (value: PreKeyBundles): e2ees.GetPreKeyBundleResponse.$Properties => ({
    userId: value.userId,
    preKeyBundles: value.bundles.map(toBundle),
  }),
  readAnswer: (found: e2ees.GetPreKeyBundleResponse.$Properties): PreKeyBundles => ({
    userId: requiredText(found.userId, 'user_id'),
    bundles: list(found.preKeyBundles, 'pre_key_bundles', limits.devicesPerUser, readBundle),
  }),
});

/** Row of `update_user`. */
export const updateUser = requestRow({
  code: 15,
  schemaName: 'UpdateUserRequest',
  request: e2ees.UpdateUserRequest,
  toRequest: (value: UpdateUser): e2ees.UpdateUserRequest.$Properties => ({ msg: toUserUpdate(value.update) }),
  readRequest: (found: e2ees.UpdateUserRequest.$Properties): UpdateUser => ({ update: readUserUpdate(found.msg, 'msg') }),
  response: e2ees.UpdateUserResponse,
  toAnswer: toDone,
  readAnswer: readDone,
});

export type { Done };
