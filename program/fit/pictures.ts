import { ink, label, numberAxis, palette, svgOf } from './chart.ts';
import type { CompoundResult, FitReport } from './result.ts';
import { grouped } from './statistics.ts';

const symbols = { fitted: 'circle', validation: 'emptyCircle', 'left out': 'emptyDiamond' } as const;

/** Maximum number of targets for a chart that is coloured by target. */
const mostTargets = 8;

/** Draws predicted against measured ΔG, coloured by target, or by part if there is one target or more than eight. */
export function scatter({ compounds }: FitReport): string {
  const targetCount = new Set(compounds.map(({ target }) => target)).size;
  const byTarget = targetCount > 1 && targetCount <= mostTargets;
  const keyOf = ({ target, part }: CompoundResult) =>
    byTarget ? (part === 'fitted' ? target : `${target} (${part})`) : part;
  const hues = new Map<string, string>();
  const hueOf = (name: string): string => {
    if (!hues.has(name)) hues.set(name, palette[hues.size % palette.length] as string);
    return hues.get(name) as string;
  };
  const all = compounds.flatMap(({ measured, predicted }) => [measured, predicted]);
  const span = Math.max(...all) - Math.min(...all);
  // The smallest distance between ticks that divides the span into fewer than nine parts.
  const interval = [1, 2, 5, 10, 20, 50].find(each => span / each < 9) ?? span;
  // The axes end at least a tenth of this distance beyond all points.
  const least = interval * Math.floor(Math.min(...all) / interval - 0.1);
  const largest = interval * Math.ceil(Math.max(...all) / interval + 0.1);
  const range = { min: least, max: largest, interval };
  const series = [...grouped(compounds, keyOf)].map(([name, group]) => {
    const { target, part } = group[0] as CompoundResult;
    return {
      ...{ type: 'scatter', name, symbol: symbols[part], symbolSize: part === 'left out' ? 10 : 8 },
      color: hueOf(byTarget ? target : part),
      itemStyle: { opacity: 0.85 },
      data: group.map(({ measured, predicted, bound }) => ({
        value: [measured, predicted],
        // A bound is drawn as a triangle that points to where the true value is.
        ...(bound && { symbol: 'triangle', symbolRotate: bound === 'lower' ? -90 : 90 }),
      })),
      silent: true,
    };
  });
  const ends = [
    [least, least],
    [largest, largest],
  ];
  const identity = {
    ...{ type: 'line', data: ends, symbol: 'none', color: '#999999', silent: true, z: 1 },
    lineStyle: { width: 1, type: [5, 4] },
  };
  return svgOf(
    {
      grid: { left: 64, right: 190, top: 16, bottom: 52, width: 400, height: 400 },
      legend: {
        ...{ orient: 'vertical', left: 482, top: 14, itemWidth: 12, itemHeight: 12, textStyle: label },
        data: series.map(({ name }) => name),
      },
      xAxis: numberAxis('measured ΔG, kcal/mol', 30, range),
      yAxis: numberAxis('predicted ΔG, kcal/mol', 40, range),
      series: [identity, ...series],
    },
    660,
    470,
  );
}

/** Draws the losses by epoch, and marks the epoch of the final weights. */
export function losses({ epochs, best, validation }: FitReport): string {
  const line = (name: string, color: string, data: (number | undefined)[][]) => ({
    ...{ type: 'line', name, color, data, symbol: epochs.length > 30 ? 'none' : 'circle', symbolSize: 5 },
    ...{ lineStyle: { width: 2 }, silent: true },
    endLabel: { show: true, formatter: '{a}', color, fontSize: 12, distance: 8 },
    labelLayout: { moveOverlap: 'shiftY' },
  });
  const arePositive = epochs.every(({ loss, validationLoss = 1 }) => loss > 0 && validationLoss > 0);
  const all = epochs.flatMap(({ loss, validationLoss = loss }) => [loss, validationLoss]);
  // A logarithmic axis, if the losses span more than a factor of 20.
  const isLogarithmic = arePositive && Math.max(...all) > 20 * Math.min(...all);
  const fitted = line(
    'fitted',
    palette[0],
    epochs.map(({ epoch, loss }) => [epoch, loss]),
  );
  const validationLine = line(
    'validation',
    palette[1],
    epochs.map(({ epoch, validationLoss }) => [epoch, validationLoss]),
  );
  const bestMark = {
    ...{ silent: true, symbol: 'none', data: [{ xAxis: best }] },
    label: { show: true, formatter: `best: ${best}`, color: ink, fontSize: 11 },
    lineStyle: { color: '#777777', type: [4, 3], width: 1 },
  };
  return svgOf(
    {
      grid: { left: 76, right: 100, top: 28, bottom: 52 },
      xAxis: numberAxis('epoch', 30, {
        minInterval: 1,
        min: 1,
        max: Math.max(2, epochs.length),
        splitLine: { show: false },
      }),
      yAxis: numberAxis('mean loss', 54, isLogarithmic ? { type: 'log' } : { scale: true }),
      series: validation ? [fitted, { ...validationLine, markLine: bestMark }] : [fitted],
    },
    660,
    320,
  );
}

/**
 * Draws each fitted number in percent of its initial value. For a network, the numbers are the norms of its parameters. Numbers
 * whose initial value is 0 are left out, and so is the offset, because a change of the offset in percent has no meaning.
 */
export function changes({ numbers }: FitReport): string {
  const rows = numbers.filter(({ name, before }) => before !== 0 && name !== 'offset');
  const percent = rows.map(({ before, after }) => (100 * after) / before);
  const height = 70 + 24 * rows.length;
  return svgOf(
    {
      grid: { left: 210, right: 160, top: 12, bottom: 48 },
      xAxis: numberAxis('after the fit, % of before', 28),
      yAxis: [
        categoryAxis(rows.map(({ name }) => name)),
        {
          ...categoryAxis(rows.map(({ before, after }) => `${shortest(before)} → ${shortest(after)}`)),
          position: 'right',
        },
      ],
      series: [
        {
          ...{ type: 'bar', color: palette[0], barWidth: 12, silent: true },
          data: percent.map(value => ({ value, ...(value < 0 && { itemStyle: { color: palette[1] } }) })),
          markLine: {
            ...{ silent: true, symbol: 'none', data: [{ xAxis: 100 }], label: { show: false } },
            lineStyle: { color: '#777777', type: [4, 3], width: 1 },
          },
        },
      ],
    },
    660,
    height,
  );
}

function categoryAxis(data: readonly string[]): object {
  const plain = { axisTick: { show: false }, axisLine: { show: false } };
  return { type: 'category', inverse: true, data, axisLabel: label, ...plain };
}

/** Formats a number with up to three significant digits. */
export function shortest(number: number = Number.NaN): string {
  return Number(number.toPrecision(3)).toString();
}
