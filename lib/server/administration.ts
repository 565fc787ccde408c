/**
 * How a group is changed at the request of a device: one at a time, once however often it is asked for, and never on top of what the device
 * does not know yet. Spec: server.md §3, group.md §3 to §6.
 *
 * Owns: repeated and stale requests, locks, the transaction. Does not own: what a request changes (group-requests.ts).
 */
import type { DeviceAddress } from '../base/address.js';
import { deviceKey } from '../base/address.js';
import { concat, equalBytes, utf8 } from '../base/bytes.js';
import { sha256 } from '../crypto/hash.js';
import type { AdminReply } from '../store/relay-store.js';
import type { Write } from '../store/store.js';
import type { AnswerOf } from '../wire/request.js';
import { requestRowOf } from '../wire/request.js';
import type { RelayContext } from './context.js';
import type { GroupState } from './group-state.js';
import { type GroupPlan, planUpdate } from './group-update.js';
import { Refusal, responseCode } from './refusal.js';

/** Requests that change who or what is in a group. */
export type AdminName = 'create_group' | 'add_group_members' | 'add_group_member_device' | 'remove_group_members';

/** Answers kept of one device, of different groups: more changes cannot be without an answer when a connection breaks. */
const keptReplies = 16;

/** Bytes of a frame that are not the list of a group: addresses, a signature with its certificate's name, heads of fields. */
const frameReserve = 65_536;

/** Who asks for a change, and in which words. */
export interface AdminRequest<Name extends AdminName> {
  readonly name: Name;
  readonly caller: DeviceAddress;
  /** As it came: a repeated request has the same bytes. */
  readonly body: Uint8Array;
}

/** How a change is made. */
export interface Administration<Name extends AdminName> {
  /** Locks of what it reads and changes. */
  readonly locks: readonly string[];
  /**
   * Whether an earlier change in the same words still stands in the group, whose lock is one of {@link locks}; if not, this is no repetition of it.
   * Without it every change stands.
   */
  readonly stands?: (state: GroupState) => boolean;
  /** Checks and plans. Throws `Refusal`. */
  readonly plan: () => Promise<{ readonly plan: GroupPlan; readonly answer: AnswerOf<Name> }>;
}

/** Does a change, or gives the answer to it once more. Throws `Refusal`. */
export async function administer<Name extends AdminName>(
  context: RelayContext,
  request: AdminRequest<Name>,
  { locks, stands, plan: makePlan }: Administration<Name>,
): Promise<AnswerOf<Name>> {
  const { caller, name } = request;
  if (!(await context.rates.groupChanges.admit(deviceKey(caller)))) {
    throw new Refusal(responseCode.unavailable, 'too many changes of groups by this device');
  }
  const digest = sha256(concat([utf8(`${name}\0`), request.body]));
  return context.locks.run([...locks, `admin:${deviceKey(caller)}`], async () => {
    const { store, mailboxes, counters } = context;
    const { generation } = store;
    const replies = await store.groups.replies(caller);
    const repeated = await repeatedAnswer(context, request, replies, digest, stands);
    if (repeated !== undefined) return repeated;
    await requireHeard(context, caller);
    const { plan, answer } = await makePlan();
    const response = requestRowOf(name).encodeResponse({ ok: true, message: '', value: answer });
    requireFitting(context, response.length);
    for (const { payload } of plan.control) requireFitting(context, payload.bytes.length);
    const update = planUpdate(context, plan);
    const kept = replyWrites(context, caller, replies, { digest, groupId: plan.record.groupId }, response);
    await mailboxes.post(update.deliveries, (placeOf) => [...update.writes(placeOf), ...kept, ...counters.writes(caller)], generation);
    update.settle();
    return answer;
  });
}

/** Refuses with 409 a device that has not heard yet that another one has given up its keys and sessions. */
async function requireHeard({ store, mailboxes }: RelayContext, caller: DeviceAddress): Promise<void> {
  const news = await store.groups.news(caller);
  if (news === undefined || !(await mailboxes.holds(caller, news.sequence, news.pushId))) return;
  throw new Refusal(responseCode.conflict, 'group-changed');
}

/**
 * Refuses with 409 a device that cannot have keys to hand out: one that has given them up, and one that {@link requireNews} refuses.
 */
export async function requireCurrent(context: RelayContext, state: GroupState, caller: DeviceAddress): Promise<void> {
  if (state.marks.get(deviceKey(caller))?.needsKeys === true) throw new Refusal(responseCode.conflict, 'group-changed');
  await requireNews(context, state, caller);
}

/**
 * Refuses with 409 a device that has not consumed the last change of the group yet: its sequence number and lists are those of an older state.
 * A device that is not in the group itself yet has none at all.
 */
export async function requireNews(context: RelayContext, { marks }: GroupState, caller: DeviceAddress): Promise<void> {
  const mark = marks.get(deviceKey(caller));
  const isCurrent = mark !== undefined && !(await context.mailboxes.holds(caller, mark.controlSequence, mark.controlId));
  if (!isCurrent) throw new Refusal(responseCode.conflict, 'group-changed');
}

async function repeatedAnswer<Name extends AdminName>(
  { store, groups }: RelayContext,
  { name, caller }: AdminRequest<Name>,
  replies: readonly AdminReply[],
  digest: Uint8Array,
  stands: ((state: GroupState) => boolean) | undefined,
): Promise<AnswerOf<Name> | undefined> {
  const known = replies.find((reply) => equalBytes(reply.digest, digest));
  if (known === undefined) return undefined;
  if (stands !== undefined) {
    const state = await groups.load(known.groupId);
    if (state === undefined || !stands(state)) return undefined;
  }
  const response = await store.groups.reply(caller, known.number);
  const decoded = response === undefined ? undefined : requestRowOf(name).decodeResponse(response);
  return decoded?.ok === true ? decoded.value : undefined;
}

/**
 * Keeps the answer and forgets those to earlier changes of the group: a device that goes on has had them, and may ask for the same once more, as
 * with a member that is added, removed and added again.
 */
function replyWrites(
  { store }: RelayContext,
  caller: DeviceAddress,
  replies: readonly AdminReply[],
  { digest, groupId }: Omit<AdminReply, 'number'>,
  response: Uint8Array,
): Write[] {
  const number = 1 + replies.reduce((highest, reply) => Math.max(highest, reply.number), 0);
  const others = replies.filter((reply) => reply.groupId !== groupId).slice(0, keptReplies - 1);
  const gone = replies.filter((reply) => !others.includes(reply));
  return [
    store.groups.putReplies(caller, [{ digest, groupId, number }, ...others]),
    store.groups.putReply(caller, number, response),
    ...gone.map((reply) => store.groups.deleteReply(caller, reply.number)),
  ];
}

function requireFitting({ limits }: RelayContext, length: number): void {
  const room = limits.frameLength - frameReserve;
  if (length > room) throw new Refusal(responseCode.badRequest, `the lists of the group have ${length} bytes, more than ${room}`);
}
