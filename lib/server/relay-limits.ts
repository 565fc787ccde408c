import { limits } from '../base/limits.js';

/** A number of events allowed in a span of time. */
export interface Rate {
  readonly count: number;
  /** Milliseconds. */
  readonly per: number;
}

/** Every bound that an operator may want to set; the rest stands in `lib/base/limits.ts`. */
export interface RelayLimits {
  /** Connections at a time; each costs some 50 kB with its socket buffers. */
  readonly connections: number;
  /** Connections at a time from one address, so that one host cannot take all of them. */
  readonly connectionsPerAddress: number;
  /** Sockets and connections at a time that have not proved which device they are: each may hold a frame of the greatest length in pieces. */
  readonly strangers: number;
  /** The same from one address. Behind a proxy that is everybody's: a rush after an outage is let in one after another, each in some ms. */
  readonly strangersPerAddress: number;
  /** Time for the handshake of a socket, ms: TLS, then the few hundred bytes of an HTTP request. */
  readonly handshakeTimeout: number;
  /** Time that a connection without a credential may stay, ms: it registers a device and goes; 136 MB of keys take minutes. */
  readonly strangerTime: number;
  /** Time for the first frame, ms: a socket that says nothing holds a place. */
  readonly helloTimeout: number;
  /** Between heartbeats, ms: shorter than the idle time-out of common proxies (60 s). */
  readonly heartbeatInterval: number;
  /** Requests of one connection; those beyond wait in its socket. A bot sends thousands of messages a second; this only slows a runaway down. */
  readonly requests: Rate;
  /** Bundle look-ups by one device of one user: each may spend a one-time pre-key. Spec: weaknesses.md P14. */
  readonly bundlesPerTarget: Rate;
  /** Invites by one device to one user: each waits in a mailbox with some 8 kB. */
  readonly invitesPerTarget: Rate;
  /** Changes of groups by one device: each is signed for every device of the group, a millisecond each. */
  readonly groupChanges: Rate;
  /** Registrations from one address; each costs a signature check and some 170 kB. */
  readonly registrations: Rate;
  /** Refused hellos of one device from one address: passwords are random, so this only keeps the noise down. */
  readonly refusedHellos: Rate;
  /** Pushes of one connection that may be on their way and not consumed; at most a quarter of `limits.unfinishedPushes`, or clients break off. */
  readonly pushWindow: number;
  /** Pushes that wait for one device: a month of a busy device that is offline. */
  readonly mailboxRows: number;
  /** Bytes that wait for one device. */
  readonly mailboxBytes: number;
  /** Pushes of one user that a mailbox takes while it is more than half full: a sixteenth, so that nobody alone can shut out the others. */
  readonly senderRows: number;
  /** The same in bytes. */
  readonly senderBytes: number;
  /** Messages of a device by which one that is sent again is recognised: what can have been in flight when a connection broke, twice over. */
  readonly recentMessages: number;
  /** Bytes of pushes for several devices that are kept in memory: what was just sent is read by hundreds of them at once. */
  readonly bodyCacheBytes: number;
  /** Devices in a group: each gets a copy of every message, and the list with their keys, 3 kB each, must fit into a frame. */
  readonly groupDevices: number;
  /** Groups of one user: all are told to a new device in one answer. */
  readonly groupsPerUser: number;
  /** One-time pre-keys below which a device is asked for more. Spec: server.md §3. */
  readonly lowOneTimePreKeys: number;
  /** One-time pre-keys a device is asked to have again. Spec: server.md §3. */
  readonly fullOneTimePreKeys: number;
  /** One-time pre-keys kept of one device. */
  readonly storedOneTimePreKeys: number;
  /** Lifetime of a token, ms: a day, renewed by password at any hello. */
  readonly tokenLifetime: number;
  /** Lifetime of an invitation, ms. */
  readonly invitationLifetime: number;
  /** Time in which a lost answer to a registration may be asked for again, ms. */
  readonly registrationRepeat: number;
  /** Greatest frame, bytes; see `limits.largeKeyFrameLength`. */
  readonly frameLength: number;
}

/** What a relay uses where its options say nothing. */
export const defaultRelayLimits: RelayLimits = {
  connections: 20_000,
  connectionsPerAddress: 5_000,
  strangers: 1_024,
  strangersPerAddress: 512,
  handshakeTimeout: 10_000,
  strangerTime: 600_000,
  helloTimeout: 10_000,
  heartbeatInterval: 30_000,
  requests: { count: 20_000, per: 1_000 },
  bundlesPerTarget: { count: 60, per: 60_000 },
  invitesPerTarget: { count: 60, per: 60_000 },
  groupChanges: { count: 120, per: 60_000 },
  registrations: { count: 600, per: 60_000 },
  refusedHellos: { count: 30, per: 60_000 },
  pushWindow: limits.pushWindow,
  mailboxRows: 100_000,
  mailboxBytes: 1_073_741_824,
  senderRows: 6_250,
  senderBytes: 67_108_864,
  recentMessages: 2 * limits.requestsInFlight,
  bodyCacheBytes: 67_108_864,
  groupDevices: 2_048,
  groupsPerUser: 1_024,
  lowOneTimePreKeys: 20,
  fullOneTimePreKeys: 100,
  storedOneTimePreKeys: 2_000,
  tokenLifetime: 86_400_000,
  invitationLifetime: 604_800_000,
  registrationRepeat: 600_000,
  frameLength: limits.frameLength,
};
