import type { EChartsCoreOption } from 'echarts/core';
import type { Trace } from '../worker/trace.ts';
import { axis } from './chart-looks.ts';
import { colour } from './colours.ts';
import { roughBytes } from './numbers.ts';

type Point = readonly [step: number, bytes: number];

/** Number of steps between the previous tape and the current one. */
const gap = 4;

/**
 * Returns the chart of bytes held at each step of a tape.
 *
 * @param previous the previous tape, drawn in grey on the left
 * @param done number of steps done; larger than the number of steps if the tape is discarded
 */
export function stripOption(trace: Trace, previous: Trace | undefined, done: number): EChartsCoreOption {
  const start = previous ? -previous.steps - gap : 0;
  /** Returns the line of bytes held. Each step has two halves: the bytes held during the step, then those held after it. */
  const stairs = (trace: Trace, from: number, to: number, offset = 0): Point[] => {
    const points: Point[] =
      from === 0
        ? [
            [offset, 0],
            [offset, trace.copies],
          ]
        : [];
    for (let step = from; step < to; step++) {
      points.push(
        [offset + step, trace.held[step] as number],
        [offset + step + 0.5, trace.held[step] as number],
      );
      points.push(
        [offset + step + 0.5, trace.heldAfter[step] as number],
        [offset + step + 1, trace.heldAfter[step] as number],
      );
    }
    return points;
  };
  const isDiscarded = done > trace.steps;
  const stepsDone = Math.min(done, trace.steps);
  const area = (data: Point[], name: 'forward' | 'backward' | 'faint', opacity: number) => ({
    type: 'line',
    data,
    symbol: 'none',
    silent: true,
    lineStyle: { color: colour(name), width: 1.2, opacity: Math.min(1, 2.5 * opacity) },
    areaStyle: { color: colour(name), opacity },
  });
  return {
    grid: { left: 58, right: 12, top: 12, bottom: 24 },
    xAxis: {
      ...axis(),
      type: 'value',
      min: start,
      max: trace.steps + 2,
      splitLine: { show: false },
      axisLabel: {
        ...(axis() as { axisLabel: object }).axisLabel,
        formatter: (x: number) => (x < 0 ? '' : `${x}`),
      },
    },
    yAxis: {
      ...axis(),
      type: 'value',
      min: 0,
      max: 1.08 * Math.max(trace.peak, previous?.peak ?? 0),
      splitNumber: 3,
      axisLabel: {
        ...(axis() as { axisLabel: object }).axisLabel,
        showMaxLabel: false,
        formatter: roughBytes,
      },
    },
    series: [
      ...(previous ? [area(stairs(previous, 0, previous.steps, start), 'faint', 0.5)] : []),
      // All steps in grey, including those not done yet.
      area(stairs(trace, 0, trace.steps), 'faint', 0.12),
      area(isDiscarded ? [] : stairs(trace, 0, Math.min(stepsDone, trace.backward)), 'forward', 0.28),
      area(
        isDiscarded || stepsDone <= trace.backward ? [] : stairs(trace, trace.backward, stepsDone),
        'backward',
        0.28,
      ),
      {
        type: 'line',
        data: [],
        markLine: {
          symbol: 'none',
          silent: true,
          animation: false,
          lineStyle: { color: colour('ink'), width: 1.5, type: 'solid' },
          label: { show: false },
          data: [{ xAxis: isDiscarded ? trace.steps + 1.5 : stepsDone }],
        },
      },
    ],
  };
}
