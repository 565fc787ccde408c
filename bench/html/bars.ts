/** One operation: a bar per suite or algorithm on a logarithmic scale. */
import { numberText } from '../number-text.js';
import type { Figure } from '../report.js';
import { axis, draw, faint, figure, ink, legend, palette, short } from './chart.js';
import { escapeText } from './escape.js';

const barSpace = 26;
const headRoom = 62;

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
  return figure(`${escapeText(name)}, operations per second`, (width) => {
    const height = headRoom + barSpace * subjects.length + 30;
    const legendLines = width === 'wide' ? 1 : Math.ceil(series.length / 2);
    return draw(width, height + 20 * (legendLines - 1), {
      legend: { ...legend, data: series.map((one) => one.name) },
      grid: { left: 4, right: 52, top: 26 + 20 * (legendLines - 1), bottom: 8, containLabel: true },
      xAxis: { ...axis, type: 'log', min: least, max: most, axisLabel: { ...axis.axisLabel, formatter: short, hideOverlap: true } },
      yAxis: {
        ...axis,
        type: 'category',
        inverse: true,
        data: subjects.map((subject) => shortened(subject, width === 'narrow')),
        axisTick: { show: false },
      },
      series: series.map((one, number) => ({
        name: one.name,
        type: number === 0 ? 'bar' : 'scatter',
        data: one.values.map((value, index) => [value ?? '-', index]),
        itemStyle: { color: palette[number] },
        z: number === 0 ? 2 : 3,
        ...(number === 0
          ? {
              barWidth: 13,
              label: {
                show: true,
                position: 'right',
                color: ink,
                fontSize: 11,
                formatter: ({ value }: { value: [number, number] }) => numberText(value[0]),
              },
            }
          : { symbol: symbols[number % symbols.length], symbolSize: 9, itemStyle: { color: palette[number], borderColor: faint } }),
      })),
    });
  });
}

const symbols = ['rect', 'triangle', 'diamond', 'circle', 'pin', 'roundRect'];

function subjectOf({ suite, algorithm, name }: Figure): string {
  return suite ?? algorithm ?? name;
}

/** Long names would leave no room for the bars on a telephone. */
function shortened(subject: string, isNarrow: boolean): string {
  const short = subject.replace('Classic McEliece', 'McEliece').replace('classicmceliece', 'mceliece').replace('-simple', '');
  return isNarrow && short.length > 16 ? short.replace('-', '-\n') : short;
}
