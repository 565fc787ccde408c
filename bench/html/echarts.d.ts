/**
 * What we use of ECharts, for all its entry points (`paths` in tsconfig.json). Its own declarations name the types of a browser's document, which a
 * program for Node has not.
 */

/** A chart that is drawn on a server. */
export interface Chart {
  setOption(option: object): void;
  renderToSVGString(): string;
  dispose(): void;
}

/** Pixels. */
export interface DrawingOptions {
  readonly renderer: 'svg';
  readonly ssr: true;
  readonly width: number;
  readonly height: number;
}

export function init(element: null, theme: null, options: DrawingOptions): Chart;
export function use(parts: readonly unknown[]): void;

export const BarChart: unknown;
export const LineChart: unknown;
export const ScatterChart: unknown;
export const GridComponent: unknown;
export const LabelLayout: unknown;
export const SVGRenderer: unknown;
