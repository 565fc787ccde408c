/** Which test shows each limit at work: file and title. `test/structure/limits.test.ts` lets no limit be without one. */
import type { limits } from '../../lib/base/limits.js';
import type { RelayLimits } from '../../lib/server/relay-limits.js';

/** Where a limit is shown. */
export interface Shown {
  readonly file: string;
  /** The title as it stands in the file. */
  readonly title: string;
}

/** What lies at the bound is taken, and what lies beyond is refused; one test may show both. */
export interface LimitTests {
  readonly holds: Shown;
  readonly refuses: Shown;
}

function both(file: string, title: string): LimitTests {
  return { holds: { file, title }, refuses: { file, title } };
}

function each(holds: readonly [file: string, title: string], refuses: readonly [file: string, title: string]): LimitTests {
  return { holds: { file: holds[0], title: holds[1] }, refuses: { file: refuses[0], title: refuses[1] } };
}

/** The bounds of the package. */
export const limitTests: Readonly<Record<keyof typeof limits, LimitTests>> = {
  forwardWalk: both('ratchet/skipped-message-keys.test.ts', 'the longest allowed gap opens, one more is refused without any work'),
  skippedMessageKeys: each(
    ['ratchet/skipped-message-keys.test.ts', 'keeping more than the limit evicts the oldest'],
    ['ratchet/skipped-message-keys.test.ts', 'of a gap beyond the store only the newest keys are kept, at their right positions'],
  ),
  inlineChainSteps: both('limits/chains.test.ts', 'of %i steps is done at once: %s'),
  sessionsPerPair: both(
    'limits/hostile-relay.test.ts',
    'invites of one device again and again leave it as many sessions as a pair may have, and touch no other pair',
  ),
  oneTimePreKeys: each(
    ['mutation/supply.test.ts', 'a relay that asks for one-time pre-keys without end does not fill the store'],
    ['account/account.test.ts', 'a count that is no allowed number is refused, and ids that have run out'],
  ),
  oneTimePreKeysKept: both('mutation/supply.test.ts', 'a relay that asks for one-time pre-keys without end does not fill the store'),
  devicesPerUser: each(
    ['limits/lists.test.ts', '%s: %i'],
    ['limits/floods.test.ts', 'a user has as many devices as one answer can list, and no more'],
  ),
  groups: both('limits/hostile-relay.test.ts', 'groups: so many are kept, the next is refused, and those that are there go on'),
  knownDevices: both(
    'limits/hostile-relay.test.ts',
    'devices: so many become known, invites of others are refused unseen, and who is known goes on',
  ),
  groupMembers: each(
    ['limits/lists.test.ts', '%s: %i'],
    ['server/groups-members.test.ts', 'is refused with more devices or members than a group may have'],
  ),
  groupDevices: both('limits/lists.test.ts', '%s: %i'),
  groupGenerations: both('limits/chains.test.ts', 'during %i adds, each followed by a message of its sender, %s'),
  groupStepSearch: both('group/messages.test.ts', 'may be missing altogether, and what their sender seals after an add is opened still'),
  groupMessagesOnTheirWay: both(
    'group/keys.test.ts',
    'of the inviter are not used by the device it added when that has sent nothing until the next add',
  ),
  groupEpochs: both('limits/chains.test.ts', 'during %i removals %s'),
  groupOpenSteps: both('group/refusals.test.ts', 'when too many adds wait for keys'),
  heldGroupMessages: both('limits/group-queues.test.ts', 'of one group the newest messages wait: the oldest gives way and is reported'),
  heldGroupMessagesInAll: both('limits/group-queues.test.ts', 'of all groups so many messages wait and no more'),
  receivedGroupKeys: both('limits/group-queues.test.ts', 'of %s so many keys wait and no more'),
  heldGroupTime: both('limits/group-queues.test.ts', 'keys that nothing came for wait for their time and are then given up'),
  messageDepth: both('wire/hostile.test.ts', 'groups nested in unknown fields are skipped to a bounded depth only'),
  nameLength: both('limits/lists.test.ts', 'a name is measured in bytes of UTF-8, and one byte too many is refused'),
  backupPasskeyLength: both('scenario/user-updates.test.ts', 'is refused before it is stored when nobody could take it'),
  plaintextLength: both('scenario/first-contact.test.ts', 'what cannot be sent is refused before anything is stored'),
  fileLength: both('file/refusal.test.ts', 'refuses a source that is longer than one key may seal, before any work'),
  fileBlockLength: both('file/file.test.ts', 'of 100 samples decrypts again'),
  frameLength: both('limits/lists.test.ts', 'a frame longer than those of suites with %s is not looked at'),
  largeKeyFrameLength: both('limits/lists.test.ts', 'a frame longer than those of suites with %s is not looked at'),
  unacknowledgedMessages: both('scenario/outages.test.ts', 'with too many messages unacknowledged no more are taken, and none is lost'),
  pushWindow: both('server/mailbox.test.ts', 'no more pushes than the window are on their way; each one consumed lets the next come'),
  pushTries: both(
    'scenario/set-aside.test.ts',
    'is tried three times on one connection, holds up nothing, and is set aside with its reason',
  ),
  setAsidePushes: both('client/set-aside.test.ts', 'so many pushes are set aside, and the oldest give way'),
  setAsideBytes: both(
    'client/set-aside.test.ts',
    'so many bytes are set aside, the oldest give way, and a push larger than all of that is only named',
  ),
  earlyMessages: both(
    'client/early-messages.test.ts',
    'one session and one user have a share each, and what others may hold is left alone',
  ),
  earlyMessagesPerUser: both(
    'client/early-messages.test.ts',
    'one session and one user have a share each, and what others may hold is left alone',
  ),
  earlyMessagesInAll: both('client/early-messages.test.ts', 'no more than so many wait in all, and room comes back when one goes'),
  refusalsPerRequest: both(
    'scenario/refused-requests.test.ts',
    'is tried at each start, given up with its message named at the last, and what follows gets through',
  ),
  unfinishedPushes: both(
    'limits/hostile-relay.test.ts',
    'and answers no consume makes the client keep so many pushes, then ends the connection, and is heard again when it answers',
  ),
  heldPushBytes: both('limits/hostile-relay.test.ts', 'while the application takes nothing is held up to a bound in bytes'),
  shortestHeartbeat: both('scenario/stream.test.ts', 'an interval that makes no sense does not make the client do nothing else'),
  longestHeartbeat: both('scenario/stream.test.ts', 'an interval that makes no sense does not make the client do nothing else'),
  requestsInFlight: both('transport/contract.ts', 'no more requests than the bound are in flight; the rest follow in order'),
  signedPreKeyLifetime: both('scenario/pre-keys.test.ts', 'one that has run out is renewed while the client runs, and published'),
  signedPreKeysKept: each(
    ['scenario/pre-keys.test.ts', 'an invite made with the previous key still works'],
    ['scenario/pre-keys.test.ts', 'an invite made with a key that is gone is reported, and Bob makes the session instead'],
  ),
  initialOneTimePreKeys: both(
    'account/account.test.ts',
    'has keys of the right lengths, a signed pre-key 1 for seven days and one-time pre-keys from 1',
  ),
  oneTimePreKeyBytes: both(
    'account/account.test.ts',
    'a device has a hundred one-time pre-keys, fewer when they are large, and never less than four',
  ),
  fewestOneTimePreKeys: both(
    'account/account.test.ts',
    'a device has a hundred one-time pre-keys, fewer when they are large, and never less than four',
  ),
  oldSessionRetention: both(
    'reference/session-db.test.ts',
    'test_session_db disabled: old-session deletion with time: a day after a newer session is in use the older one is deleted',
  ),
  reinviteWait: both('scenario/reminders.test.ts', 'a peer that is offline for hours is not flooded with invites'),
};

/** The bounds that an operator may set. */
export const relayLimitTests: Readonly<Record<keyof RelayLimits, LimitTests>> = {
  connections: both('server/connection.test.ts', 'connections are limited, in all and per address'),
  connectionsPerAddress: both('server/connection.test.ts', 'connections are limited, in all and per address'),
  strangers: both('limits/door.test.ts', 'places are counted from each address and in all, and given back'),
  strangersPerAddress: both(
    'limits/door.test.ts',
    'the next is dropped without a byte, who is known goes on, and there is room again when one goes',
  ),
  handshakeTimeout: both('limits/door.test.ts', 'is ended when its headers come a byte at a time'),
  strangerTime: both('limits/door.test.ts', 'and came to register may stay as long as that takes, and no longer'),
  helloTimeout: both('limits/door.test.ts', 'is ended after its time'),
  heartbeatInterval: both('limits/door.test.ts', 'is ended by the heartbeat, and its messages wait for it'),
  requests: both(
    'server/connection.test.ts',
    'requests beyond the rate wait for the next span of time and are neither refused nor reordered',
  ),
  bundlesPerTarget: both('server/pre-keys.test.ts', 'look-ups of one user by one device are limited, and go on after the span'),
  invitesPerTarget: both('server/sessions.test.ts', 'invites to one user are limited'),
  groupChanges: both('server/groups-repeat.test.ts', 'a device changes groups at a bounded rate, and again when time has passed'),
  registrations: both(
    'limits/floods.test.ts',
    'registrations are counted, those beyond are refused before any key is looked at, and others come in later',
  ),
  refusedHellos: both(
    'limits/floods.test.ts',
    'hellos with a wrong password are checked so often in a minute, then refused unseen, and the right one counts again later',
  ),
  pushWindow: both('server/mailbox.test.ts', 'no more pushes than the window are on their way; each one consumed lets the next come'),
  mailboxRows: both('server/mailbox.test.ts', 'a full mailbox refuses with 503 and takes messages again when there is room'),
  mailboxBytes: both('server/mailbox.test.ts', 'a mailbox is bounded in bytes as well'),
  senderRows: both('limits/mailbox-shares.test.ts', 'a sender puts its share in and no more, and a refusal changes nothing'),
  senderBytes: both('limits/mailbox-shares.test.ts', 'a share is measured in bytes as well'),
  recentMessages: both(
    'server/recent-messages.test.ts',
    'what is remembered is bounded per device and in all, and the longest silent device is forgotten first',
  ),
  bodyCacheBytes: both('server/groups-bodies.test.ts', 'is read from the store when memory has no room for it'),
  groupDevices: both('server/groups-create.test.ts', 'is refused with more devices than a group may have, and says how many'),
  groupsPerUser: both('server/groups-create.test.ts', 'is refused for a user who is in as many groups as he can be'),
  lowOneTimePreKeys: both('server/pre-keys.test.ts', 'a device with few keys left is asked once for more, and again after it has supplied'),
  fullOneTimePreKeys: both(
    'server/pre-keys.test.ts',
    'a device with few keys left is asked once for more, and again after it has supplied',
  ),
  storedOneTimePreKeys: both('server/pre-keys.test.ts', 'nobody can fill the relay with pre-keys'),
  tokenLifetime: both('server/requests.test.ts', 'with a token that has expired in the meantime is answered 401 and changes nothing'),
  invitationLifetime: both('server/registration.test.ts', 'refuses an invitation after its time'),
  registrationRepeat: both(
    'server/registration.test.ts',
    'is not given to another code, nor for other keys, nor after the device has connected, nor later',
  ),
  frameLength: both('server/lifecycle.test.ts', 'a frame over the limit ends a WebSocket connection and nothing else'),
};
