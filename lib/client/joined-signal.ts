/** Two signals as one, for as long as a call takes. */

/** A signal that fires when one of two does; {@link release} takes back what was put on both. */
export interface JoinedSignal {
  readonly signal: AbortSignal;
  release(): void;
}

/**
 * Joins `first` and `second`. Unlike with `AbortSignal.any`, nothing of it stays with a signal that outlives many calls: Node keeps an entry for each
 * there.
 */
export function joinSignals(first: AbortSignal, second: AbortSignal): JoinedSignal {
  const joined = new AbortController();
  const signals = [first, second];
  const look = (): void => {
    const fired = signals.find(({ aborted }) => aborted);
    if (fired !== undefined) joined.abort(fired.reason);
  };
  for (const signal of signals) signal.addEventListener('abort', look, { once: true });
  look();
  return {
    signal: joined.signal,
    release: () => {
      for (const signal of signals) signal.removeEventListener('abort', look);
    },
  };
}
