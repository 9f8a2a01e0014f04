import { createRequire } from 'node:module';

/** The part of ECharts in use. Its own types would add browser types to every file here. */
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

/** Text of charts. */
export const label: { readonly color: string; readonly fontSize: number } = { color: ink, fontSize: 12 };

/** A chart as SVG on white, so that its text stays readable on a dark page. */
export function svgOf(options: object, width: number, height: number): string {
  // Loaded only when there is something to draw.
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

/** An axis of numbers with its name beside the middle. */
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
