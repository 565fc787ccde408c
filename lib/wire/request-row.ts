/** What a row of the table of requests is, and how it is made from the generated types. */
import { limits } from '../base/limits.js';
import { decodeMessage, encodeMessage, type GeneratedType } from './codec.js';
import type { Maybe } from './field.js';

/** The only code that clients take for success. Spec: wire.md §6. */
export const successCode = 200;

/** Characters of a response's free text that are kept. */
const maxMessageLength = 1_024;

/** An answer: what was asked for, or why not. `code` is a `ResponseCode` of wire.md §3, or a server's own. */
export type Response<Answer> =
  | { readonly ok: true; readonly message: string; readonly value: Answer }
  | { readonly ok: false; readonly code: number; readonly message: string };

/** How one request and its answer travel. Decoding throws `DecodeError`. */
export interface RequestRow<Request, Answer> {
  /** Names the request in a relay's frame. */
  readonly code: number;
  /** Name of the request's message in the schema. */
  readonly schemaName: string;
  encodeRequest(request: Request): Uint8Array;
  decodeRequest(bytes: Uint8Array, maxLength?: number): Request;
  encodeResponse(response: Response<Answer>): Uint8Array;
  decodeResponse(bytes: Uint8Array, maxLength?: number): Response<Answer>;
}

/** What every response of the schema has. */
interface Outcome {
  code?: Maybe<number>;
  msg?: Maybe<string>;
}

/** How an answer travels: functions that give what generated code wants, and check what it gives. */
export interface ResponseParts<Answer, Properties> {
  readonly response: GeneratedType<Properties, Properties>;
  readonly toAnswer: (answer: Answer) => Properties;
  readonly readAnswer: (found: Properties) => Answer;
}

/** How a request and its answer travel. */
export interface RowParts<Request, Answer, RequestProperties, ResponseProperties> extends ResponseParts<Answer, ResponseProperties> {
  readonly code: number;
  readonly schemaName: string;
  readonly request: GeneratedType<RequestProperties, RequestProperties>;
  readonly toRequest: (request: Request) => RequestProperties;
  readonly readRequest: (found: RequestProperties) => Request;
}

/** The half of a row that is about the answer. Its fields are only required, and only read, when the code says success. */
export function responseCodec<Answer, Properties extends Outcome>(
  parts: ResponseParts<Answer, Properties>,
): Pick<RequestRow<never, Answer>, 'encodeResponse' | 'decodeResponse'> {
  const { response, toAnswer, readAnswer } = parts;
  const isDone = (toAnswer as unknown) === toDone;
  let done: Uint8Array | undefined;
  return {
    encodeResponse(value) {
      // Most answers say no more than that it worked: the same bytes each time, which nobody changes.
      if (value.ok && value.message === '' && isDone)
        return (done ??= encodeMessage(response, { ...toAnswer(value.value), code: successCode }));
      const outcome = { code: value.ok ? successCode : value.code, msg: value.message };
      return encodeMessage(response, value.ok ? { ...toAnswer(value.value), ...outcome } : (outcome as Properties));
    },
    decodeResponse(bytes, maxLength = limits.largeKeyFrameLength) {
      const found = decodeMessage(response, bytes, maxLength);
      const message = (found.msg ?? '').slice(0, maxMessageLength);
      const outcome = found.code ?? 0;
      return outcome === successCode ? { ok: true, message, value: readAnswer(found) } : { ok: false, code: outcome, message };
    },
  };
}

/** Makes a row. */
export function requestRow<Request, Answer, RequestProperties, ResponseProperties extends Outcome>(
  parts: RowParts<Request, Answer, RequestProperties, ResponseProperties>,
): RequestRow<Request, Answer> {
  const { code, schemaName, request, toRequest, readRequest } = parts;
  return {
    code,
    schemaName,
    encodeRequest: (value) => encodeMessage(request, toRequest(value)),
    decodeRequest: (bytes, maxLength = limits.largeKeyFrameLength) => readRequest(decodeMessage(request, bytes, maxLength)),
    ...responseCodec(parts),
  };
}

/** The answer that says no more than that it worked. */
export type Done = Record<string, never>;

/** For rows whose answer is {@link Done}. */
export const toDone = (): Done => ({});

/** For rows whose answer is {@link Done}. */
export const readDone = (): Done => ({});
