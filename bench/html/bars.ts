/** One operation: a bar per suite or algorithm on a logarithmic scale. */
import { numberText } from '../number-text.js';
import type { Figure } from '../report.js';
import { axis, draw, figure, palette, paper, short, textWidth } from './chart.js';

const barSpace = 26;
const axisSpace = 34;

/** One kind of bar: ours, or another implementation. */
interface Series {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
}

/** A chart of the figures of one name, with what was measured beside them; `pooled` are the same in the thread pool. */
export function barChart(name: string, figures: readonly Figure[], pooled: readonly Figure[]): string {
  const subjects = figures.map(subjectOf);
  const values = (others: readonly Figure[], value: (figure: Figure) => number | undefined): (number | undefined)[] =>
    subjects.map((subject) => {
      const found = others.find((other) => subjectOf(other) === subject);
      return found && value(found);
    });
  const peers = [...new Set(figures.flatMap((each) => each.peers?.map((peer) => peer.name) ?? []))];
  const series: Series[] = [
    { name: 'skissm', values: values(figures, ({ opsPerSecond }) => opsPerSecond) },
    { name: 'skissm, thread pool', values: values(pooled, ({ opsPerSecond }) => opsPerSecond) },
    { name: 'C loop', values: values(figures, ({ rawOpsPerSecond }) => rawOpsPerSecond) },
    ...peers.map((peer) => ({
      name: peer,
      values: values(figures, (each) => each.peers?.find((other) => other.name === peer)?.opsPerSecond),
    })),
  ].filter((one) => one.values.some((value) => value !== undefined));
  const all = series.flatMap((one) => one.values.filter((value) => value !== undefined));
  const [least, most] = [10 ** Math.floor(Math.log10(Math.min(...all) / 2)), 10 ** Math.ceil(Math.log10(Math.max(...all) * 1.5))];
  const entries = series.map((one, number) => ({ name: one.name, sign: (marks[number % marks.length] ?? bar).sign }));
  return figure(`${name}, operations per second`, entries, (width) => {
    const labels = subjects.map((subject) => shortened(subject, width === 'narrow'));
    const numbers = figures.map(({ opsPerSecond }) => numberText(opsPerSecond));
    return draw(width, barSpace * subjects.length + axisSpace, {
      grid: { left: textWidth(labels) + 12, right: textWidth(numbers) + 12, top: 8, bottom: axisSpace - 8 },
      xAxis: {
        ...axis,
        type: 'log',
        min: least,
        max: most,
        startValue: least,
        axisLabel: { ...axis.axisLabel, formatter: short, hideOverlap: true },
      },
      yAxis: [labels, numbers].map((data, side) => ({
        ...axis,
        type: 'category',
        inverse: true,
        position: side === 0 ? 'left' : 'right',
        data,
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: { ...axis.axisLabel, interval: 0 },
      })),
      series: series.map((one, number) => ({
        name: one.name,
        type: number === 0 ? 'bar' : 'scatter',
        data: one.values.map((value, index) => [value ?? '-', index]),
        z: number === 0 ? 2 : 3,
        ...(number === 0
          ? { barWidth: 13, itemStyle: { color: palette[number] } }
          : {
              symbol: marks[number % marks.length]?.symbol,
              symbolSize: 10,
              itemStyle: { color: palette[number], opacity: 1, borderColor: paper, borderWidth: 1 },
            }),
      })),
    });
  });
}

const bar = { symbol: 'rect', sign: '■' };
/** How the sides are drawn, and what says so in the legend. */
const marks = [
  bar,
  { symbol: 'triangle', sign: '▲' },
  { symbol: 'diamond', sign: '◆' },
  { symbol: 'circle', sign: '●' },
  { symbol: 'rect', sign: '■' },
  { symbol: 'triangle', sign: '▲' },
  { symbol: 'diamond', sign: '◆' },
];

function subjectOf({ suite, algorithm, name }: Figure): string {
  return suite ?? algorithm ?? name;
}

/** Long names would leave no room for the bars on a telephone. */
function shortened(subject: string, isNarrow: boolean): string {
  const shorter = subject.replace('Classic McEliece', 'McEliece').replace('classicmceliece', 'mceliece').replace('-simple', '');
  return isNarrow && shorter.length > 16 ? shorter.replace('-', '-\n') : shorter;
}
