/** Draws charts as SVG texts: no script is left in the page. Colours are variables of the page, so that it can be dark or printed. */
import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { LabelLayout, LegacyGridContainLabel } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, LineChart, ScatterChart, GridComponent, LegendComponent, LabelLayout, LegacyGridContainLabel, SVGRenderer]);

/** Colours of the page, which its style sheet defines for light, dark and print. */
export const ink = 'var(--ink)';
export const faint = 'var(--faint)';
export const lines = 'var(--lines)';
export const palette = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `var(--series-${number})`);

/** How wide a chart is drawn: for a screen or paper, and for a telephone. */
export type Width = 'wide' | 'narrow';

/** Pixels. */
export const pixelsOf: Readonly<Record<Width, number>> = { wide: 860, narrow: 328 };

const fontSize = 12;

/** Options that every axis has. */
export const axis = {
  axisLine: { lineStyle: { color: lines } },
  axisTick: { lineStyle: { color: lines } },
  splitLine: { lineStyle: { color: lines } },
  axisLabel: { color: ink, fontSize },
  nameTextStyle: { color: faint, fontSize },
};

/** Options that every legend has. */
export const legend = { top: 0, left: 0, itemWidth: 14, itemHeight: 9, textStyle: { color: ink, fontSize } };

/** A chart of `height` pixels as an SVG element without a size of its own. */
export function draw(width: Width, height: number, option: object): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: pixelsOf[width], height });
  chart.setOption({ animation: false, color: palette, textStyle: { fontFamily: 'inherit' }, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** Both drawings of a chart, of which the page shows one. */
export function figure(caption: string, drawn: (width: Width) => string): string {
  const parts = (['wide', 'narrow'] as const).map((width) => `<div class="${width}" aria-hidden="true">${drawn(width)}</div>`);
  return `<figure><figcaption>${caption}</figcaption>${parts.join('')}</figure>`;
}

/** 1200000 as 1.2M: for axes. */
export function short(value: number): string {
  return value < 1
    ? String(Number(value.toPrecision(2)))
    : value.toLocaleString('en-US', { notation: 'compact', maximumFractionDigits: 1 });
}
