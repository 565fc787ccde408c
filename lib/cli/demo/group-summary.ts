import type { GroupCounts } from './group-books.js';
import type { SearchResult } from './relay-search.js';

/** What is measured and counted in the part about groups. */
export interface GroupMeasured {
  readonly devices: number;
  readonly users: number;
  readonly counts: GroupCounts;
  /** Messages from after the removal that the removed device was given by the relay and opened. */
  readonly deliveredToRemoved: number;
  /** Messages from before the adding that the added device was given. */
  readonly readByNewcomer: number;
  /** Whether a one-to-one message reached the removed device after all that was said without it. */
  readonly removedStillConnected: boolean;
  /** Messages from after the removal that the copy of the removed device was given as the relay had delivered them to others. */
  readonly capturedGiven: number;
  /** How many of them it could open. */
  readonly capturedOpened: number;
  /** Whether that copy could open the message from before the removal that was given to it with them. */
  readonly controlOpened: boolean;
  readonly search: SearchResult;
  readonly troubles: readonly string[];
}

/** The outcome of the part about groups; `--json` prints it. Further fields may be added. */
export interface GroupSummary {
  readonly devices: number;
  readonly users: number;
  readonly messages: number;
  /** Deliveries, one of a message to one of its readers. */
  readonly deliveries: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly altered: number;
  /** Messages from after the removal that the removed device or its copy read. */
  readonly readByRemoved: number;
  readonly readByNewcomer: number;
  readonly removedStillConnected: boolean;
  readonly capturedGiven: number;
  readonly capturedOpened: number;
  readonly controlOpened: boolean;
  readonly linesSearched: number;
  /** Messages of the group found in the relay's files. */
  readonly plaintextInRelay: number;
  /** Events of the clients that should not happen, the first hundred. */
  readonly troubles: readonly string[];
  readonly ok: boolean;
}

/** More of them say the same. */
const shownTroubles = 100;

/** Adds up the outcome. */
export function summarizeGroup(measured: GroupMeasured): GroupSummary {
  const { devices, users, counts, search, troubles, deliveredToRemoved, ...checks } = measured;
  const readByRemoved = deliveredToRemoved + checks.capturedOpened;
  const { messages, deliveries, lost, duplicated, outOfOrder, altered, readByOthers } = counts;
  const isClean = [lost, duplicated, outOfOrder, altered, readByOthers.size, search.linesFound, troubles.length].every(
    (count) => count === 0,
  );
  return {
    ...{ devices, users, messages, deliveries, lost, duplicated, outOfOrder, altered },
    readByRemoved,
    ...checks,
    linesSearched: search.linesSearched,
    plaintextInRelay: search.linesFound,
    troubles: troubles.slice(0, shownTroubles),
    ok:
      isClean &&
      deliveries > 0 &&
      readByRemoved === 0 &&
      checks.readByNewcomer === 0 &&
      checks.removedStillConnected &&
      checks.capturedGiven > 0 &&
      checks.controlOpened &&
      search.plantedLineFound,
  };
}

/** The outcome for people, line by line. */
export function formatGroupSummary(summary: GroupSummary): string[] {
  const { devices, users, messages, deliveries, lost, duplicated, outOfOrder, altered } = summary;
  const { readByNewcomer, readByRemoved, capturedGiven, capturedOpened } = summary;
  const stayed = summary.removedStillConnected ? 'stayed connected' : 'did NOT stay connected';
  const control = summary.controlOpened ? 'a message from before the removal' : 'NOT EVEN a message from before the removal';
  return [
    `group of ${devices} devices of ${users} users: ${messages} messages, ${deliveries} deliveries`,
    `${lost} lost, ${duplicated} duplicated, ${outOfOrder} out of order, ${altered} altered`,
    `the added device read ${readByNewcomer} messages from before; the removed device ${stayed} and read ${readByRemoved} from after`,
    `a copy of it with all its keys, given messages as the relay delivered them to others: opened ${control} and ${capturedOpened} of ${capturedGiven} from after`,
    `${summary.linesSearched} messages of the group searched in the relay's files: ${summary.plaintextInRelay} found`,
    ...summary.troubles.map((trouble) => `trouble: ${trouble}`),
  ];
}
