/**
 * Pushes whose handling fails: tried again a few times, then set aside, so that they neither come again for ever nor hold up what is behind them.
 *
 * Owns: which failures are of one push, how many tries there are, what the application can do. Does not own: handling (receive.ts).
 */
import type { DeviceAddress } from '../base/address.js';
import { E2eeError, StoreError, UsageError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { isGroupAddress } from '../wire/address.js';
import { type ReceivedPush, decodePush, encodePush } from '../wire/push.js';
import type { Core } from './core.js';
import { pushLock } from './lock-names.js';
import { Plan } from './plan.js';
import { handled } from './push-outcome.js';

/** Codes of a store's errors that are about a single row: trying anew, or reconnecting, does not help. */
const rowCodes: readonly string[] = ['damaged', 'newer-schema'];

/** A push that could not be carried out, as the application sees it. */
export interface SetAsidePush {
  /** The relay's id; `undefined`: a message that had waited in the store. */
  readonly pushId: string | undefined;
  readonly kind: string;
  /** Code of the error, `unexpected` when it has none. */
  readonly code: string;
  readonly from: DeviceAddress | undefined;
  /** ms since 1970. */
  readonly setAsideAt: number;
  /** Bytes that are kept; 0: it was too large, so that it can only be dropped. */
  readonly length: number;
  /**
   * Handles it once more, after an upgrade for example; it goes when that has worked. Rejects with `UsageError('not-kept')`, with
   * `ProtocolError('group-busy')` while a change of ours about its group is on its way, with `StoreError`, and with what failed: then it stays.
   */
  retry(): Promise<void>;
  /** Forgets it. Rejects with `StoreError`. */
  drop(): Promise<void>;
}

/** Whether `error` is about the one thing that is being handled, rather than about the store or the end of the client. */
export function concernsOneThing(error: unknown): boolean {
  if (error instanceof StoreError) return rowCodes.includes(error.code);
  return !(error instanceof UsageError && error.code === 'client-closed');
}

/** The code of `error`; `unexpected` when it has none. */
export function codeOfError(error: unknown): string {
  return error instanceof E2eeError ? error.code : 'unexpected';
}

/**
 * Counts a failure; results in the number of failures, or `set-aside` when that was the last one. Rejects with `StoreError`; then nothing was
 * counted.
 */
export function countFailure(core: Core, push: ReceivedPush, bytes: Uint8Array, id: string, error: unknown): Promise<number | 'set-aside'> {
  const { pushes, setAside, steps } = core;
  return steps.run<number | 'set-aside'>([pushLock(id)], () => {
    if (pushes.isKnown(id)) return { writes: [], result: 'set-aside' };
    const tries = setAside.triesOf(id) + 1;
    if (tries < limits.pushTries) return new Plan().add(setAside.noteTry(id, tries)).finish(tries);
    const from = push.from === undefined || isGroupAddress(push.from) ? undefined : push.from;
    const plan = new Plan().add(setAside.forget(id)).add(pushes.add(id, handled.failedDecryption));
    add(core, plan, { pushId: id, kind: push.payload.kind, from, bytes }, error);
    return plan.afterwards(() => pushes.consume(id, true)).finish('set-aside');
  });
}

/** Adds that a message which waited in the store is set aside; without its envelope when that could not be read. */
export function setMessageAside(
  core: Core,
  plan: Plan,
  from: DeviceAddress | undefined,
  envelope: Uint8Array | undefined,
  error: unknown,
): void {
  const to = core.account.address;
  const bytes =
    envelope === undefined
      ? new Uint8Array(0)
      : encodePush({ tag: undefined, from, to, payload: { kind: 'message', bytes: envelope }, signatures: [] });
  add(core, plan, { pushId: undefined, kind: 'message', from, bytes }, error);
}

type Troubled = Pick<SetAsidePush, 'pushId' | 'kind' | 'from'> & { readonly bytes: Uint8Array };

function add({ setAside, events, options }: Core, plan: Plan, { pushId, kind, from, bytes }: Troubled, error: unknown): void {
  const code = codeOfError(error);
  plan.add(setAside.add({ pushId, kind, from, bytes, code, setAsideAt: options.clock.now() }));
  plan.afterwards(() => events.emit({ type: 'push-set-aside', pushId, kind, code, from }));
}

/** Handles a push anew; adds to the plan of the caller's step that it need not be kept, when that is `done`. */
type HandleAgain = (push: ReceivedPush, done: (plan: Plan) => void) => Promise<void>;

/** Everything that is set aside, oldest first. Rejects with `StoreError`. */
export async function listSetAside(core: Core, handleAgain: HandleAgain): Promise<SetAsidePush[]> {
  const { store, steps, setAside } = core;
  await steps.settled();
  const found: SetAsidePush[] = [];
  await store.walkSetAside(({ sequence, bytes, ...about }) => {
    const { length } = bytes;
    const retry = async (): Promise<void> => {
      if (length === 0) throw new UsageError('not-kept', 'the push was too large to be kept');
      const row = await store.loadSetAside(sequence);
      if (row !== undefined) await handleAgain(decodePush(row.bytes), (plan) => plan.add(setAside.remove(sequence)));
    };
    const drop = (): Promise<void> => steps.run([], () => new Plan().add(setAside.remove(sequence)).finish(undefined));
    found.push({ ...about, length, retry, drop });
  });
  return found;
}
