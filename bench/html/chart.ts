/** Draws charts as SVG texts: no script is left in the page. Colours are variables of the page, so that it can be dark or printed. */
import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';
import { escapeText } from './escape.js';

use([BarChart, LineChart, ScatterChart, GridComponent, LabelLayout, SVGRenderer]);

/** Colours of the page, which its style sheet defines for light, dark and print. */
export const paper = 'var(--paper)';
export const ink = 'var(--ink)';

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
};

/** Pixels that so many characters of an axis take at most: there is nothing that could measure them. */
export function textWidth(texts: readonly string[]): number {
  return Math.max(0, ...texts.flatMap((text) => text.split('\n')).map(({ length }) => length)) * 7.4;
}

/** One entry of a legend. */
export interface LegendEntry {
  readonly name: string;
  /** The sign that stands for it in the drawing. */
  readonly sign: string;
}

/** A chart of `height` pixels as an SVG element without a size of its own. */
export function draw(width: Width, height: number, option: object): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: pixelsOf[width], height });
  chart.setOption({ animation: false, color: palette, textStyle: { fontFamily: 'inherit' }, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** Both drawings of a chart, of which the page shows one, under a legend whose colours are those of the palette in its order. */
export function figure(caption: string, entries: readonly LegendEntry[], drawn: (width: Width) => string): string {
  const items = entries.map(
    ({ name, sign }, number) => `<li><span style="color: ${palette[number] ?? ink}">${sign}</span> ${escapeText(name)}</li>`,
  );
  const parts = (['wide', 'narrow'] as const).map((width) => `<div class="${width}" aria-hidden="true">${drawn(width)}</div>`);
  return `<figure><figcaption>${escapeText(caption)}</figcaption><ul class="legend">${items.join('')}</ul>${parts.join('')}</figure>`;
}

/** 1200000 as 1.2M: for axes. */
export function short(value: number): string {
  return value < 1
    ? String(Number(value.toPrecision(2)))
    : value.toLocaleString('en-US', { notation: 'compact', maximumFractionDigits: 1 });
}
