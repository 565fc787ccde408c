import { E2eeError } from '../base/errors.js';

/** Codes of `ResponseCode` that the relay answers with. Spec: wire.md §3. */
export const responseCode = {
  ok: 200,
  noContent: 204,
  badRequest: 400,
  unauthorized: 401,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  internalError: 500,
  unavailable: 503,
} as const;

/** A code that is not success. */
export type RefusalCode = Exclude<(typeof responseCode)[keyof typeof responseCode], 200>;

/** A request that the relay does not do; becomes a response with this code and text, never the end of the connection. */
export class Refusal extends E2eeError {
  readonly responseCode: RefusalCode;

  /** `text` goes to the client: field names and sizes, never contents. */
  constructor(responseCode: RefusalCode, text: string) {
    super('refusal', text);
    this.responseCode = responseCode;
  }
}
