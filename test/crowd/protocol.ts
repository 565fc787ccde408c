/** What the processes of a crowd say to each other, and how a program says it. */
import type { MemorySample } from './memory.js';
import type { CrowdSize } from './plan.js';
import type { TallyCount } from './tally.js';

/** The domain of every address. */
export const domain = 'crowd.test';

/** How a crowd is played. */
export interface CrowdSettings extends CrowdSize {
  /** Name of the cipher suite. */
  readonly suite: string;
  /** Bytes after which a connection is cut, on average. */
  readonly cutBytes: number;
  /** Where stores lie. */
  readonly folder: string;
}

/** What a process of clients is started with. */
export interface ClientsSettings extends CrowdSettings {
  /** Port of the relay. */
  readonly port: number;
  /** The clients that live in it. */
  readonly own: readonly number[];
}

/** What a process of clients is told. */
export type ClientsCommand = 'make-groups' | 'talk' | 'rest' | 'close';

/** How far a process of clients is. */
export interface Progress {
  readonly sent: number;
  readonly received: number;
  readonly cuts: number;
  readonly resends: number;
  /** Events that should not have been, by type and code. */
  readonly troubles: Readonly<Record<string, number>>;
}

/** What a process of clients says. */
export type ClientsLine =
  | { readonly done: 'start' | ClientsCommand; readonly progress: Progress; readonly counts: readonly TallyCount[] }
  | { readonly progress: Progress }
  | { readonly failed: string };

/** What the relay's process says: where it listens, what it takes, or what was left when it was closed. */
export type RelayLine =
  | { readonly port: number }
  | { readonly memory: Omit<MemorySample, 'messages'> }
  | { readonly left: { readonly pushes: number; readonly bodies: number } };

/** What the relay's process is told. */
export type RelayCommand = 'memory' | 'close';

/** The settings that this program was started with, as its caller has put them. */
export function startedWith(): unknown {
  return JSON.parse(process.argv[2] ?? '');
}

/** Says something to the process that started this one. */
export function tell(line: ClientsLine | RelayLine): void {
  process.send?.(line);
}
