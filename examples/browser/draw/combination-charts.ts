import type { EChartsCoreOption } from 'echarts/core';
import { type AdjustableKind, settingOf, sliders } from '../sliders.ts';
import type { Combined, Curve } from '../worker/combine.ts';
import { axis, tooltip } from './chart-looks.ts';
import { colour, mixed, shadeOf } from './colours.ts';
import { fixed, short } from './numbers.ts';

/**
 * Horizontal line in the chart of the curve: a ΔG that the curve approaches at one end of the slider. Only the curve of lse does
 * not approach its line of the mean.
 */
export interface Limit {
  readonly name: string;
  readonly value: number;
}

/** Returns the chart of ΔG over the slider's range, with the limits as lines and the current setting as a point. */
export function curveOption(
  { kind, points }: Curve,
  { settings, value }: Combined,
  limits: readonly Limit[],
): EChartsCoreOption {
  const slider = sliders[kind as AdjustableKind];
  const limitValues = limits.map(limit => limit.value);
  // A gated curve may leave the range of its limits, so the axis covers its points, too. For the other combinations the axis
  // covers only the limits, because the points of lse go to −∞ as t goes to 0.
  const covered = kind === 'gated' ? [...limitValues, ...points.map(([, y]) => y)] : limitValues;
  const [lowest, highest] = [Math.min(...covered), Math.max(...covered)];
  // The axis has a margin, in kcal/mol, above and below this range. For lse the lower margin is larger, to show ΔG falling.
  const margin = 0.12 * Math.max(highest - lowest, 0.5);
  const least = kind === 'lse' ? lowest - 4 * margin : lowest - margin;
  return {
    grid: { left: 44, right: 68, top: 10, bottom: 34 },
    xAxis: {
      ...axis(slider.unit === '' ? slider.name : `${slider.name}, ${slider.unit}`),
      nameLocation: 'middle',
      type: slider.isLogarithmic ? 'log' : 'value',
      axisLabel: { ...(axis() as { axisLabel: object }).axisLabel, hideOverlap: true },
      min: points[0]?.[0],
      max: points.at(-1)?.[0],
      nameGap: 20,
      splitLine: { show: false },
    },
    yAxis: {
      ...axis(),
      min: least,
      max: highest + margin,
      splitNumber: 3,
      axisLabel: { show: false },
      splitLine: { show: false },
    },
    series: [
      {
        type: 'line',
        data: points,
        symbol: 'none',
        clip: true,
        lineStyle: { color: colour('forward'), width: 2 },
        silent: true,
        markLine: {
          symbol: 'none',
          silent: true,
          lineStyle: { color: colour('quiet'), type: [4, 4] },
          label: { position: 'end', formatter: '{b}', color: colour('quiet'), fontSize: 12 },
          data: limits.map(({ name, value: yAxis }) => ({ name, yAxis })),
        },
      },
      {
        type: 'scatter',
        data: [[settingOf(settings), Math.max(value, least)]],
        symbolSize: 11,
        itemStyle: { color: colour('forward'), borderColor: colour('card'), borderWidth: 2 },
        silent: true,
      },
    ],
  };
}

/** Returns a chart over the poses, with one row each for ΔG_n, H_n (only if the combination is gated), w_n and c_n. */
export function sharesOption(combined: Combined, pose: number): EChartsCoreOption {
  const { predictions, weights, coefficients, gate } = combined;
  const count = predictions.length;
  const points = (numbers: Float64Array) => [...numbers].map((number, n) => [n + 1, number]);
  const largest = Math.max(...weights);
  // More than 500 marks are drawn as one shape, in one colour.
  const isMany = count > 500;
  /** Distance in pixels from one row to the next. */
  const pitch = 70;
  const rows = [
    { name: 'ΔGₙ', height: 52, ends: endsOf(predictions) },
    ...(gate ? [{ name: 'Hₙ', height: 52, ends: endsOf(gate.bonds) }] : []),
    { name: 'wₙ', height: 52, ends: endsOf([0, largest]) },
    { name: 'cₙ', height: 62, ends: endsOf([0, ...coefficients]) },
  ];
  const mark = {
    symbol: 'none',
    silent: true,
    label: { show: false },
    lineStyle: { color: colour('ink'), width: 1, type: 'solid', opacity: 0.35 },
    data: [{ xAxis: pose + 1 }],
  };
  const dots = (row: number, numbers: Float64Array) => ({
    type: 'scatter',
    xAxisIndex: row,
    yAxisIndex: row,
    symbolSize: count > 100 ? 3 : 5,
    ...(isMany
      ? { large: true, largeThreshold: 0, itemStyle: { color: colour('quiet') }, data: points(numbers) }
      : {
          data: points(numbers).map(([x, y], n) => ({
            value: [x, y],
            itemStyle: { color: colour(n === pose ? 'ink' : 'quiet') },
          })),
        }),
    markLine: mark,
  });
  const bars = (row: number, numbers: Float64Array, colourOf: (number: number) => string) => ({
    type: 'bar',
    xAxisIndex: row,
    yAxisIndex: row,
    barCategoryGap: '18%',
    large: isMany,
    largeThreshold: 0,
    ...(isMany
      ? { itemStyle: { color: colourOf(largest) }, data: points(numbers) }
      : {
          data: points(numbers).map(([x, y]) => ({
            value: [x, y],
            itemStyle: { color: colourOf(y as number) },
          })),
        }),
    markLine: mark,
  });
  return {
    tooltip: {
      ...tooltip(),
      trigger: 'axis',
      axisPointer: { type: 'line', lineStyle: { color: colour('quiet') } },
      formatter: (items: readonly { data?: { value?: [number, number] } | [number, number] }[]) => {
        const data = items[0]?.data;
        const [x = 1] = Array.isArray(data) ? data : (data?.value ?? []);
        const n = x - 1;
        const bonds = gate ? `<br>H ${short(gate.bonds[n] as number)}` : '';
        return `pose ${x}<br>ΔG ${fixed(predictions[n] as number, 3)}${bonds}<br>w ${short(weights[n] as number)}<br>c ${short(coefficients[n] as number)}`;
      },
    },
    axisPointer: { link: [{ xAxisIndex: 'all' }] },
    // Without `outerBoundsMode: 'none'`, the row with the longest axis name would begin further right than the others.
    grid: rows.map(({ height }, row) => ({
      ...{ left: 82, right: 8, top: 8 + pitch * row, height },
      outerBoundsMode: 'none',
    })),
    xAxis: rows.map((_, row) => ({
      ...axis(row === rows.length - 1 ? 'pose' : ''),
      nameLocation: 'middle',
      nameGap: 20,
      gridIndex: row,
      type: 'value',
      min: 0.5,
      max: count + 0.5,
      // Keeps the same x scale in rows of dots and rows of bars.
      containShape: false,
      splitLine: { show: false },
      axisLabel: {
        ...(axis() as { axisLabel: object }).axisLabel,
        show: row === rows.length - 1,
        formatter: (x: number) => (Number.isInteger(x) ? `${x}` : ''),
      },
      axisLine: { show: row > 0, onZero: true, lineStyle: { color: colour('line') } },
    })),
    // The vertical scale of each row runs from the row's least number to its largest.
    yAxis: rows.map(({ name, ends: [least, largest] }, row) => ({
      ...axis(),
      gridIndex: row,
      min: least,
      max: largest,
      interval: largest - least,
      name,
      nameLocation: 'middle',
      nameRotate: 0,
      nameGap: 56,
      axisLabel: { ...(axis() as { axisLabel: object }).axisLabel, formatter: rough },
      nameTextStyle: { color: colour('quiet'), fontSize: 12 },
      splitLine: { show: false },
    })),
    series: [
      dots(0, predictions),
      ...(gate ? [dots(1, gate.bonds)] : []),
      bars(rows.length - 2, weights, weight => mixed('faint', 'forward', shadeOf(weight, largest))),
      bars(rows.length - 1, coefficients, () => colour('backward')),
    ],
  };
}

/** Returns the least and the largest number. If they are equal, moves them apart by 1 each way. */
function endsOf(numbers: Iterable<number>): readonly [least: number, largest: number] {
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const number of numbers) [least, largest] = [Math.min(least, number), Math.max(largest, number)];
  return least < largest ? [least, largest] : [least - 1, largest + 1];
}

/** Formats a number to two significant digits, for the ends of a scale. */
function rough(number: number): string {
  return short(Number(number.toPrecision(2)));
}
