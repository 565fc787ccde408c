import type { Peer } from '../measure.js';
import { versionOf } from '../package-root.js';

/** An installed package as a peer that does `once` per operation; `label` where its name does not say enough. */
export function packagePeer(name: string, once: () => unknown, label = name): Peer {
  return { ...repeating(once), name: label, version: versionOf(name) ?? 'unknown' };
}

/** What Node itself brings along, as a peer. */
export function nodePeer(once: () => unknown, label = 'node:crypto'): Peer {
  return { ...repeating(once), name: label, version: process.version };
}

function repeating(once: () => unknown): Pick<Peer, 'run'> {
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i += 1) once();
    },
  };
}
