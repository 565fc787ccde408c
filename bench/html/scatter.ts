/** What an algorithm sends against how fast it is, both on logarithmic scales. */
import { axis, draw, figure, ink, palette, short } from './chart.js';

/** One algorithm. */
export interface Point {
  readonly label: string;
  readonly bytes: number;
  readonly perSecond: number;
}

/** A chart with a colour per family: the first word or part of the names. */
export function sizeSpeedChart(caption: string, points: readonly Point[]): string {
  const families = [...new Set(points.map(({ label }) => familyOf(label)))];
  const entries = families.map((name) => ({ name, sign: '●' }));
  return figure(caption, entries, (width) =>
    draw(width, width === 'wide' ? 420 : 380, {
      grid: { left: 48, right: width === 'wide' ? 90 : 44, top: 12, bottom: 28 },
      xAxis: {
        ...axis,
        type: 'log',
        axisLabel: { ...axis.axisLabel, formatter: short, hideOverlap: true },
        ...decades(points.map(({ bytes }) => bytes)),
      },
      yAxis: {
        ...axis,
        type: 'log',
        axisLabel: { ...axis.axisLabel, formatter: short },
        ...decades(points.map(({ perSecond }) => perSecond)),
      },
      series: families.map((family, number) => ({
        name: family,
        type: 'scatter',
        symbolSize: 10,
        itemStyle: { color: palette[number], opacity: 1 },
        data: points
          .filter(({ label }) => familyOf(label) === family)
          .map(({ label, bytes, perSecond }) => ({ name: label, value: [bytes, perSecond] })),
        label: {
          show: true,
          position: 'right',
          color: ink,
          fontSize: 10,
          formatter: ({ name }: { name: string }) => name.slice(family.length).replace(/^[- ]/u, '').replace('-simple', ''),
        },
        labelLayout: { hideOverlap: true },
      })),
    }),
  );
}

/** Whole powers of ten around `values`. */
function decades(values: readonly number[]): { readonly min: number; readonly max: number } {
  return { min: 10 ** Math.floor(Math.log10(Math.min(...values) * 0.9)), max: 10 ** Math.ceil(Math.log10(Math.max(...values) * 1.1)) };
}

function familyOf(label: string): string {
  return /^(Classic McEliece|SPHINCS\+-SHA2|SPHINCS\+-SHAKE|ML-KEM|ML-DSA|[A-Za-z0-9]+)/u.exec(label)?.[0] ?? label;
}
