/** What the relay's answers to queued requests change. Spec: one2one.md §5. */
import { DecodeError } from '../base/errors.js';
import { deleteOutboxEntry } from '../store/client/queue-rows.js';
import { type RequestName, requests, successCode } from '../wire/request.js';
import type { Core } from './core.js';
import { loseDevice } from './devices.js';
import { isGroupRequest, takeGroupAnswer } from './group-answers.js';
import { userLock } from './lock-names.js';
import type { QueuedRequest } from './lane.js';
import type { Outcome } from './outbox.js';
import { Plan } from './plan.js';

/** The recipient is gone. */
const goneCode = 404;
/** The token is not (or no longer) taken. */
const tokenCode = 401;
/** The same bytes would be refused again. The others are outages: time-outs, overload, failures of the relay. */
const refusalCodes: readonly number[] = [400, 403, 404, 409, 417];

/** Carries out an answer; never rejects, because what could not be stored is asked again. */
export async function takeAnswer(core: Core, request: QueuedRequest, answer: Uint8Array): Promise<Outcome> {
  try {
    return await carryOut(core, request, answer);
  } catch (error) {
    if (!(error instanceof DecodeError)) core.events.emit({ type: 'error', error, during: `answer to ${request.kind}` });
    return 'retry';
  }
}

async function carryOut(core: Core, request: QueuedRequest, answer: Uint8Array): Promise<Outcome> {
  const { kind, device } = request;
  if (kind === 'invite') return invited(core, request, answer);
  if (isGroupRequest(request)) return takeGroupAnswer(core, request, answer, (code) => refused(core, request, code));
  const response = requests[kind].decodeResponse(answer);
  const code = response.ok ? successCode : response.code;
  if (code === successCode) {
    await core.steps.run([], () => ({ writes: [deleteOutboxEntry(request.sequence)], result: undefined }));
    return 'done';
  }
  if (code === goneCode && device !== undefined) return lost(core, request);
  return refused(core, request, code);
}

async function invited(core: Core, request: QueuedRequest, answer: Uint8Array): Promise<Outcome> {
  const response = requests.invite.decodeResponse(answer);
  const { device, sessionId } = request;
  if (!response.ok) return response.code === goneCode && device !== undefined ? lost(core, request) : refused(core, request, response.code);
  const { inviteTime } = response.value;
  await core.steps.run(device === undefined ? [] : [userLock(device)], () => {
    const plan = new Plan().write(deleteOutboxEntry(request.sequence));
    // The time orders the sessions of the pair on both sides; nobody vouches for it, so it cannot lie ahead. Weaknesses P19.
    if (sessionId !== undefined) plan.add(core.sessions.changeInviteTime(sessionId, Math.min(inviteTime, core.options.clock.now())));
    return plan.finish(undefined);
  });
  return 'done';
}

async function lost(core: Core, { device }: QueuedRequest): Promise<Outcome> {
  if (device !== undefined) await loseDevice(core, device);
  return 'done';
}

function refused(core: Core, request: QueuedRequest, code: number): Outcome {
  if (code === tokenCode) return 'renew';
  const isFinal = refusalCodes.includes(code) || code >= 1_000;
  if (!isFinal) return 'retry';
  const name: RequestName = request.kind;
  core.events.emit({
    type: 'request-refused',
    request: name,
    code,
    device: request.device,
    group: request.group,
    messageId: request.messageId,
  });
  if (request.kind === 'invite' && request.device !== undefined) core.inviter.giveUp(request.device, 'request-refused');
  return 'aside';
}
