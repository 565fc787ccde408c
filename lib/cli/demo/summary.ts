import type { ExchangeResult } from './exchange.js';
import { formatGroupSummary, summarizeGroup, type GroupMeasured, type GroupSummary } from './group-summary.js';
import type { SearchResult } from './relay-search.js';

/** The outcome of a demonstration; `--json` prints it. Further fields may be added. */
export interface Summary {
  readonly suite: string;
  readonly input: string;
  readonly messages: number;
  readonly bytes: number;
  /** Messages and answers that never arrived. */
  readonly lost: number;
  /** Arrivals of messages and answers beyond the first. */
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly altered: number;
  /** Whether the lines that arrived, joined, are the input byte for byte. */
  readonly identical: boolean;
  readonly answered: number;
  /** From the first message to the last answer. */
  readonly seconds: number;
  /** Messages per second; each was answered, so twice as many were encrypted, stored and carried. */
  readonly messagesPerSecond: number;
  readonly linesSearched: number;
  readonly linesKnownBefore: number;
  /** Lines of the input found in the relay's files. */
  readonly plaintextInRelay: number;
  readonly plantedLineFound: boolean;
  readonly plantedIn: readonly string[];
  /** Events of the two clients that should not happen, the first hundred. */
  readonly troubles: readonly string[];
  /** The part about groups. */
  readonly group: GroupSummary;
  /** Whether everything is as it should be. */
  readonly ok: boolean;
}

/** What is measured and counted in the course of a demonstration. */
export interface Measured {
  readonly suite: string;
  readonly input: string;
  readonly messages: readonly Uint8Array[];
  readonly exchange: ExchangeResult;
  readonly seconds: number;
  readonly search: SearchResult;
  readonly group: GroupMeasured;
}

/** More of them say the same. */
const shownTroubles = 100;

/** Adds up the outcome. */
export function summarize({ suite, input, messages, exchange, seconds, search, group: measuredGroup }: Measured): Summary {
  const group = summarizeGroup(measuredGroup);
  const { messages: there, answers: back } = exchange;
  const counts = {
    lost: there.lost + back.lost,
    duplicated: there.duplicated + back.duplicated,
    outOfOrder: there.outOfOrder + back.outOfOrder,
    altered: there.altered + back.altered,
  };
  const clean = Object.values(counts).every((count) => count === 0);
  return {
    suite,
    input,
    messages: messages.length,
    bytes: messages.reduce((sum, message) => sum + message.length, 0),
    ...counts,
    identical: there.identical,
    answered: back.arrived,
    seconds: Math.round(seconds * 1000) / 1000,
    messagesPerSecond: seconds > 0 ? Math.round((there.arrived / seconds) * 10) / 10 : 0,
    linesSearched: search.linesSearched,
    linesKnownBefore: search.linesKnownBefore,
    plaintextInRelay: search.linesFound,
    plantedLineFound: search.plantedLineFound,
    plantedIn: search.plantedIn,
    troubles: exchange.troubles.slice(0, shownTroubles),
    group,
    ok:
      clean &&
      group.ok &&
      exchange.troubles.length === 0 &&
      back.arrived === messages.length &&
      there.identical &&
      back.identical &&
      search.linesFound === 0 &&
      search.plantedLineFound,
  };
}

/** The outcome for people. */
export function formatSummary(summary: Summary): string {
  const { messages, answered, seconds, messagesPerSecond, lost, duplicated, outOfOrder, altered } = summary;
  const known = summary.linesKnownBefore === 0 ? '' : ` (${summary.linesKnownBefore} stood there before the first message)`;
  return [
    `${messages} messages (${summary.bytes} bytes) and ${answered} answers in ${seconds} s: ${messagesPerSecond} messages/s, each answered; suite ${summary.suite}`,
    `${lost} lost, ${duplicated} duplicated, ${outOfOrder} out of order, ${altered} altered; what arrived is ${summary.identical ? 'identical to' : 'NOT'} the input`,
    `${summary.linesSearched} lines searched in the relay's database, write-ahead log and logs: ${summary.plaintextInRelay} found${known}`,
    summary.plantedLineFound
      ? `the planted line was found by the same search, in ${summary.plantedIn.join(', ')}`
      : 'the planted line was NOT found: the search proves nothing',
    ...summary.troubles.map((trouble) => `trouble: ${trouble}`),
    ...formatGroupSummary(summary.group),
    summary.ok ? 'everything is as it should be' : 'the demonstration FAILED',
  ].join('\n');
}
