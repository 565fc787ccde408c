/**
 * Every bound of the package, each with its reason. A peer, the relay or a caller can send anything; what is not bounded here is bounded by
 * the sizes of the cipher suite.
 */
export const limits = {
  /** Positions one message may lie ahead of its chain. One lost day at a message a second still fits; the walk stays under 0.1 s. Spec: crypto.md §7.6. */
  forwardWalk: 65_536,
  /** Skipped message keys kept per session, the oldest evicted first. Spec: crypto.md §7.6. */
  skippedMessageKeys: 8_192,
  /** Chain steps done inline; more run in the thread pool: 200 steps are about 0.3 ms, what an event-loop turn may cost. */
  inlineChainSteps: 200,
  /** Sessions kept per pair of devices; a peer that invites again and again must not fill the store. Spec: one2one.md §2.4. */
  sessionsPerPair: 5,
  /** One-time pre-keys in one registration or supply. Ids are 32 bits; 100 is the default number. */
  oneTimePreKeys: 1_000,
  /** One-time pre-keys of an account that are kept, newest first: a relay that asks for more and more must not fill the store. Some 5 kB each. */
  oneTimePreKeysKept: 5_000,
  /** Devices of one user: bundles of all are fetched and signed in one answer. */
  devicesPerUser: 64,
  /** Members in one group list of a message. */
  groupMembers: 1_024,
  /** Devices in one group list of a message. */
  groupDevices: 4_096,
  /** Groups of one device: four times what our relay lets a user be in; a relay that invents more must not fill the store. */
  groups: 4_096,
  /** Other devices known to one account, gone ones included: 300 bytes of memory each; a relay that invents more must not fill the store. */
  knownDevices: 131_072,
  /** Generations of a group chain (one per add) whose position is kept: messages that were on their way during as many adds can be opened. */
  groupGenerations: 8,
  /** Messages of a member that may be missing when an add is carried out, and still what it sends afterwards is opened. Spec: group.md §4. */
  groupStepSearch: 32,
  /** Messages of an inviter that may be on their way to the device it added: as many pushes as one connection holds. See lib/group/first-position.ts. */
  groupMessagesOnTheirWay: 256,
  /** Epochs of a group that are kept, the newest included: messages that were on their way when members were removed can be opened. */
  groupEpochs: 4,
  /** Adds of a group that wait for keys: more than a group sees while a device is being added; a relay must not fill the store. */
  groupOpenSteps: 256,
  /** Messages of one group that wait for keys; some 6 kB each with the default suite. */
  heldGroupMessages: 2_048,
  /** Messages of all groups that wait for keys: whoever can send to this device must not fill its store. */
  heldGroupMessagesInAll: 8_192,
  /** Received group keys that wait for what they belong to, in one group: one per member device of the largest. */
  receivedGroupKeys: 4_096,
  /** Time after which a message or keys that nothing came for are given up, ms: 28 days, so that who has to send what is missing may be away. */
  heldGroupTime: 2_419_200_000,
  /** Messages of one session that wait for its accept: what a peer has on its way (32 per destination, four times over); some 6 kB each. */
  earlyMessages: 128,
  /** The same for all sessions of one user: no peer takes the place of others. */
  earlyMessagesPerUser: 256,
  /** The same in all: sixteen such users; whoever can send to this device must not fill its store. */
  earlyMessagesInAll: 4_096,
  /** Tries of a push whose handling fails for a reason of its own: the first may have been bad luck, the second too. */
  pushTries: 3,
  /** Pushes that are set aside, the oldest given up first: somebody is to look at some of them, not at thousands. */
  setAsidePushes: 256,
  /** Bytes of the pushes that are set aside, 16 MiB, the oldest given up first: a peer that found a way to make them must not fill the store. */
  setAsideBytes: 16_777_216,
  /** Nesting of protobuf messages; the deepest of the schema is 7. */
  messageDepth: 16,
  /** Bytes of a name or id in UTF-8: domain, user and device together fit into a key of a store, which has at most 1,024. */
  nameLength: 256,
  /** Bytes of a backup passkey; a passphrase or a wrapped key is a fraction of it. */
  backupPasskeyLength: 4_096,
  /** Bytes of one message's plaintext; larger content belongs into an encrypted file. */
  plaintextLength: 1_048_576,
  /** Bytes of the content of one encrypted file: what AES-GCM seals under one key and IV, 2^39 - 256 bits. Spec: NIST SP 800-38D §5.2.1.1. */
  fileLength: 68_719_476_704,
  /** Bytes of a file that are read, sealed or opened and written at a time: 0.14 ms of AES-GCM, less than an event-loop turn may cost. */
  fileBlockLength: 262_144,
  /** Bytes of one frame, push or response with suites of small keys: a registration is about 170 KB, a page of bundles some hundred. */
  frameLength: 8_388_608,
  /** Bytes of one frame when the suite's keys are large: 100 one-time pre-keys of Classic McEliece 8192128 are 136 MB. Spec: server.md §2. */
  largeKeyFrameLength: 167_772_160,
  /** Received messages that wait for the application before the client takes no more pushes. Design D6. */
  unacknowledgedMessages: 1_000,
  /** Pushes of one connection that may be on their way and not consumed. */
  pushWindow: 256,
  /** Wait between two heartbeats, ms, however short an interval the relay names: it must not make its clients do nothing else. */
  shortestHeartbeat: 1_000,
  /** The same, however long: a timer takes no more than 2^31 ms, and a relay that is silent for hours is dead. */
  longestHeartbeat: 3_600_000,
  /** Pushes that a client holds or has not been able to consume, before it breaks the connection off: some windows; a relay that sends more ignores it. */
  unfinishedPushes: 1_024,
  /** Bytes of pushes that a client holds in memory while the application takes no more: twice a window of the longest messages. */
  heldPushBytes: 536_870_912,
  /** Times that the relay may refuse a request, which it is asked once per start: whatever made it refuse has had two restarts to go away. */
  refusalsPerRequest: 3,
  /** Requests of one connection that may be without an answer. */
  requestsInFlight: 256,
  /** Lifetime of a signed pre-key, ms: 7 days. Spec: crypto.md §9. */
  signedPreKeyLifetime: 604_800_000,
  /** Signed pre-keys whose private half is kept: an invite made with the previous one still works. Spec: one2one.md §1.2. */
  signedPreKeysKept: 2,
  /** One-time pre-keys of a new account, where they are not too large. Spec: crypto.md §9. */
  initialOneTimePreKeys: 100,
  /** Bytes of the one-time pre-keys that a device has published, 4 MiB: a hundred of Classic McEliece 8192128 would be 136 MB. */
  oneTimePreKeyBytes: 4_194_304,
  /** One-time pre-keys of a device, however large they are: a few peers may begin at once. */
  fewestOneTimePreKeys: 4,
  /** Age of an old session of a pair, ms below the newer one's invite time, at which it is deleted. Spec: one2one.md §2.4. */
  oldSessionRetention: 86_400_000,
  /** Wait before an unanswered invite may be sent again, ms. Spec: crypto.md §9. */
  reinviteWait: 60_000,
} as const;

/**
 * How many one-time pre-keys of `publicKeyLength` bytes a device has published at most: `most`, or as many as `limits.oneTimePreKeyBytes` hold, but
 * `limits.fewestOneTimePreKeys` in any case.
 */
export function usualOneTimePreKeys(publicKeyLength: number, most: number = limits.initialOneTimePreKeys): number {
  return Math.min(most, Math.max(limits.fewestOneTimePreKeys, Math.floor(limits.oneTimePreKeyBytes / publicKeyLength)));
}
