/** The frames between a client and a relay, our own schema (proto/relay/frame.proto). Design D7. */
import type { DeviceAddress } from '../base/address.js';
import { copyBytes, noBytes } from '../base/bytes.js';
import { DecodeError, unreachable } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { Slab } from '../base/slab.js';
import { decodeMessage, encodeMessage } from './codec.js';
import { bytes, integer, type Maybe, required, text, toLong } from './field.js';
import { skissm } from './generated/e2ees.js';
import { PlainReader } from './plain-reader.js';
import { bytesFieldLength, FieldWriter, messageFieldLength, numberFieldLength } from './raw.js';

const schema = skissm.relay.v1;

/** What proves who connects; without one only a registration may follow. A password also renews the token. */
export type Credential =
  { readonly kind: 'token'; readonly token: string } | { readonly kind: 'password'; readonly password: string } | { readonly kind: 'none' };

/** Opens a connection. */
export interface Hello {
  /** Of the frames: {@link frameVersion}. */
  readonly version: number;
  /** Parts are empty texts before the registration. */
  readonly address: DeviceAddress;
  readonly credential: Credential;
  /** Names the client's store, at most 64 bytes; empty when it has none. */
  readonly incarnation: Uint8Array;
  /** Of the client's store when requests could last be sent, or later: what it commits without a connection does not count. */
  readonly commitCounter: number;
  /** The newest push the client has recorded, empty when there is none. */
  readonly lastPushId: string;
  /** Names this hello, at most 64 bytes, stored before it is sent; the same again until it was answered. Empty: none, then no copy is noticed by it. */
  readonly greeting: Uint8Array;
  /** The newest {@link greeting} that was answered, empty before the first. */
  readonly previousGreeting: Uint8Array;
}

/** Answers {@link Hello}; any code but 200 is followed by the end of the connection. */
export interface HelloAck {
  /** A `ResponseCode` of wire.md §3. */
  readonly code: number;
  /** A stable word when the code is not 200: `unauthorized`, `store-rolled-back`, `version`, `busy`. */
  readonly reason: string;
  /** A renewed one; empty when the old one stays. */
  readonly token: string;
  /** ms since 1970; 0 when it is not said. */
  readonly tokenExpiresAt: number;
  /** ms since 1970. */
  readonly serverTime: number;
  /** Pushes that may be on their way and not consumed. */
  readonly pushWindow: number;
  /** ms between heartbeats of the relay. */
  readonly heartbeatInterval: number;
  /** Bytes. */
  readonly maxFrameLength: number;
  /** When the client's store took the place of another one, ms since 1970; 0: never, or it is not said. */
  readonly storeSince: number;
}

/** One frame. */
export type Frame =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'hello-ack'; readonly ack: HelloAck }
  /** `request` is the code of the request's row, `body` the encoded request, `commitCounter` that of the client's store, 0 when it has none. */
  | { readonly kind: 'request'; readonly id: number; readonly request: number; readonly body: Uint8Array; readonly commitCounter: number }
  /** Status 200: `body` is the encoded response; any other: the request was refused before it was understood. */
  | { readonly kind: 'response'; readonly id: number; readonly status: number; readonly body: Uint8Array }
  /** `body` is an encoded `ProtoMsg`. */
  | { readonly kind: 'push'; readonly body: Uint8Array }
  | { readonly kind: 'heartbeat'; readonly number: number }
  /** A stable word: `closing`, `replaced`, `unauthorized`, `timeout`, `protocol`, `overload`. */
  | { readonly kind: 'goodbye'; readonly reason: string }
  /** A body of a later schema; never sent. */
  | { readonly kind: 'unknown' };

/** Version of the frames' schema. */
export const frameVersion = 1;

/** Field numbers of `Frame` whose bodies carry whole messages, and of those bodies. */
const fields = { request: 3, response: 4, push: 5, id: 1, code: 2, body: 3, commitCounter: 4, pushBody: 1 } as const;

/** Characters of a token. */
const maxTokenLength = 8_192;

/** Bytes of a store's name. */
const maxIncarnationLength = 64;

/** Frames leave at once. */
const frames = new Slab();

/** Encodes one frame; of kind `unknown`, an empty one. */
export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.kind) {
    case 'request':
      return encodeCarrier(fields.request, frame.id, frame.request, frame.body, frame.commitCounter);
    case 'response':
      return encodeCarrier(fields.response, frame.id, frame.status, frame.body, 0);
    case 'push': {
      const length = bytesFieldLength(frame.body.length);
      const writer = new FieldWriter(frames.allocate(messageFieldLength(length)));
      writer.head(fields.push, length);
      writer.bytes(fields.pushBody, frame.body);
      return writer.out;
    }
    case 'hello':
      return encodeMessage(schema.Frame, { hello: toHello(frame.hello) });
    case 'hello-ack':
      return encodeMessage(schema.Frame, { helloAck: toHelloAck(frame.ack) });
    case 'heartbeat':
      return encodeMessage(schema.Frame, { heartbeat: { number: toLong(frame.number) } });
    case 'goodbye':
      return encodeMessage(schema.Frame, { goodbye: { reason: frame.reason } });
    case 'unknown':
      return encodeMessage(schema.Frame, {});
    default:
      return unreachable(frame);
  }
}

/** `Request` and `Response` have the same form, but for the counter, which a response has not (0 is not written). */
function encodeCarrier(field: number, id: number, code: number, body: Uint8Array, commitCounter: number): Uint8Array {
  const length = numberFieldLength(id) + numberFieldLength(code) + bytesFieldLength(body.length) + numberFieldLength(commitCounter);
  const writer = new FieldWriter(frames.allocate(messageFieldLength(length)));
  writer.head(field, length);
  writer.number(fields.id, id);
  writer.number(fields.code, code);
  writer.bytes(fields.body, body);
  writer.number(fields.commitCounter, commitCounter);
  return writer.out;
}

/** Tags of the bodies that carry whole messages, and of their fields: number and wire type. */
const tags = { request: 0x1a, response: 0x22, push: 0x2a, id: 0x08, code: 0x10, body: 0x1a, commitCounter: 0x20, pushBody: 0x0a } as const;

const maxUint32 = 0xffff_ffff;

/** The frame, when it carries a whole message in the form that {@link encodeFrame} gives it: almost all that comes. */
function plainFrame(encoded: Uint8Array): Frame | undefined {
  switch (encoded[0]) {
    case tags.request:
      return plainRequest(encoded);
    case tags.response:
      return plainResponse(encoded);
    case tags.push:
      return plainPush(encoded);
    default:
      return undefined;
  }
}

function plainRequest(encoded: Uint8Array): Frame | undefined {
  const reader = new PlainReader(encoded);
  reader.enter(tags.request);
  const id = reader.number(tags.id, maxUint32);
  const request = reader.number(tags.code, maxUint32);
  const body = reader.bytes(tags.body);
  const commitCounter = reader.number(tags.commitCounter, Number.MAX_SAFE_INTEGER);
  return reader.isPlain ? { kind: 'request', id, request, body, commitCounter } : undefined;
}

function plainResponse(encoded: Uint8Array): Frame | undefined {
  const reader = new PlainReader(encoded);
  reader.enter(tags.response);
  const id = reader.number(tags.id, maxUint32);
  const status = reader.number(tags.code, maxUint32);
  const body = reader.bytes(tags.body);
  return reader.isPlain ? { kind: 'response', id, status, body: copyBytes(body) } : undefined;
}

function plainPush(encoded: Uint8Array): Frame | undefined {
  const reader = new PlainReader(encoded);
  reader.enter(tags.push);
  const body = reader.bytes(tags.pushBody);
  return reader.isPlain ? { kind: 'push', body: copyBytes(body) } : undefined;
}

/** Decodes one frame; the body of a request is a view of `encoded`, others are copies. Of several bodies the last counts. Throws `DecodeError`. */
export function decodeFrame(encoded: Uint8Array, maxLength: number = limits.largeKeyFrameLength): Frame {
  return (encoded.length <= maxLength ? plainFrame(encoded) : undefined) ?? decodeAnyFrame(encoded, maxLength);
}

function decodeAnyFrame(encoded: Uint8Array, maxLength: number): Frame {
  const found = decodeMessage(schema.Frame, encoded, maxLength);
  switch (found.body) {
    case 'request': {
      const { id, kind, body, commitCounter } = found.request;
      return {
        kind: 'request',
        id: id ?? 0,
        request: kind ?? 0,
        // What the generated code gives for none is an array of its own kind.
        body: body === null || body === undefined || body.length === 0 ? noBytes : body,
        commitCounter: integer(commitCounter, 'request.commit_counter'),
      };
    }
    case 'response': {
      const { id, status, body } = found.response;
      return { kind: 'response', id: id ?? 0, status: status ?? 0, body: bytes(body) };
    }
    case 'push':
      return { kind: 'push', body: bytes(found.push.body) };
    case 'hello':
      return { kind: 'hello', hello: readHello(found.hello, 'hello') };
    case 'helloAck':
      return { kind: 'hello-ack', ack: readHelloAck(found.helloAck, 'hello_ack') };
    case 'heartbeat':
      return { kind: 'heartbeat', number: integer(found.heartbeat.number, 'heartbeat.number') };
    case 'goodbye':
      return { kind: 'goodbye', reason: text(found.goodbye.reason, 'goodbye.reason') };
    default:
      return { kind: 'unknown' };
  }
}

function toHello(hello: Hello): skissm.relay.v1.Hello.$Properties {
  const { address, credential } = hello;
  return {
    version: hello.version,
    domain: address.domain,
    userId: address.userId,
    deviceId: address.deviceId,
    ...(credential.kind === 'token' ? { token: credential.token } : {}),
    ...(credential.kind === 'password' ? { password: credential.password } : {}),
    incarnation: hello.incarnation,
    commitCounter: toLong(hello.commitCounter),
    lastPushId: hello.lastPushId,
    greeting: hello.greeting,
    previousGreeting: hello.previousGreeting,
  };
}

function readHello(value: Maybe<skissm.relay.v1.Hello.$Properties>, field: string): Hello {
  const found = required(value, field);
  return {
    version: found.version ?? 0,
    address: {
      domain: text(found.domain, `${field}.domain`),
      userId: text(found.userId, `${field}.user_id`),
      deviceId: text(found.deviceId, `${field}.device_id`),
    },
    credential: readCredential(found, field),
    incarnation: nameOfStore(found.incarnation, `${field}.incarnation`),
    commitCounter: integer(found.commitCounter, `${field}.commit_counter`),
    lastPushId: text(found.lastPushId, `${field}.last_push_id`),
    greeting: nameOfStore(found.greeting, `${field}.greeting`),
    previousGreeting: nameOfStore(found.previousGreeting, `${field}.previous_greeting`),
  };
}

/** A name that a client has drawn for its store or its hello. Throws `DecodeError('too-long')`. */
function nameOfStore(value: Maybe<Uint8Array>, field: string): Uint8Array {
  const name = bytes(value);
  if (name.length > maxIncarnationLength) {
    throw new DecodeError('too-long', `${field} has ${name.length} bytes, more than ${maxIncarnationLength}`);
  }
  return name;
}

function readCredential(found: skissm.relay.v1.Hello.$Properties, field: string): Credential {
  if (found.credential === 'token') return { kind: 'token', token: text(found.token, `${field}.token`, maxTokenLength) };
  if (found.credential === 'password') return { kind: 'password', password: text(found.password, `${field}.password`) };
  return { kind: 'none' };
}

function toHelloAck(ack: HelloAck): skissm.relay.v1.HelloAck.$Properties {
  const { tokenExpiresAt, serverTime, storeSince } = ack;
  return { ...ack, tokenExpiresAt: toLong(tokenExpiresAt), serverTime: toLong(serverTime), storeSince: toLong(storeSince) };
}

function readHelloAck(value: Maybe<skissm.relay.v1.HelloAck.$Properties>, field: string): HelloAck {
  const found = required(value, field);
  return {
    code: found.code ?? 0,
    reason: text(found.reason, `${field}.reason`),
    token: text(found.token, `${field}.token`, maxTokenLength),
    tokenExpiresAt: integer(found.tokenExpiresAt, `${field}.token_expires_at`),
    serverTime: integer(found.serverTime, `${field}.server_time`),
    pushWindow: found.pushWindow ?? 0,
    heartbeatInterval: found.heartbeatInterval ?? 0,
    maxFrameLength: found.maxFrameLength ?? 0,
    storeSince: integer(found.storeSince, `${field}.store_since`),
  };
}
