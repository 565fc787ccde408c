import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { type NativeAcceleration, nativeAcceleration } from '../lib/core.js';

/** Where a report was made. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly acceleration: NativeAcceleration;
  readonly date: string;
}

/** This machine. */
export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch} ${release()}`,
    node: process.version,
    acceleration: nativeAcceleration(),
    date: new Date().toISOString(),
  };
}
