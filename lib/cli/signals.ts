/** Ends with the process's wish to stop: SIGINT or SIGTERM. A second signal ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort();
    });
  }
  return controller.signal;
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });
}

/** Runs `work` with a timer that keeps the process alive: the client's own timers do not. */
export async function keepingAlive<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, 60_000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** Resolves when standard input ends or the signal is aborted. What comes before is discarded. */
export async function endOfInput(signal: AbortSignal): Promise<void> {
  const { stdin } = process;
  const ended = new Promise<void>((resolve) => {
    stdin.once('close', resolve);
  });
  stdin.on('error', () => undefined).resume();
  await Promise.race([ended, aborted(signal)]);
  stdin.destroy();
}
