/** Silence after which whatever is waited for is given up, ms. */
export const patience = 60_000;

/** Events of a client that must not happen while honest devices talk through an honest relay. */
const troubles = [
  'undecryptable',
  'session-lost',
  'request-refused',
  'request-dropped',
  'push-set-aside',
  'invite-failed',
  'bad-server-signature',
  'identity-changed',
  'group-change-refused',
  'failure',
];

/** Whether an event of this name must not happen. */
export function isTrouble(name: string): boolean {
  return troubles.includes(name);
}

/** Waits for what the processes of the demonstration report. */
export class Reports {
  readonly #waiting = new Set<() => void>();

  /** A process has reported something. */
  arrived(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Whether the condition came to hold before nothing had been reported for too long. */
  async until(holds: () => boolean): Promise<boolean> {
    while (!holds()) {
      const reported = await new Promise<boolean>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve(true);
        };
        const timer = setTimeout(() => {
          this.#waiting.delete(wake);
          resolve(false);
        }, patience);
        timer.unref();
        this.#waiting.add(wake);
      });
      if (!reported) return false;
    }
    return true;
  }
}
