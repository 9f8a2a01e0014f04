import { createRequire } from 'node:module';

/** The part of ECharts used here. Its own type declarations would add browser types to every file. */
interface ECharts {
  init(
    element: null,
    theme: null,
    options: { renderer: 'svg'; ssr: true; width: number; height: number },
  ): { setOption(options: object): void; renderToSVGString(): string; dispose(): void };
}
const { init } = createRequire(import.meta.url)('echarts') as ECharts;

/** Line of measured points. */
export interface Line {
  readonly name: string;
  readonly color: string;
  readonly dash?: 'solid' | readonly number[];
  readonly symbol?: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Plot of lines with logarithmic axes. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  /** Name of the horizontal axis. */
  readonly x: string;
  /** Base of the logarithm of the horizontal axis. */
  readonly base: number;
  readonly lines: readonly Line[];
  /** Height of a horizontal reference line, such as a ratio of 1. */
  readonly level?: number;
}

/** Colours that are safe for colour-blind readers (M. Okabe and K. Ito, 2008). */
export const colours = {
  blue: '#0072b2',
  green: '#009e73',
  pink: '#cc79a7',
  orange: '#d55e00',
  sky: '#56b4e9',
  black: '#222222',
} as const;
const width = 510;
const height = 500;
const margin = { left: 76, right: 150, top: 72, bottom: 56 };

/**
 * Returns a chart as SVG: up to three panels side by side, or more in rows of two. Its background is white, so that its text is
 * readable on a dark page.
 */
export function chart(title: string, panels: readonly Panel[]): string {
  const [across, down] = [columns(panels), Math.ceil(panels.length / columns(panels))];
  const size = { width: width * across, height: height * down };
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size });
  chart.setOption(options(title, panels));
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function columns(panels: readonly Panel[]): number {
  return panels.length > 3 ? 2 : panels.length;
}

function options(title: string, panels: readonly Panel[]): object {
  const ink = colours.black;
  const text = { color: ink, fontSize: 12 };
  const axis = {
    type: 'log',
    nameLocation: 'middle',
    nameTextStyle: text,
    axisLabel: { ...text, formatter: axisLabel },
    axisTick: { show: false },
  };
  const left = (p: number) => (p % columns(panels)) * width + margin.left;
  const top = (p: number) => Math.floor(p / columns(panels)) * height;
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, sans-serif', color: ink },
    title: [
      { text: title, left: 16, top: 10, textStyle: { color: ink, fontSize: 16, fontWeight: 'bold' } },
      ...panels.map((panel, p) => ({
        text: panel.title,
        left: left(p),
        top: top(p) + 40,
        textStyle: { color: ink, fontSize: 13, fontWeight: 'normal' },
      })),
    ],
    grid: panels.map((_, p) => ({
      left: left(p),
      top: top(p) + margin.top,
      width: width - margin.left - margin.right,
      height: height - margin.top - margin.bottom,
    })),
    xAxis: panels.map(({ x, base, lines }, p) => ({
      ...axis,
      gridIndex: p,
      ...rangeOf(lines, 0, base),
      name: x,
      nameGap: 32,
      axisLine: { lineStyle: { color: ink }, onZero: false },
      splitLine: { show: false },
    })),
    yAxis: panels.map(({ unit, lines }, p) => ({
      ...axis,
      gridIndex: p,
      ...rangeOf(lines, 1),
      name: unit,
      nameGap: 52,
      axisLine: { show: false },
      splitLine: { lineStyle: { color: '#e4e4e4' } },
    })),
    series: panels.flatMap((panel, p) => panel.lines.map((line, i) => series(line, i, p, panel.level))),
  };
}

function axisLabel(number: number): string {
  if (number >= 1e6) return `${number / 1e6} M`;
  return number.toLocaleString('en', { maximumFractionDigits: 4 });
}

/**
 * Returns the range of an axis (0 for x, 1 for y). Its ends are whole powers of `base`. The default base is 10 for a wide
 * range of numbers, else 2.
 */
function rangeOf(lines: readonly Line[], axis: 0 | 1, base?: number): object {
  const all = lines.flatMap(({ points }) => points.map(point => point[axis]));
  const [least, largest] = [Math.min(...all), Math.max(...all)];
  const logBase = base ?? (largest / least > 200 ? 10 : 2);
  // Rounds to six decimals, because the computed logarithm of a whole power may be slightly off a whole number.
  const power = (y: number) => Math.round((1e6 * Math.log(y)) / Math.log(logBase)) / 1e6;
  return { logBase, min: logBase ** Math.floor(power(least)), max: logBase ** Math.ceil(power(largest)) };
}

/** Returns the options of line `i` of panel `p`. The first line also draws the reference line at `level`. */
function series(
  { name, color, dash = 'solid', symbol = 'circle', points }: Line,
  i: number,
  p: number,
  level?: number,
): object {
  const mark = {
    silent: true,
    symbol: 'none',
    label: { show: false },
    lineStyle: { color: colours.black, type: 'solid', width: 1 },
    data: [{ yAxis: level }],
  };
  return {
    type: 'line',
    name,
    xAxisIndex: p,
    yAxisIndex: p,
    data: points,
    color,
    symbol,
    symbolSize: 7,
    lineStyle: { color, width: 2, type: dash },
    endLabel: { show: true, formatter: '{a}', color, fontSize: 11, distance: 6 },
    labelLayout: { moveOverlap: 'shiftY' },
    silent: true,
    emphasis: { disabled: true },
    // Draws the first line on top of the others, which matters if lines coincide.
    z: 10 - i / 10,
    ...(level !== undefined && i === 0 && { markLine: mark }),
  };
}
