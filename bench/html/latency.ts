/** Latency against the share of messages that were as fast: a curve per rate. */
import type { LatencyCurve } from '../report.js';
import { axis, draw, figure, palette, short } from './chart.js';

/** A chart of all curves. */
export function latencyChart(curves: readonly LatencyCurve[]): string {
  const percents = curves[0]?.percentiles.map(({ percent }) => (percent === 100 ? 'max' : `p${percent}`)) ?? [];
  const entries = curves.map(({ rate }) => ({ name: `${rate.toLocaleString('en-US')} messages a second`, sign: '●' }));
  return figure('Milliseconds from the scheduled moment to the other application, by rate', entries, (width) =>
    draw(width, 320, {
      grid: { left: 44, right: 24, top: 12, bottom: 28 },
      xAxis: { ...axis, type: 'category', data: percents, boundaryGap: false, axisLabel: { ...axis.axisLabel, hideOverlap: true } },
      yAxis: { ...axis, type: 'log', axisLabel: { ...axis.axisLabel, formatter: short } },
      series: curves.map(({ rate, percentiles }, number) => ({
        name: String(rate),
        type: 'line',
        symbolSize: 6,
        lineStyle: { color: palette[number], width: 2 },
        itemStyle: { color: palette[number] },
        data: percentiles.map(({ milliseconds }) => milliseconds),
      })),
    }),
  );
}
