import { MultiBar, Presets } from 'cli-progress';

/** Says what has been found and shows how far the run is. */
export interface Progress {
  /** A step begins. */
  begin(label: string): void;
  /** It has ended with this to say. */
  end(lines: readonly string[]): void;
  stop(): void;
}

/** A bar on standard error when that is a terminal; the lines go to `out` in any case. */
export function showProgress(total: number, out: NodeJS.WriteStream): Progress {
  const print = (lines: readonly string[]): void => {
    for (const line of lines) out.write(`${line}\n`);
  };
  if (!process.stderr.isTTY) return { begin: () => undefined, end: print, stop: () => undefined };
  const bars = new MultiBar(
    {
      stream: process.stderr,
      format: '[{bar}] {value}/{total} | {duration_formatted} | {label}',
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  const bar = bars.create(total, 0, { label: '' });
  return {
    begin(label) {
      bar.update({ label });
    },
    end(lines) {
      // Lines on the same terminal go above the bar.
      if (out.isTTY) for (const line of lines) bars.log(`${line}\n`);
      else print(lines);
      bar.increment();
    },
    stop() {
      bars.stop();
    },
  };
}
