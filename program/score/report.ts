import { vinaWeights, type Weights } from '../../examples/vina/score.ts';
import { combinationNames, imatinibTarget } from './options.ts';
import type { Results, StrategyCost } from './run.ts';

/** How many of the best poses are listed. */
const listed = 8;

/**
 * The results as text, at most 80 columns wide unless the names of the files are longer.
 *
 * @param styled whether headings are bold, as only a terminal can show
 */
export function describe(results: Results, styled: boolean): string {
  const section = (heading: string, ...paragraphs: string[]) =>
    [styled ? `\u001b[1m${heading}\u001b[22m` : heading, ...paragraphs].join('\n\n');
  return [
    section('The Vina scoring function, differentiated pose by pose', input(results)),
    section('Best poses: ΔG_n, and the weight w_n of each in three combinations', table(bestPoses(results))),
    section(
      'All poses: ΔG, loss, and their derivatives by the weights of the terms',
      table(gradients(results)),
      `  loss = (ΔG − target)², ΔG by ${results.loss.combination}`,
    ),
    section(
      'What it takes to get the gradient of the loss, and how much the answers differ',
      table(costs(results.strategies)),
      notes(results.strategies).join('\n'),
    ),
    '',
  ].join('\n\n');
}

function input({ files, predictions, target }: Results): string {
  const note = target === imatinibTarget ? ' (imatinib and Abl at 40 nM: an example)' : '';
  return [
    `  receptor  ${files.receptor}`,
    `  poses     ${files.poses} (${predictions.length})`,
    `  target    ${target}${note}`,
    '  unit      kcal/mol',
  ].join('\n');
}

function bestPoses({ predictions, combinations }: Results): string[][] {
  const best = [...predictions.entries()].sort(([, a], [, b]) => a - b).slice(0, listed);
  return [
    ['pose', 'ΔG_n', ...combinationNames],
    ...best.map(([n, prediction]) => [
      String(n + 1).padStart(4),
      prediction.toFixed(3),
      ...combinationNames.map(name => (combinations[name].weights[n] ?? 0).toFixed(4)),
    ]),
  ];
}

function gradients({ combinations, loss, kT, t }: Results): string[][] {
  const columns = [...combinationNames.map(name => combinations[name]), loss];
  const weights = Object.entries(vinaWeights()) as [keyof Weights, { data: Float64Array }][];
  return [
    ['', 'weight', ...combinationNames, 'loss'],
    ['', '', '', `t = ${t}`, `kT = ${kT}`, ''],
    ['ΔG, loss', '', ...columns.map(({ value }) => value.toFixed(4))],
    ...weights.map(([name, { data }]) => [
      `∂/∂ ${name}`,
      String(data[0]),
      ...columns.map(({ gradient }) => gradient[name].toFixed(4)),
    ]),
  ];
}

function costs(strategies: readonly StrategyCost[]): string[][] {
  return [
    ['strategy', 'executor', 'peak bytes', 'tapes', 'time', 'differs by'],
    ...strategies.map(({ strategy, executor, peakBytes, tapesAlive, milliseconds, difference }) => [
      strategy,
      executor,
      peakBytes.toLocaleString('en'),
      String(tapesAlive),
      `${milliseconds.toFixed(0)} ms`,
      difference === 0 ? '0' : difference.toExponential(1),
    ]),
  ];
}

function notes(strategies: readonly StrategyCost[]): string[] {
  const isPlanned = strategies.some(
    ({ strategy, executor }) => strategy === 'full-graph' && executor.startsWith('jit'),
  );
  return [
    ...new Set(strategies.map(sayAlive)),
    ...(isPlanned
      ? ['  full-graph by jit: most of its time goes into planning the graph of all poses.']
      : []),
  ];
}

function sayAlive({ strategy, tapesAlive }: StrategyCost): string {
  return tapesAlive === 1
    ? `  ${strategy}: no more than one pose's tape was ever alive.`
    : `  ${strategy}: the tapes of up to ${tapesAlive} poses were alive at once.`;
}

/** Rows in columns: the first flush left, the others, as they are numbers, flush right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    widths.map((width, column) => {
      const cell = row[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(Math.max(width, 9));
    });
  return rows.map(row => `  ${line(row).join('  ')}`.trimEnd()).join('\n');
}
