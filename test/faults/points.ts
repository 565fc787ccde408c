/** Watches for the points at which this process dies, or its store fails. */
import { unlinkSync } from 'node:fs';
import type { Note } from './notes.js';
import type { WalState } from './wal.js';

/**
 * What happens at a point: the process dies by SIGKILL; the disk takes its time, everything else goes on, and then it dies; the disk is full; the
 * outcome of a commit is not known, whether it was stored or not.
 */
export type FaultKind = 'kill' | 'slow-kill' | 'disk-full' | 'outcome-unknown';

/** A fault that waits for a process to come by; the first one has it. */
export interface ArmedFault {
  readonly kind: FaultKind;
  readonly label: string;
  /** At which time that a process gets there, from 1. */
  readonly nth: number;
  /** A file: whoever removes it has the fault. */
  readonly token: string;
}

/** The points of one process. */
export class Points {
  readonly #note: (note: Note) => void;
  readonly #seen = new Map<string, number>();
  #faults: readonly ArmedFault[] = [];

  constructor(note: (note: Note) => void) {
    this.#note = note;
  }

  /** Sets what waits; an empty list calms everything. */
  arm(faults: readonly ArmedFault[]): void {
    this.#faults = faults;
    this.#seen.clear();
  }

  /** Counts that the process is at a point; the fault that happens here, if any, is the process's own from now on. */
  reach(label: string): ArmedFault | undefined {
    const count = (this.#seen.get(label) ?? 0) + 1;
    this.#seen.set(label, count);
    if (count === 1) this.#note({ note: 'reached', label });
    return this.#faults.find((fault) => fault.label === label && fault.nth === count && claim(fault));
  }

  /** {@link reach}, for points at which a process can do nothing but die. */
  pass(label: string): void {
    const fault = this.reach(label);
    if (fault?.kind === 'kill') this.die(label);
  }

  /** Ends the process: nothing of it runs any more, no handler, no flush, no close. */
  die(label: string, wal?: WalState): never {
    this.#note({ note: 'died', label, ...(wal === undefined ? {} : { wal }) });
    process.kill(process.pid, 'SIGKILL');
    // The signal may take another thread first.
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }

  /** Notes that a commit fails. */
  fail(label: string, how: string): void {
    this.#note({ note: 'failed', label, how });
  }
}

function claim({ token }: ArmedFault): boolean {
  try {
    unlinkSync(token);
    return true;
  } catch {
    return false;
  }
}
