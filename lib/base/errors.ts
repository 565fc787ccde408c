/** Root of everything this package throws on purpose; `code` is stable and meant for programs. */
export class E2eeError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The call itself is wrong: fix the program. */
export class UsageError extends E2eeError {}

/** Bytes are not in the expected format: drop the message. */
export class DecodeError extends E2eeError {}

/** A signature or an authentication tag does not verify: drop the message. Says no more than that. */
export class VerificationError extends E2eeError {}

/** Well formed, but not acceptable now: drop the message or start anew. */
export class ProtocolError extends E2eeError {}

/** The storage failed and nothing was changed: try again. */
export class StoreError extends E2eeError {}

/** Not delivered: try again later. */
export class TransportError extends E2eeError {}

/** A defect of this package: report it. */
export class InternalError extends E2eeError {}

/** A branch that cannot be reached while the types hold. */
export function unreachable(value: never): never {
  throw new InternalError('unreachable', `unexpected case of type ${typeof value}`);
}
