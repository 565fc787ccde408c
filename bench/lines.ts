/** What has been found as lines of text. */
import { countText, numberText, ratioText } from './number-text.js';
import type { Figure, Findings, LatencyCurve, Quantity, Size } from './report.js';

/** One line per finding. */
export function linesOf({ results = [], sizes = [], quantities = [], latency = [] }: Findings): string[] {
  return [...results.map(ofFigure), ...sizes.map(ofSize), ...quantities.map(ofQuantity), ...latency.map(ofCurve)];
}

function start(name: string, subject = ''): string {
  return `${name.padEnd(30)}${subject.padEnd(33)}`;
}

function ofFigure({ name, suite, algorithm, opsPerSecond, ratioToRaw, ratioToPortable, peers = [], loopDelayP99Ms }: Figure): string {
  const ratios = [
    ...(ratioToRaw === undefined ? [] : [`${ratioText(ratioToRaw)} of raw`]),
    ...(ratioToPortable === undefined ? [] : [`${ratioText(ratioToPortable)} times portable`]),
    ...peers.map((peer) => `${ratioText(peer.ratio)} times ${peer.name}`),
    ...(loopDelayP99Ms === undefined ? [] : [`event loop late by ${numberText(loopDelayP99Ms)} ms (p99)`]),
  ];
  return `${start(name, suite ?? algorithm)}${numberText(opsPerSecond).padStart(10)}/s  ${ratios.join(', ')}`.trimEnd();
}

function ofSize({ name, suite, algorithm, bytes }: Size): string {
  return `${start(name, suite ?? algorithm)}${countText(bytes).padStart(10)} bytes`;
}

function ofQuantity({ name, suite, value, unit }: Quantity): string {
  return `${start(name, suite)}${numberText(value).padStart(10)} ${unit}`;
}

function ofCurve({ name, suite, percentiles, received }: LatencyCurve): string {
  const points = percentiles.map(({ percent, milliseconds }) => `p${percent} ${numberText(milliseconds)}`).join(', ');
  return `${start(name, suite)}${numberText(received).padStart(10)}/s  ms: ${points}`;
}
