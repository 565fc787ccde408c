/** Latency against the share of messages that were as fast: a curve per rate. */
import type { LatencyCurve } from '../report.js';
import { axis, draw, figure, legend, palette, short } from './chart.js';

/** A chart of all curves. */
export function latencyChart(curves: readonly LatencyCurve[]): string {
  const percents = curves[0]?.percentiles.map(({ percent }) => (percent === 100 ? 'max' : `p${percent}`)) ?? [];
  const names = curves.map(({ rate }) => `${rate.toLocaleString('en-US')}/s`);
  return figure('Milliseconds from the scheduled moment to the other application, by rate', (width) =>
    draw(width, 340, {
      legend: { ...legend, data: names },
      grid: { left: 8, right: 20, top: width === 'wide' ? 44 : 64, bottom: 8, containLabel: true },
      xAxis: { ...axis, type: 'category', data: percents, boundaryGap: false, axisLabel: { ...axis.axisLabel, hideOverlap: true } },
      yAxis: { ...axis, type: 'log', axisLabel: { ...axis.axisLabel, formatter: short } },
      series: curves.map(({ percentiles }, number) => ({
        name: names[number],
        type: 'line',
        symbolSize: 6,
        lineStyle: { color: palette[number], width: 2 },
        itemStyle: { color: palette[number] },
        data: percentiles.map(({ milliseconds }) => milliseconds),
      })),
    }),
  );
}
