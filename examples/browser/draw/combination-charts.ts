import type { EChartsCoreOption } from 'echarts/core';
import type { Combined, Curve } from '../worker/combine.ts';
import { axis, tooltip } from './chart-looks.ts';
import { colour, mixed, shadeOf } from './colours.ts';
import { fixed, short } from './numbers.ts';

/** ΔG over the slider's range, with the limits as lines and the present setting as a point. */
export function curveOption(
  curve: Curve,
  combined: Combined,
  best: number,
  average: number,
): EChartsCoreOption {
  const { settings, value } = combined;
  const isLse = settings.kind === 'lse';
  const setting = settings.kind === 'lse' ? settings.t : settings.kind === 'boltzmann' ? settings.kT : 1;
  const room = 0.12 * Math.max(average - best, 0.5);
  // Where t goes to 0, ΔG goes to −∞: the axis shows where it matters.
  const least = isLse ? best - 4 * room : best - room;
  const limits = [
    { yAxis: best, name: 'best pose' },
    { yAxis: average, name: 'mean' },
  ];
  return {
    grid: { left: 44, right: 68, top: 10, bottom: 34 },
    xAxis: {
      ...axis(isLse ? 't, mol/kcal' : 'kT, kcal/mol'),
      nameLocation: 'middle',
      type: 'log',
      axisLabel: { ...(axis() as { axisLabel: object }).axisLabel, hideOverlap: true },
      min: curve.points[0]?.[0],
      max: curve.points.at(-1)?.[0],
      nameGap: 20,
      splitLine: { show: false },
    },
    yAxis: {
      ...axis(),
      min: least,
      max: average + room,
      splitNumber: 3,
      axisLabel: { show: false },
      splitLine: { show: false },
    },
    series: [
      {
        type: 'line',
        data: curve.points,
        symbol: 'none',
        clip: true,
        lineStyle: { color: colour('forward'), width: 2 },
        silent: true,
        markLine: {
          symbol: 'none',
          silent: true,
          lineStyle: { color: colour('quiet'), type: [4, 4] },
          label: { position: 'end', formatter: '{b}', color: colour('quiet'), fontSize: 11 },
          data: limits,
        },
      },
      {
        type: 'scatter',
        data: [[setting, Math.max(value, least)]],
        symbolSize: 11,
        itemStyle: { color: colour('forward'), borderColor: colour('card'), borderWidth: 2 },
        silent: true,
      },
    ],
  };
}

/** Three rows over the poses: ΔG_n, w_n and c_n. A click chooses a pose. */
export function sharesOption(combined: Combined, pose: number): EChartsCoreOption {
  const { predictions, weights, coefficients } = combined;
  const count = predictions.length;
  const points = (numbers: Float64Array) => [...numbers].map((number, n) => [n + 1, number]);
  const largest = Math.max(...weights);
  const rows = [
    { name: 'ΔGₙ', top: 8, height: 52 },
    { name: 'wₙ', top: 78, height: 52 },
    { name: 'cₙ', top: 148, height: 62 },
  ];
  const mark = {
    symbol: 'none',
    silent: true,
    label: { show: false },
    lineStyle: { color: colour('ink'), width: 1, type: 'solid', opacity: 0.35 },
    data: [{ xAxis: pose + 1 }],
  };
  const bar = (row: number, data: unknown[]) => ({
    type: 'bar',
    xAxisIndex: row,
    yAxisIndex: row,
    barCategoryGap: '18%',
    large: false,
    data,
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
        return `pose ${x}<br>ΔG ${fixed(predictions[n] as number, 3)}<br>w ${short(weights[n] as number)}<br>c ${short(coefficients[n] as number)}`;
      },
    },
    axisPointer: { link: [{ xAxisIndex: 'all' }] },
    grid: rows.map(({ top, height }) => ({ left: 44, right: 8, top, height })),
    xAxis: rows.map((_, row) => ({
      ...axis(row === rows.length - 1 ? 'pose' : ''),
      nameLocation: 'middle',
      nameGap: 20,
      gridIndex: row,
      type: 'value',
      min: 0.5,
      max: count + 0.5,
      splitLine: { show: false },
      axisLabel: {
        ...(axis() as { axisLabel: object }).axisLabel,
        show: row === rows.length - 1,
        formatter: (x: number) => (Number.isInteger(x) ? `${x}` : ''),
      },
      axisLine: { show: row > 0, onZero: true, lineStyle: { color: colour('line') } },
    })),
    yAxis: rows.map(({ name }, row) => ({
      ...axis(),
      gridIndex: row,
      scale: row === 0,
      splitNumber: 2,
      name,
      nameLocation: 'middle',
      nameRotate: 0,
      nameGap: 26,
      axisLabel: { show: false },
      nameTextStyle: { color: colour('quiet'), fontSize: 12 },
      splitLine: { show: false },
    })),
    series: [
      {
        type: 'scatter',
        xAxisIndex: 0,
        yAxisIndex: 0,
        symbolSize: count > 100 ? 3 : 5,
        data: points(predictions).map(([x, y], n) => ({
          value: [x, y],
          itemStyle: { color: colour(n === pose ? 'ink' : 'quiet') },
        })),
        markLine: mark,
      },
      bar(
        1,
        points(weights).map(([x, y], n) => ({
          value: [x, y],
          itemStyle: {
            color: mixed('faint', 'forward', shadeOf(weights[n] as number, largest)),
          },
        })),
      ),
      bar(
        2,
        points(coefficients).map(([x, y]) => ({
          value: [x, y],
          itemStyle: { color: colour('backward') },
        })),
      ),
    ],
  };
}
