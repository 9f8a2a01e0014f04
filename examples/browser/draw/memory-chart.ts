import type { EChartsCoreOption } from 'echarts/core';
import { type MemoryPoint, titleOf, type WayName, wayNames } from '../worker/ways.ts';
import { axis, tooltip } from './chart-looks.ts';
import { colour } from './colours.ts';
import { bytes, roughBytes } from './numbers.ts';

const looks: Readonly<Record<WayName, { colour: 'cost' | 'forward' | 'ink'; dashed: boolean }>> = {
  'full graph': { colour: 'cost', dashed: false },
  'one tape at a time, interpreter': { colour: 'forward', dashed: true },
  'one tape at a time, jit': { colour: 'forward', dashed: false },
  'several poses on a tape, jit': { colour: 'ink', dashed: false },
};

/**
 * Returns the chart of peak bytes over the number of poses, both axes logarithmic. The full graph has slope one, one tape at
 * a time is level, and several poses on a tape rise until N is their number.
 */
export function memoryOption(points: readonly MemoryPoint[], posesPerTape: number): EChartsCoreOption {
  const isNarrow = innerWidth < 640;
  return {
    grid: { left: 58, right: isNarrow ? 16 : 150, top: isNarrow ? 96 : 20, bottom: 40 },
    ...(isNarrow && {
      legend: { orient: 'vertical', left: 0, top: 0, itemGap: 4, textStyle: { color: colour('ink') } },
    }),
    tooltip: {
      ...tooltip(),
      trigger: 'item',
      formatter: ({ seriesName, data: [n, y] }: { seriesName: string; data: [number, number] }) =>
        `${seriesName}<br>N = ${n}: ${bytes(y)}`,
    },
    xAxis: {
      ...axis('poses, N'),
      type: 'log',
      logBase: 4,
      min: 1,
      max: 1024,
      nameLocation: 'middle',
      nameGap: 26,
      splitLine: { show: false },
    },
    yAxis: {
      ...axis(),
      type: 'log',
      min: 1e3,
      max: 1e8,
      axisLabel: { ...(axis() as { axisLabel: object }).axisLabel, formatter: roughBytes },
    },
    series: wayNames.map(way => {
      const look = looks[way];
      const color = colour(look.colour);
      const title = titleOf(way, posesPerTape);
      return {
        type: 'line',
        name: title,
        data: points.filter(point => point.way === way).map(({ poses, peakBytes }) => [poses, peakBytes]),
        color,
        symbol: 'circle',
        symbolSize: 7,
        itemStyle: { color: look.dashed ? colour('card') : color, borderColor: color, borderWidth: 1.5 },
        lineStyle: { color, width: 2, type: look.dashed ? [5, 4] : 'solid' },
        endLabel: {
          show: !isNarrow,
          formatter: title.replace(', ', ',\n'),
          color,
          fontSize: 12,
          lineHeight: 16,
          distance: 8,
        },
        labelLayout: { moveOverlap: 'shiftY' },
      };
    }),
  };
}
