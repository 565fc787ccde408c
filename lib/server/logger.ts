/**
 * What the relay logs, and to whom: a pino-shaped logger.
 *
 * Never logged, at no level: keys, tokens, passwords, invitation codes, content, ciphertext, signatures. Addresses of users and devices
 * appear at `debug` only: who talks to whom is what a relay can betray. `info` and above carry counts, codes and network addresses.
 */

/** Named values of a log line. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** The part of pino's interface that the relay uses. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
