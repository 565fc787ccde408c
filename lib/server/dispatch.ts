/** From a request's frame to its answer: size, decoding, authentication, rate, handler; whatever happens, the client gets a response. */
import type { DeviceAddress } from '../base/address.js';
import { noBytes } from '../base/bytes.js';
import { DecodeError, E2eeError, StoreError, UsageError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { AnswerOf, RequestName, RequestOf } from '../wire/request.js';
import { requestNameOf, requestRowOf } from '../wire/request.js';
import { consumePush } from './acknowledgements.js';
import type { AdminName } from './administration.js';
import type { Handler, RelayContext } from './context.js';
import { leaveGroup, sendGroupMessage } from './group-messages.js';
import { addGroupMemberDevice, addGroupMembers, createGroup, getGroup, removeGroupMembers } from './group-requests.js';
import type { Guest } from './guest.js';
import { getPreKeyBundles, publishSignedPreKey, supplyOneTimePreKeys } from './pre-keys.js';
import { Refusal, responseCode } from './refusal.js';
import { register } from './registration.js';
import { removeOwnDevice } from './removal.js';
import { accept, invite, sendOneToOne } from './sessions.js';
import { updateUser } from './users.js';

/** A request as it came. */
export interface IncomingRequest {
  /** Code of the request in the frame. */
  readonly kind: number;
  readonly body: Uint8Array;
  /** Who asks; absent on a connection that showed no credential. */
  readonly guest: Guest | undefined;
  readonly remoteAddress: string;
}

/** What goes back: 200 and an encoded response of the schema, or another status when the request is not one of the schema. */
export interface OutgoingResponse {
  readonly status: number;
  readonly body: Uint8Array;
  /** What the connection has sent behind the request must not be done before it comes again. */
  readonly breaksOrder: boolean;
}

/** Requests whose effects others see in the order in which a device asks for them. */
const orderedNames: ReadonlySet<RequestName> = new Set(['send_one2one_msg', 'send_group_msg']);

/** Does a decoded request. */
type Performer<Name extends RequestName> = (
  context: RelayContext,
  incoming: IncomingRequest,
  request: RequestOf<Name>,
) => Promise<AnswerOf<Name>>;

/** Only who holds a token may ask. */
function byToken<Name extends RequestName>(handler: Handler<Name>): Performer<Name> {
  return (context, { guest }, request) => handler(context, requireToken(context, guest), request);
}

/** As {@link byToken}, for changes that are known again by their bytes. */
function byAdmin<Name extends AdminName>(
  handler: (context: RelayContext, caller: DeviceAddress, request: RequestOf<Name>, body: Uint8Array) => Promise<AnswerOf<Name>>,
): Performer<Name> {
  return (context, { guest, body }, request) => handler(context, requireToken(context, guest), request, body);
}

const performers: { readonly [Name in RequestName]: Performer<Name> } = {
  register_user: (context, { remoteAddress }, request) => register(context, remoteAddress, request),
  get_pre_key_bundle: byToken(getPreKeyBundles),
  invite: byToken(invite),
  accept: byToken(accept),
  publish_spk: byToken(publishSignedPreKey),
  supply_opks: byToken(supplyOneTimePreKeys),
  send_one2one_msg: byToken(sendOneToOne),
  consume_proto_msg: byToken(consumePush),
  update_user: byToken(updateUser),
  get_group: byToken(getGroup),
  create_group: byAdmin(createGroup),
  add_group_members: byAdmin(addGroupMembers),
  add_group_member_device: byAdmin(addGroupMemberDevice),
  remove_group_members: byAdmin(removeGroupMembers),
  leave_group: byToken(leaveGroup),
  send_group_msg: byToken(sendGroupMessage),
  remove_device: byToken(removeOwnDevice),
};

/** Bytes of a request without keys in it: addresses, ids, and lists of them. */
const smallBody = 65_536;
/** Bytes of a request with the keys of one handshake when keys are large: 1.3 MB each. Spec: crypto.md §2. */
const largeHandshakeBody = 4_194_304;
/** Bytes of a change of settings: 65,536 characters of at most four bytes, and an address. */
const largeSettingsBody = 5 * smallBody;
/** Bytes of a request with all members and devices of a group. */
const memberListBody = limits.groupDevices * 1_024;

/** Bytes that a request may have on a relay that takes frames of `frameLength`. */
export function maxBodyLength(name: RequestName, frameLength: number): number {
  switch (name) {
    case 'register_user':
    case 'supply_opks':
      return frameLength;
    case 'send_one2one_msg':
    case 'send_group_msg':
      return Math.min(frameLength, limits.plaintextLength + smallBody);
    case 'invite':
    case 'accept':
    case 'publish_spk':
      return frameLength > limits.frameLength ? largeHandshakeBody : smallBody;
    case 'get_pre_key_bundle':
    case 'consume_proto_msg':
    case 'get_group':
    case 'leave_group':
    case 'remove_device':
      return smallBody;
    case 'update_user':
      return Math.min(frameLength, largeSettingsBody);
    case 'create_group':
    case 'add_group_members':
    case 'add_group_member_device':
    case 'remove_group_members':
      return Math.min(frameLength, memberListBody);
  }
}

/** Answers one request; never rejects. */
export function dispatch(context: RelayContext, incoming: IncomingRequest): Promise<OutgoingResponse> {
  const name = requestNameOf(incoming.kind);
  if (name === undefined) return Promise.resolve({ status: responseCode.badRequest, body: noBytes, breaksOrder: false });
  return respond(context, name, incoming);
}

async function respond(context: RelayContext, name: RequestName, incoming: IncomingRequest): Promise<OutgoingResponse> {
  const row = requestRowOf(name);
  const status = responseCode.ok;
  try {
    // No function of its own that is awaited: each costs every message a promise.
    const { body, guest } = incoming;
    const maxLength = maxBodyLength(name, context.limits.frameLength);
    if (body.length > maxLength) throw new Refusal(responseCode.badRequest, `too-large: ${body.length} bytes are more than ${maxLength}`);
    // Before anything is decoded: a stranger may cause no more work than a look at the size.
    if (name !== 'register_user') requireToken(context, guest);
    const value = await perform(context, name, incoming, maxLength);
    return { status, body: row.encodeResponse({ ok: true, message: '', value }), breaksOrder: false };
  } catch (error) {
    // Whether what the handler wanted to store of the client's counter was stored is not known here.
    if (incoming.guest !== undefined) context.counters.doubt(incoming.guest.address);
    const { code, message } = refusalOf(error);
    if (code === responseCode.internalError || error instanceof StoreError) logFailure(context, name, error);
    const breaksOrder = error instanceof StoreError && orderedNames.has(name);
    return { status, body: row.encodeResponse({ ok: false, code, message }), breaksOrder };
  }
}

function perform<Name extends RequestName>(
  context: RelayContext,
  name: Name,
  incoming: IncomingRequest,
  maxLength: number,
): Promise<AnswerOf<Name>> {
  return performers[name](context, incoming, requestRowOf(name).decodeRequest(incoming.body, maxLength));
}

/** The device of a token that has not expired. Throws `Refusal` 401. */
function requireToken({ clock }: RelayContext, guest: Guest | undefined): DeviceAddress {
  if (guest === undefined) throw new Refusal(responseCode.unauthorized, 'the connection showed no credential');
  if (guest.tokenExpiresAt <= clock.now()) throw new Refusal(responseCode.unauthorized, 'the token has expired');
  return guest.address;
}

function refusalOf(error: unknown): { readonly code: number; readonly message: string } {
  if (error instanceof Refusal) return { code: error.responseCode, message: error.message };
  if (error instanceof DecodeError) return { code: responseCode.badRequest, message: `${error.code}: ${error.message}` };
  // A name that cannot be a key of the store cannot name anything here.
  if (error instanceof UsageError && error.code.startsWith('key-')) return { code: responseCode.badRequest, message: 'a name is too long' };
  if (error instanceof StoreError) return { code: responseCode.unavailable, message: 'the relay could not store this; try again' };
  return { code: responseCode.internalError, message: 'internal error' };
}

function logFailure({ logger }: RelayContext, name: RequestName, error: unknown): void {
  if (error instanceof E2eeError) logger.error({ request: name, code: error.code }, 'a request failed');
  else logger.error({ request: name, code: error instanceof Error ? error.name : 'unknown' }, 'a request failed unexpectedly');
}
