/** What an algorithm sends against how fast it is, both on logarithmic scales. */
import { axis, draw, figure, ink, legend, palette, short } from './chart.js';
import { escapeText } from './escape.js';

/** One algorithm. */
export interface Point {
  readonly label: string;
  readonly bytes: number;
  readonly perSecond: number;
}

/** A chart with a colour per family: the first word or part of the names. */
export function sizeSpeedChart(caption: string, points: readonly Point[]): string {
  const families = [...new Set(points.map(({ label }) => familyOf(label)))];
  return figure(escapeText(caption), (width) => {
    const legendLines = width === 'wide' ? 1 : Math.ceil(families.length / 2);
    return draw(width, width === 'wide' ? 420 : 380, {
      legend: { ...legend, data: families },
      grid: { left: 8, right: width === 'wide' ? 90 : 24, top: 34 + 20 * (legendLines - 1), bottom: 8, containLabel: true },
      xAxis: {
        ...axis,
        type: 'log',
        axisLabel: { ...axis.axisLabel, formatter: short, hideOverlap: true },
      },
      yAxis: { ...axis, type: 'log', axisLabel: { ...axis.axisLabel, formatter: short } },
      series: families.map((family, number) => ({
        name: family,
        type: 'scatter',
        symbolSize: 10,
        itemStyle: { color: palette[number] },
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
    });
  });
}

function familyOf(label: string): string {
  return /^(Classic McEliece|SPHINCS\+-SHA2|SPHINCS\+-SHAKE|ML-KEM|ML-DSA|[A-Za-z0-9]+)/u.exec(label)?.[0] ?? label;
}
