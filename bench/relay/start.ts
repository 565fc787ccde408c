import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Transport, limits, webSocketTransport } from '../../lib/index.js';
import { packageRoot } from '../package-root.js';

/** A relay in a process of its own, and room for files beside its database. */
export interface StartedRelay {
  readonly folder: string;
  /** Connects over WebSocket on loopback. */
  readonly transport: Transport;
  close(): Promise<void>;
}

/** Starts a relay over SQLite in a new folder; rejects when its process ends before it listens. */
export async function startRelay(): Promise<StartedRelay> {
  const folder = mkdtempSync(path.join(tmpdir(), 'skissm-bench-'));
  const child = fork(path.join(packageRoot(), 'dist/bench/relay/process.js'), [folder]);
  const ended = once(child, 'exit');
  const url = await Promise.race([
    once(child, 'message').then(([said]) => (said as { readonly url: string }).url),
    ended.then(([code]) => Promise.reject(new Error(`the relay ended with ${String(code)}`))),
  ]);
  return {
    folder,
    transport: webSocketTransport({ url, maxFrameLength: limits.largeKeyFrameLength }),
    async close() {
      child.disconnect();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
