import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { type NativeAcceleration, nativeAcceleration } from '../lib/core.js';
import { versionOf } from './package-root.js';

/** Where and of what a report was made. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Of OpenSSL, which `node:crypto` calls. */
  readonly openssl: string;
  /** Of this package. */
  readonly skissm: string;
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
    openssl: process.versions.openssl,
    skissm: versionOf() ?? 'unknown',
    acceleration: nativeAcceleration(),
    date: new Date().toISOString(),
  };
}
