/** Named values of a log line. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** The part of pino's interface that client and relay use; it never gets keys, tokens, passwords, content, ciphertext or signatures. */
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
