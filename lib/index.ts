/**
 * skissm: post-quantum end-to-end encrypted messaging between devices.
 *
 * `Client` is one device of one user. It needs a store and a way to its relay; `./server` has the relay, `./store/sqlite` the durable store,
 * `./core` the protocol without a client.
 */
export { Client, type GroupSendOptions, type KnownDevice, type SendOptions, type WaitOptions } from './client/client.js';
export { type ClientLimits, type ClientOptions, type RegisterOptions } from './client/options.js';
export type { NoticeEvent, NoticePayload, SuiteUpgradeEvent } from './client/notice-event.js';
export type { ClientEvent, ClientEventOf, ClientEventType, EventListener } from './client/events.js';
export type { DeviceFingerprint, Fingerprints } from './client/fingerprints.js';
export { type CommonHandler, type DatabaseHandler, type EventHandler, type ProtocolHandler } from './client/handlers.js';
export type { SentToGroup } from './client/group-send.js';
export type { KnownGroup, NewGroup } from './client/groups.js';
export type { ReceivedMessage } from './client/inbox.js';
export type { SetAsidePush } from './client/set-aside-pushes.js';
export type { Recovery, UndecryptableCode } from './client/undecryptable.js';
export type { InviteResult } from './client/invite.js';
export type { ClientStatus } from './client/status.js';
export type { Approval } from './store/client/peer-rows.js';
export type { Delivered } from './client/mailer.js';
export type { OutgoingMessage, Sent, SentTo } from './client/send.js';
export { type Asymmetric, type JobExecutor, createAsymmetric } from './client/asymmetric.js';

export {
  type DeviceAddress,
  type GroupAddress,
  type UserAddress,
  formatAddress,
  formatGroupAddress,
  parseDeviceAddress,
  parseGroupAddress,
  parseUserAddress,
  sameDevice,
  sameGroup,
  sameUser,
} from './base/address.js';
export type { MessageId, SessionId } from './base/brand.js';
export { type Clock, systemClock } from './base/clock.js';
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
export { type LogFields, type Logger, silentLogger } from './base/logger.js';
export { type RandomSource, systemRandom } from './base/random.js';
export { Secret, allocateSecret } from './base/secret.js';
export { type CipherSuite, defaultSuite, suiteByName, suites } from './crypto/cipher-suite.js';
export { type GroupMember, groupRoles } from './wire/group.js';
export { notificationLevels } from './wire/message.js';
export type { FriendNotice, Friendship, GroupChange, GroupNotice, SystemNotice, UserChange, UserUpdate } from './wire/notification.js';
export type { Address } from './wire/address.js';
export type { GroupFound } from './wire/group-request.js';

export { type DataOptions, type SealedData, decryptData, encryptData } from './file/data.js';
export { type EncryptOptions, type EncryptedFile, type FileOptions, decryptFile, encryptFile } from './file/file.js';
export { loadFileKey, saveFileKey } from './file/key-file.js';
export { type FileKey, deriveFileKey, generateFileKey, importFileKey } from './file/file-key.js';

export { type MemoryStoreOptions, openMemoryStore } from './store/memory/memory-store.js';
export type { Range, Row, Store, Table, Write } from './store/store.js';
export { type InMemoryNetwork, type InMemoryOptions, createInMemoryNetwork } from './transport/in-memory.js';
export type { CloseReason, ConnectOptions, Connection, RequestOptions, Transport } from './transport/transport.js';
export { type WebSocketTransportOptions, createWebSocketTransport as webSocketTransport } from './transport/websocket.js';
