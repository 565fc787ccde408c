/**
 * The whitepaper's four handlers: the seams between a client and its surroundings. Spec: plugin.md.
 *
 * | handler  | here                | default |
 * | -------- | ------------------- | ------- |
 * | common   | {@link CommonHandler}   | the system's clock and generator |
 * | event    | {@link EventHandler}    | nobody; `Client.on` listens besides |
 * | database | {@link DatabaseHandler} | none: `openMemoryStore`, `openSqliteStore` |
 * | protocol | {@link ProtocolHandler} | none: `webSocketTransport`, `createInMemoryNetwork` |
 */
import { type Clock, systemClock } from '../base/clock.js';
import { type RandomSource, systemRandom } from '../base/random.js';
import type { Store } from '../store/store.js';
import type { Transport } from '../transport/transport.js';
import type { ClientEvent } from './events.js';

/** Time and randomness (gen_ts, gen_rand; gen_uuid is 16 bytes of the latter). */
export interface CommonHandler {
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** The system's own. */
export const systemCommon: CommonHandler = { clock: systemClock, random: systemRandom };

/** Takes every event (the whitepaper's eleven and those it suggests). May throw or reject: the client reports it and goes on. */
export interface EventHandler {
  onEvent(event: ClientEvent): unknown;
}

/** Opens the store; called again when a driver has closed itself. */
export type DatabaseHandler = () => Promise<Store>;

/** Reaches the relay. */
export type ProtocolHandler = Transport;
