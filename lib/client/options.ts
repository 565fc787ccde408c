/** What a client is opened with. */
import { limits } from '../base/limits.js';
import { type Logger, silentLogger } from '../base/logger.js';
import type { CipherSuite } from '../crypto/cipher-suite.js';
import type { Asymmetric } from './asymmetric.js';
import { createAsymmetric } from './asymmetric.js';
import { type CommonHandler, type DatabaseHandler, type EventHandler, type ProtocolHandler, systemCommon } from './handlers.js';

/** Bounds that an application may lower. */
export interface ClientLimits {
  /** Bytes of one message. */
  readonly plaintextLength: number;
  /** Received messages that may wait for `ack()`. */
  readonly unacknowledgedMessages: number;
  /** Groups that the relay may put this device into. */
  readonly groups: number;
  /** Other devices that may become known. */
  readonly knownDevices: number;
}

/** Options of `Client.open` and `Client.register`. */
export interface ClientOptions {
  /** Opens the store (database handler). */
  readonly store: DatabaseHandler;
  /** Reaches the relay (protocol handler). */
  readonly transport: ProtocolHandler;
  /** Time and randomness (common handler); the system's by default. */
  readonly common?: Partial<CommonHandler>;
  /** Takes every event (event handler). */
  readonly events?: EventHandler;
  readonly logger?: Logger;
  /**
   * Which pushes must carry a valid signature of the relay: `control` (the default) all but messages and heartbeats, which are authenticated end
   * to end; `all` every push. Bundles always must. Design D9.
   */
  readonly requireServerSignature?: 'control' | 'all';
  /** What to do when the relay names other identity keys for a device than before: `refuse` (the default) or `accept`; both raise an event. */
  readonly identityChange?: 'refuse' | 'accept';
  /**
   * What to do with a device that a user known here, or our own user, did not have before: `accept` (the default) sends to it like to the others;
   * `ask` lets everything wait for `Client.approveDevice`. Devices named at the first contact with a user are approved. Weaknesses P4.
   */
  readonly newDevices?: 'accept' | 'ask';
  /** Does the expensive operations; the addon's thread pool by default. */
  readonly asymmetric?: Asymmetric;
  readonly limits?: Partial<ClientLimits>;
}

/** Options with every default filled in. */
export interface ResolvedOptions extends CommonHandler {
  readonly store: DatabaseHandler;
  readonly transport: ProtocolHandler;
  readonly events: EventHandler;
  readonly logger: Logger;
  readonly requireServerSignature: 'control' | 'all';
  readonly identityChange: 'refuse' | 'accept';
  readonly newDevices: 'accept' | 'ask';
  readonly asymmetric: Asymmetric;
  readonly limits: ClientLimits;
}

/** Options of `Client.register`. */
export interface RegisterOptions extends ClientOptions {
  /** Display name; the user id by default. */
  readonly userName?: string;
  readonly userId: string;
  readonly deviceId: string;
  /** What proves identity, for example `mailto:` and an address; may be left out. */
  readonly authenticator?: string;
  /** An invitation or a code that the relay asks for. */
  readonly authCode: string;
  /** The cipher suite of the account, ML-DSA-87 and ML-KEM-1024 by default. */
  readonly suite?: CipherSuite;
  /** One-time pre-keys to begin with; 100 by default. */
  readonly oneTimePreKeys?: number;
  /** Gives up waiting for the relay; `register` with the same options goes on later. */
  readonly signal?: AbortSignal;
}

/** Fills in the defaults. */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  return {
    clock: options.common?.clock ?? systemCommon.clock,
    random: options.common?.random ?? systemCommon.random,
    store: options.store,
    transport: options.transport,
    events: options.events ?? { onEvent: () => undefined },
    logger: options.logger ?? silentLogger,
    requireServerSignature: options.requireServerSignature ?? 'control',
    identityChange: options.identityChange ?? 'refuse',
    newDevices: options.newDevices ?? 'accept',
    asymmetric: options.asymmetric ?? createAsymmetric(),
    limits: {
      plaintextLength: options.limits?.plaintextLength ?? limits.plaintextLength,
      unacknowledgedMessages: options.limits?.unacknowledgedMessages ?? limits.unacknowledgedMessages,
      groups: options.limits?.groups ?? limits.groups,
      knownDevices: options.limits?.knownDevices ?? limits.knownDevices,
    },
  };
}
