/** The findings as tables: they say all that the charts show. */
import { countText, numberText, ratioText } from '../number-text.js';
import type { Figure, LatencyCurve, Quantity, Size } from '../report.js';
import { escapeText } from './escape.js';

/** A cell; numbers stand to the right. */
type Cell = string | { readonly number: string };

function table(caption: string, head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cell = (value: Cell, column: number): string => {
    if (typeof value !== 'string') return `<td class="number">${escapeText(value.number)}</td>`;
    return column === 0 ? `<th scope="row">${escapeText(value)}</th>` : `<td>${escapeText(value)}</td>`;
  };
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n');
  const isNumber = (column: number): boolean => rows.some((row) => typeof row[column] === 'object');
  const heads = head.map((text, column) => `<th scope="col"${isNumber(column) ? ' class="number"' : ''}>${escapeText(text)}</th>`).join('');
  return `<div class="table" tabindex="0" role="region" aria-label="${escapeText(caption)}"><table><caption>${escapeText(caption)}</caption><thead><tr>${heads}</tr></thead><tbody>
${body}
</tbody></table></div>`;
}

function number(value: number | undefined, text: (value: number) => string): Cell {
  return value === undefined ? '' : { number: text(value) };
}

/** Rates, one row each. */
export function figureTable(caption: string, figures: readonly Figure[]): string {
  const hasPortable = figures.some(({ ratioToPortable }) => ratioToPortable !== undefined);
  const hasRaw = figures.some(({ ratioToRaw }) => ratioToRaw !== undefined);
  const peers = [...new Set(figures.flatMap((each) => each.peers?.map(({ name }) => name) ?? []))];
  const head = [
    'figure',
    'suite or algorithm',
    'per second',
    ...(hasRaw ? ['× C loop'] : []),
    ...(hasPortable ? ['× portable'] : []),
    ...peers.map((peer) => `× ${peer}`),
    'rounds',
  ];
  const rows = figures.map((each) => [
    each.name,
    each.suite ?? each.algorithm ?? '',
    number(each.opsPerSecond, numberText),
    ...(hasRaw ? [number(each.ratioToRaw, ratioText)] : []),
    ...(hasPortable ? [number(each.ratioToPortable, ratioText)] : []),
    ...peers.map((peer) => number(each.peers?.find(({ name }) => name === peer)?.ratio, ratioText)),
    number(each.rounds, countText),
  ]);
  return table(caption, head, rows);
}

/** Sizes, one row per suite or algorithm and one column per name. */
export function sizeTable(caption: string, sizes: readonly Size[]): string {
  const names = [...new Set(sizes.map(({ name }) => name))];
  const subjects = [...new Set(sizes.map(({ suite, algorithm }) => suite ?? algorithm ?? ''))];
  const rows = subjects.map((subject) => [
    subject,
    ...names.map((name) =>
      number(sizes.find((size) => size.name === name && (size.suite ?? size.algorithm) === subject)?.bytes, countText),
    ),
  ]);
  return table(caption, ['', ...names.map((name) => name.replace('size.', ''))], rows);
}

/** Memory and times. */
export function quantityTable(caption: string, quantities: readonly Quantity[]): string {
  return table(
    caption,
    ['figure', 'suite', 'value', 'unit'],
    quantities.map(({ name, suite = '', value, unit }) => [name, suite, number(value, unit === 'bytes' ? countText : numberText), unit]),
  );
}

/** Percentiles, one row per rate. */
export function latencyTable(caption: string, curves: readonly LatencyCurve[]): string {
  const percents = curves[0]?.percentiles.map(({ percent }) => percent) ?? [];
  return table(
    caption,
    ['figure', 'sent/s', 'received/s', 'messages', ...percents.map((percent) => (percent === 100 ? 'max, ms' : `p${percent}, ms`))],
    curves.map(({ name, rate, received, messages, percentiles }) => [
      name,
      number(rate, countText),
      number(received, numberText),
      number(messages, countText),
      ...percents.map((percent) => number(percentiles.find((point) => point.percent === percent)?.milliseconds, numberText)),
    ]),
  );
}
