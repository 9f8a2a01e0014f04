import { createRequire } from 'node:module';

/** Types of the ECharts functions in use. The package's own types would add the types of browsers to every file. */
interface ECharts {
  init(
    element: null,
    theme: null,
    options: { renderer: 'svg'; ssr: true; width: number; height: number },
  ): { setOption(options: object): void; renderToSVGString(): string; dispose(): void };
}

/** Colours that colour-blind people can tell apart (M. Okabe and K. Ito, 2008). */
export const palette = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#7a5195',
  '#222222',
] as const;

export const ink = '#222222';

/** Text style of charts. */
export const label: { readonly color: string; readonly fontSize: number } = { color: ink, fontSize: 12 };

/** Draws a chart as SVG. The background is white, so that text stays readable on a dark page. */
export function svgOf(options: object, width: number, height: number): string {
  // ECharts is large: load it only when a chart is drawn.
  const { init } = createRequire(import.meta.url)('echarts') as ECharts;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, sans-serif', color: ink },
    ...options,
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

/** Options of an axis of numbers. The name of the axis is centred along it, `gap` pixels away from it. */
export function numberAxis(name: string, gap: number, more: object = {}): object {
  return {
    type: 'value',
    name,
    nameLocation: 'middle',
    nameGap: gap,
    nameTextStyle: label,
    axisLabel: label,
    axisTick: { show: false },
    axisLine: { show: true, lineStyle: { color: ink }, onZero: false },
    splitLine: { lineStyle: { color: '#e8e8e8' } },
    ...more,
  };
}
