import type { EChartsCoreOption } from 'echarts/core';
import { type MemoryPoint, titleOf, type WayName, wayNames } from '../worker/ways.ts';
import { axis, tooltip } from './chart-looks.ts';
import { colour } from './colours.ts';
import { bytes, roughBytes } from './numbers.ts';

const looks: Readonly<Record<WayName, { colour: 'cost' | 'forward' | 'ink'; isDashed: boolean }>> = {
  'full graph': { colour: 'cost', isDashed: false },
  'one tape at a time, interpreter': { colour: 'forward', isDashed: true },
  'one tape at a time, jit': { colour: 'forward', isDashed: false },
  'several poses on a tape, jit': { colour: 'ink', isDashed: false },
};

/**
 * Returns the chart of peak bytes over the number of poses N, with logarithmic axes. The line of the full graph has slope 1.
 * The lines of one tape at a time are level. The line of several poses on a tape rises until N reaches the number of poses
 * per tape, and is level from there.
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
        itemStyle: { color: look.isDashed ? colour('card') : color, borderColor: color, borderWidth: 1.5 },
        lineStyle: { color, width: 2, type: look.isDashed ? [5, 4] : 'solid' },
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
