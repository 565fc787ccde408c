/**
 * The protocol without a client: primitives, cipher suites, accounts, handshakes, sessions and their encodings. For those who bring their
 * own storage and transport, and for measuring. Whoever uses it keeps the rules of ARCHITECTURE.md: state is durable before a ciphertext
 * leaves, and `retired` is wiped after that.
 */
export { type DeviceAddress, type GroupAddress, type UserAddress, sameDevice, sameUser } from './base/address.js';
export { type MessageId, type SessionId, asMessageId, asSessionId } from './base/brand.js';
export {
  DecodeError,
  E2eeError,
  InternalError,
  ProtocolError,
  StoreError,
  TransportError,
  UsageError,
  VerificationError,
} from './base/errors.js';
export { limits } from './base/limits.js';
export { type RandomSource, randomId, systemRandom } from './base/random.js';
export { Secret, type Wipeable, allocateSecret, copySecret, wipeAll } from './base/secret.js';

export { type CipherSuite, cipherSuite, defaultSuite, packSuiteId, splitPackId, suiteByName, suites } from './crypto/cipher-suite.js';
export { executeJob, executeJobs, runInline } from './crypto/execute.js';
export { aeadKeyLength, aeadTagLength, open as aeadOpen, seal as aeadSeal } from './crypto/aead.js';
export type { NativeAcceleration, NativeBuild } from './crypto/addon.js';
export { nativeAcceleration } from './crypto/native.js';
export { hash, hashAlgorithms, hmac, hmacSha256, sha256, sha512, shake128, shake256 } from './crypto/hash.js';
export { type Computation, type Job, type JobOutcome, type JobResult, all, drive, one } from './crypto/job.js';
export { hkdf } from './crypto/kdf.js';
export {
  agree,
  decapsulate,
  encapsulate,
  generateAgreementKeyPair,
  isEncapsulatedTo,
  isValidPublicKey,
  kemByCode,
  kemSchemes,
  x25519Scheme,
} from './crypto/kem.js';
export type { AgreementKeyPair, Encapsulation, SigningKeyPair } from './crypto/key-pair.js';
export type { AgreementScheme, DiffieHellmanScheme, HashAlgorithm, KemScheme, SignatureScheme } from './crypto/scheme.js';
export { generateSigningKeyPair, sign, signatureByCode, signatureSchemes, verify } from './crypto/signature.js';

export {
  type Account,
  type NewAccount,
  type SuppliedAccount,
  createAccount,
  currentSignedPreKey,
  isSignedPreKeyExpired,
  renewSignedPreKey,
  signedPreKey,
  supplyOneTimePreKeys,
} from './account/account.js';
export { type IdentityKey, type IdentityKeyPair, identityKeyOf } from './account/identity-key.js';
export { type OneTimePreKey, oneTimePreKeyPublic } from './account/one-time-pre-key.js';
export { type PreKeyBundle, type SignedPreKeyPublic, verifyBundle } from './account/pre-key-bundle.js';
export { type SignedPreKey, signedPreKeyPublic } from './account/signed-pre-key.js';

export { type Accepted, type Completed, type Initiated, accept, complete, initiate } from './session/handshake.js';
export {
  type Accept,
  type DecryptedMessage,
  type EncryptedMessage,
  type Invite,
  type InvitedSession,
  type ReadySession,
  type Session,
  acceptOf,
  decryptMessage,
  encryptMessage,
  inviteOf,
} from './session/session.js';
export { type SkippedChange, type SkippedMessageKey, SkippedMessageKeys } from './ratchet/skipped-message-keys.js';
export type { RatchetMessage } from './ratchet/state.js';

export type {
  AddGroupMemberDevice,
  AddGroupMembers,
  CreateGroup,
  GroupPreKeyBundle,
  GroupUpdateKeyBundle,
  RemoveGroupMembers,
} from './group/group-change.js';
export { type Epoch, type GroupStep, chainOf, hasKeys, sendingChain, withChain } from './group/epoch.js';
export { type GroupMessage, type SealedGroupMessages, isSignedBy, openGroupMessage, sealGroupMessages } from './group/group-message.js';
export {
  type Group,
  type GroupChange,
  type KeysFor,
  type Self,
  type WaitingSteps,
  currentEpoch,
  epochOf,
  isInGroup,
  secretsOfEpochs,
} from './group/group.js';
export { type BundleOutcome, carriedOut, takeChain, takeSeed } from './group/key-bundle.js';
export {
  type OwnEpoch,
  addedDevices,
  announcedGroup,
  openEpoch,
  removedMembers,
  withoutDevice,
  withoutOwnKeys,
} from './group/transition.js';
export { groupSeedLength } from './group/key-update.js';
export { type ChainPosition, type MemberChain, type OpenedByChain, newestPosition, positionIn } from './group/member-chain.js';
export { type GroupDevice, type GroupInfo, type GroupMember, groupRoles, isManager, memberOf } from './group/membership.js';

export { type Content, type Envelope, decodeContent, decodeEnvelope, encodeContent, encodeEnvelope } from './wire/message.js';
export { decodeAccept, decodeInvite, encodeAccept, encodeInvite } from './wire/session.js';
export {
  type AccountRecord,
  decodeAccountRecord,
  decodeSignedPreKeyRecord,
  encodeAccountRecord,
  encodeSignedPreKeyRecord,
} from './wire/account-record.js';
export { type SessionRecord, decodeSessionRecord, encodeSessionRecord } from './wire/session-record.js';
export { type GroupSessionRecord, decodeGroupSessionRecord, encodeGroupSessionRecord } from './wire/group-session-record.js';
