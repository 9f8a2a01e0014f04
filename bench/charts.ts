import { createRequire } from 'node:module';
import { type CellExecutor, type CellStrategy, executors, strategies } from './cell-names.ts';

/** The part of ECharts in use. Its own types would add browser types to every file here. */
interface ECharts {
  init(
    element: null,
    theme: null,
    options: { renderer: 'svg'; ssr: true; width: number; height: number },
  ): { setOption(options: object): void; renderToSVGString(): string; dispose(): void };
}
const { init } = createRequire(import.meta.url)('echarts') as ECharts;

/** A number for each N that was measured. */
export interface Line {
  readonly strategy: CellStrategy;
  readonly executor: CellExecutor;
  readonly points: readonly (readonly [n: number, y: number])[];
}

/** Lines over the number of poses, with both axes logarithmic. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

/** Colours that people who do not see all colours can tell apart (M. Okabe and K. Ito, 2008). */
const colours: Readonly<Record<CellStrategy, string>> = {
  stream: '#0072b2',
  recompute: '#009e73',
  stored: '#cc79a7',
  'full-graph': '#d55e00',
};
const styles: Readonly<Record<CellExecutor, { symbol: string; dash: string | number[] }>> = {
  jit: { symbol: 'circle', dash: 'solid' },
  interpreter: { symbol: 'emptyCircle', dash: [5, 4] },
  wasm: { symbol: 'emptyDiamond', dash: [1.5, 3] },
};
const width = 510;
const height = 500;
const margin = { left: 76, right: 150, top: 72, bottom: 56 };

/** A chart of panels side by side, as SVG on white: its text stays readable on a dark page. */
export function chart(title: string, panels: readonly Panel[]): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: width * panels.length, height });
  chart.setOption(options(title, panels));
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function options(title: string, panels: readonly Panel[]): object {
  const axis = { type: 'log', nameLocation: 'middle' };
  const ink = '#222222';
  const text = { color: ink, fontSize: 12 };
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, sans-serif', color: ink },
    title: [
      { text: title, left: 16, top: 10, textStyle: { color: ink, fontSize: 16, fontWeight: 'bold' } },
      ...panels.map((panel, p) => ({
        text: panel.title,
        left: p * width + margin.left,
        top: 40,
        textStyle: { color: ink, fontSize: 13, fontWeight: 'normal' },
      })),
    ],
    grid: panels.map((_, p) => ({
      left: p * width + margin.left,
      top: margin.top,
      width: width - margin.left - margin.right,
      height: height - margin.top - margin.bottom,
    })),
    xAxis: panels.map((_, p) => ({
      ...axis,
      gridIndex: p,
      logBase: 4,
      min: 1,
      max: 1024,
      name: 'poses, N',
      nameGap: 32,
      nameTextStyle: text,
      axisLine: { lineStyle: { color: ink }, onZero: false },
      axisLabel: text,
      axisTick: { show: false },
      splitLine: { show: false },
    })),
    yAxis: panels.map(({ unit, lines }, p) => ({
      ...axis,
      gridIndex: p,
      ...rangeOf(lines),
      name: unit,
      nameGap: 52,
      nameTextStyle: text,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...text, formatter: (y: number) => y.toLocaleString('en', { maximumFractionDigits: 4 }) },
      splitLine: { lineStyle: { color: '#e4e4e4' } },
    })),
    series: panels.flatMap(({ lines }, p) => lines.map(line => series(line, p))),
  };
}

/** Whole powers about all points: of ten, or of two where ten would leave the chart without a scale. */
function rangeOf(lines: readonly Line[]): { logBase: number; min: number; max: number } {
  const all = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const [least, largest] = [Math.min(...all), Math.max(...all)];
  const logBase = largest / least > 200 ? 10 : 2;
  const power = (y: number) => Math.log(y) / Math.log(logBase);
  return { logBase, min: logBase ** Math.floor(power(least)), max: logBase ** Math.ceil(power(largest)) };
}

function series({ strategy, executor, points }: Line, panel: number): object {
  const color = colours[strategy];
  const { symbol, dash } = styles[executor];
  return {
    type: 'line',
    name: `${strategy}, ${executor}`,
    xAxisIndex: panel,
    yAxisIndex: panel,
    data: points,
    color,
    symbol,
    symbolSize: executor === 'jit' ? 6 : 7,
    lineStyle: { color, width: 2, type: dash },
    endLabel: { show: true, formatter: '{a}', color, fontSize: 11, distance: 6 },
    labelLayout: { moveOverlap: 'shiftY' },
    silent: true,
    emphasis: { disabled: true },
    // Beneath the others where lines coincide: the one that posetape does by default lies on top.
    z: 10 - strategies.indexOf(strategy) - executors.indexOf(executor) / 2,
  };
}
