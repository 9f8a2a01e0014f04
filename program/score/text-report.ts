import { counted } from '../command/counted.ts';
import { describePooling, type PoolingName } from '../command/poolings.ts';
import { fixed, section, table } from '../command/table.ts';
import type { About, Report, ReportOutput } from './report.ts';
import type { CompoundResult, PoseResults, StrategyCost, Summary } from './result.ts';

/** Maximum number of poses that are listed, best first. */
const mostPoses = 8;

/** Maximum number of derivatives that are listed one by one. */
const mostDerivatives = 12;

/**
 * Text report: all results of a single compound, or one line for each of several. Lines have at most 80 columns, unless names are
 * long.
 */
export function textReport(about: About, { write, isStyled }: ReportOutput): Report {
  // The first compound is printed when the second comes, or at the end if it is the only one.
  let first: CompoundResult | undefined;
  let count = 0;
  return {
    async compound(result) {
      count++;
      if (count === 1) first = result;
      if (count === 2)
        await write(`${headText(about, isStyled)}${compoundLine(first as CompoundResult, about)}`);
      if (count > 1) await write(compoundLine(result, about));
    },
    async end(summary, strategies) {
      if (count === 1) await write(`${detailsText(first as CompoundResult, about, isStyled)}\n`);
      await write(`\n${closingText(summary, count)}`);
      if (strategies) await write(`\n${comparisonText(strategies, isStyled)}`);
    },
  };
}

const titles: Readonly<Record<string, string>> = {
  vina: 'Vina scores of docked poses, kcal/mol',
  schnet: 'SchNet scores of docked poses',
};

function headText(about: About, isStyled: boolean): string {
  const columns = ['', 'poses', 'best', 'ΔG', ...(about.target === undefined ? [] : ['loss'])];
  return `${section(isStyled, titles[about.scorer] ?? '', inputText(about), paddedRow('', columns.slice(1)))}\n`;
}

function compoundLine({ name, poses, best, value, loss }: CompoundResult, { target }: About): string {
  const cells = [String(poses), fixed(best.score, 3), fixed(value, 4)];
  return `${paddedRow(name, target === undefined ? cells : [...cells, fixed(loss ?? Number.NaN, 4)])}\n`;
}

function paddedRow(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(32)}${cells.map(cell => ` ${cell.padStart(9)}`).join('')}`;
}

function inputText(about: About): string {
  const { receptor, poses, scorer, weights, target } = about;
  const [first, ...others] = poses;
  return [
    ...(receptor === undefined ? [] : [`  receptor  ${receptor}`]),
    `  poses     ${first}${others.length > 0 ? ` and ${others.length} more` : ''}`,
    `  ΔG        by ${describePooling(about)}`,
    ...(target === undefined ? [] : [`  loss      (ΔG − ${target})²`]),
    ...(scorer === 'schnet' && weights === undefined
      ? ['  weights   random: the network is untrained, and its scores mean nothing']
      : []),
    ...(weights === undefined ? [] : [`  weights   ${weights}`]),
  ].join('\n');
}

function detailsText(result: CompoundResult, about: About, isStyled: boolean): string {
  const { name, file, value, variance, loss, effectiveSampleSize, best, each, combinations } = result;
  const lines: [string, string][] = [
    ['ΔG', fixed(value, 4)],
    ...(variance === undefined ? [] : [['variance', fixed(variance, 4)] as [string, string]]),
    ...(loss === undefined ? [] : [['loss', fixed(loss, 4)] as [string, string]]),
    [
      'best pose',
      `${fixed(best.score, 3)} (pose ${best.pose}${best.file === file ? '' : ` of ${best.file}`})`,
    ],
    ['effective poses', fixed(effectiveSampleSize, 1)],
    ...(result.skipped > 0 ? [['skipped poses', String(result.skipped)] as [string, string]] : []),
  ];
  return [
    section(isStyled, titles[about.scorer] ?? '', inputText(about)),
    section(isStyled, `${name}`, lines.map(([what, number]) => `  ${what.padEnd(18)} ${number}`).join('\n')),
    ...(each ? [section(isStyled, 'Best poses: score and weight', table(bestPoses(each)))] : []),
    ...(combinations
      ? [section(isStyled, 'ΔG by other combinations', table(otherCombinations(combinations, about)))]
      : []),
    ...(Object.keys(result.gradient).length > 0 ? [derivativesText(result, about, isStyled)] : []),
  ].join('\n\n');
}

function bestPoses({ predictions, weights, sources, terms }: PoseResults): string[][] {
  const isOneFile = sources.every(({ file }) => file === sources[0]?.file);
  const numberOf = (n: number) => {
    const { file = '', number = 0 } = sources[n] ?? {};
    return isOneFile ? String(number).padStart(4) : `${file} ${number}`;
  };
  const best = [...predictions.entries()].sort(([, a], [, b]) => a - b).slice(0, mostPoses);
  return [
    ['pose', 'score', 'weight', ...shortened(Object.keys(terms?.[0] ?? {}))],
    ...best.map(([n, score]) => [
      numberOf(n),
      fixed(score, 3),
      fixed(weights[n] as number, 4),
      ...Object.values(terms?.[n] ?? {}).map(term => fixed(term, 2)),
    ]),
  ];
}

/** Shortens the names of terms to the width of their numbers. */
function shortened(names: readonly string[]): string[] {
  const short: Readonly<Record<string, string>> = { hydrophobic: 'hydroph.', hydrogenBond: 'H bond' };
  return names.map(name => short[name] ?? name);
}

function otherCombinations(combinations: Readonly<Record<string, number>>, about: About): string[][] {
  const names = Object.keys(combinations).filter(name => name !== about.combination) as PoolingName[];
  return names.map(name => [
    describePooling({ ...about, combination: name }),
    fixed(combinations[name] as number, 4),
  ]);
}

function derivativesText({ gradient }: CompoundResult, { params, target }: About, isStyled: boolean): string {
  const what = target === undefined ? 'ΔG' : 'loss';
  const entries = Object.entries(gradient);
  const numbers = entries.reduce((total, [, data]) => total + data.length, 0);
  if (numbers > mostDerivatives) {
    const norms = entries.map(([name, data]) => [name, lengthOf(data).toPrecision(4)]);
    return section(isStyled, `|∂${what}/∂θ| of each parameter`, table(norms));
  }
  return section(
    isStyled,
    `∂${what}/∂w by the weights of the terms`,
    table([
      ['', 'w', `∂${what}/∂w`],
      ...entries.map(([name, [slope = 0]]) => [
        name,
        upToSevenDigits(params[name]?.data[0]),
        fixed(slope, 4),
      ]),
    ]),
  );
}

/** Formats a number with up to seven significant digits, so that Vina's weights appear as published. */
function upToSevenDigits(number: number | undefined): string {
  return number === undefined ? '' : String(Number(number.toPrecision(7)));
}

/** Returns the length of a vector. Math.hypot of all entries at once would have too many arguments for large layers. */
function lengthOf(slopes: readonly number[]): number {
  return slopes.reduce((length, slope) => Math.hypot(length, slope), 0);
}

function closingText({ compounds, poses, duplicates }: Summary, count: number): string {
  const parts = [
    ...(count > 1 ? [`${compounds} compounds, ${counted(poses, 'pose')}`] : []),
    ...(duplicates > 0 ? [`duplicates left out: ${duplicates}`] : []),
  ];
  return parts.length > 0 ? `  ${parts.join('; ')}\n` : '';
}

function comparisonText(strategies: readonly StrategyCost[], isStyled: boolean): string {
  const rows = strategies.map(({ strategy, executor, peakBytes, tapesAlive, milliseconds, difference }) => [
    strategy,
    executor,
    peakBytes.toLocaleString('en'),
    String(tapesAlive),
    `${fixed(milliseconds, 0)} ms`,
    difference === 0 ? '0' : difference.toExponential(1),
  ]);
  const heading = 'Strategies: cost, and relative difference of the gradient from the first row';
  return `${section(
    isStyled,
    heading,
    table([['strategy', 'executor', 'peak bytes', 'tapes', 'time', 'differs by'], ...rows]),
  )}\n`;
}
