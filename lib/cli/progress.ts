import { Presets, SingleBar } from 'cli-progress';

/** Shows how far long work has come. */
export interface Progress {
  /** So much of the total is done. */
  update(done: number): void;
  /** Removes the display. */
  stop(): void;
}

const silent: Progress = { update: () => undefined, stop: () => undefined };

/** A progress bar on standard error when that is a terminal; else nothing. */
export function showProgress(label: string, total: number, unit: string): Progress {
  if (!process.stderr.isTTY) return silent;
  const bar = new SingleBar(
    {
      stream: process.stderr,
      format: `${label} [{bar}] {percentage}% | {value}/{total} ${unit} | {duration_formatted}`,
      hideCursor: true,
      clearOnComplete: true,
      etaBuffer: 100,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return {
    update(done) {
      bar.update(done);
    },
    stop() {
      bar.stop();
    },
  };
}
