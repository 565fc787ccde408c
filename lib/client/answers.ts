/** What the relay's answers to queued requests change. Spec: one2one.md §5. */
import { DecodeError } from '../base/errors.js';
import { deleteOutboxEntry } from '../store/client/queue-rows.js';
import { requests, successCode } from '../wire/request.js';
import type { Core } from './core.js';
import { loseDevice } from './devices.js';
import { isGroupRequest, takeGroupAnswer } from './group-answers.js';
import { userLock } from './lock-names.js';
import { isBehindLostIds, replaceRefusedPreKeys } from './lost-ids.js';
import type { QueuedRequest } from './lane.js';
import type { Outcome } from './outbox.js';
import { Plan } from './plan.js';
import { refuseRequest, reportRefusal } from './refused-requests.js';
import { concernsOneThing } from './set-aside-pushes.js';
import { verdictOf } from './verdict.js';

/** Carries out an answer; never rejects, because what could not be stored is asked again. */
export async function takeAnswer(core: Core, request: QueuedRequest, answer: Uint8Array): Promise<Outcome> {
  try {
    return await carryOut(core, request, answer);
  } catch (error) {
    if (!(error instanceof DecodeError)) core.events.emit({ type: 'error', error, during: `answer to ${request.kind}` });
    return concernsOneThing(error) ? 'retry' : 'not-stored';
  }
}

async function carryOut(core: Core, request: QueuedRequest, answer: Uint8Array): Promise<Outcome> {
  const { kind, device, sequence } = request;
  if (isGroupRequest(request)) return takeGroupAnswer(core, request, answer, (code) => outcomeOf(core, request, code));
  const response = requests[kind].decodeResponse(answer);
  const code = response.ok ? successCode : response.code;
  switch (verdictOf(code, device)) {
    case 'done':
      if (kind === 'invite') return invited(core, request, answer);
      await core.steps.run([], () => ({ writes: [deleteOutboxEntry(sequence)], result: undefined }));
      return 'done';
    case 'device-lost':
      if (device !== undefined) await loseDevice(core, device);
      return 'done';
    case 'refused':
      if (isBehindLostIds(request, code)) {
        await replaceRefusedPreKeys(core, request);
        return 'done';
      }
      return refuseRequest(core, request, code);
    case 'renew':
      return 'renew';
    case 'retry':
      return 'retry';
  }
}

async function invited(core: Core, { device, sessionId, sequence }: QueuedRequest, answer: Uint8Array): Promise<Outcome> {
  const response = requests.invite.decodeResponse(answer);
  await core.steps.run(device === undefined ? [] : [userLock(device)], () => {
    const plan = new Plan().write(deleteOutboxEntry(sequence));
    // The time orders the sessions of the pair on both sides; nobody vouches for it, so it cannot lie ahead. Weaknesses P19.
    if (response.ok && sessionId !== undefined) {
      plan.add(core.sessions.changeInviteTime(sessionId, Math.min(response.value.inviteTime, core.options.clock.now())));
    }
    return plan.finish(undefined);
  });
  return 'done';
}

/** What a code other than success means for a request about a group; one that is refused does not stay. */
function outcomeOf(core: Core, request: QueuedRequest, code: number): Outcome {
  const verdict = verdictOf(code, undefined);
  if (verdict === 'refused') {
    reportRefusal(core, request, code);
    return 'aside';
  }
  return verdict === 'renew' ? 'renew' : 'retry';
}
