import { grouped, kendall, rootMeanSquare, shiftedErrors } from '../fit/statistics.ts';
import { termNames } from './data.ts';
import { type Figures, figuresOf, type Interval, interval, pairsOf, type Row } from './figures.ts';
import type { Fold } from './folds.ts';
import { networkFit, networkPoses, networkSettings } from './network.ts';
import { firstKT, kTName } from './poolings.ts';
import { anchors, strengths } from './refit.ts';

/** Results with one pooling. */
export interface PoolingResult {
  readonly name: string;
  /** Folds of fits in which weights keep their signs. */
  readonly kept: readonly Fold[];
  /** Folds of fits in which weights may change their signs. */
  readonly free: readonly Fold[];
  /** Fit to all targets that predicts the further ones, if there are any. */
  readonly others?: Fold;
}

/** Results of the study. */
export interface StudyResult {
  /** Command line, for the report. */
  readonly command: string;
  /** Number of compounds. */
  readonly compounds: number;
  /** Number of poses of all compounds. */
  readonly poses: number;
  readonly poolings: readonly PoolingResult[];
  /** Measurement and predictions of each compound. */
  readonly rows: readonly Row[];
  /** True if rows have predictions of the SchNet. */
  readonly hasNetwork: boolean;
  /** Bootstrap samples of the rows. */
  readonly samples: readonly (readonly Row[])[];
  /** Rows of the further targets. */
  readonly others: readonly Row[];
  readonly seconds: number;
}

/** Names of the methods of prediction in {@link Row}. */
export const methods = {
  mean: 'mean',
  heavy: 'heavy atoms',
  network: 'SchNet',
  shipped: (pooling: string): string => `shipped, ${pooling}`,
  kept: (pooling: string): string => `refitted, ${pooling}`,
  free: (pooling: string): string => `free, ${pooling}`,
} as const;

/** Formats the report as Markdown. */
export function pageOf(result: StudyResult): string {
  const { rows, poolings, command, compounds, poses, seconds } = result;
  const targets = [...new Set(rows.map(({ target }) => target))];
  return `# Affinity

By \`${command}\` in ${Math.round(seconds)} s (${process.platform} ${process.arch}, Node ${process.versions.node}). The data is not part of the project; see [Data](#data).

The six weights of AutoDock Vina are refitted to the measured affinities of ${compounds} compounds in ${targets.length} targets (${poses} docked
poses), and tested on a target that took no part in the fit: each target is left out once. ${verdict(result)}

## Result

Energies in kcal/mol. RMSE: root mean square error over all left-out compounds, after the best constant shift of each target. τ: mean of
Kendall's τ_b within targets. In brackets the middle 95 % of ${result.samples.length.toLocaleString('en')} bootstrap samples, which draw compounds within each target with
replacement; weights are not fitted again to a sample.

${mainTable(result)}

"Mean": one number for all compounds, so that its RMSE is the spread of the affinities, and it has no τ. "Heavy atoms": the number of
heavy atoms times one slope, fitted to the other targets. "Shipped": the weights of AutoDock Vina.${result.hasNetwork ? ' "SchNet": see below.' : ''}

Differences of the refitted weights, from the same samples. A difference counts as shown if its interval does not contain 0:

${differences(result)}

## Why

${reasons(result)}

${byTarget(result)}

## Method

- A pose's score is Vina's, as \`npm start\` computes it; a compound's ΔG comes from the scores of its poses by one of four poolings. The
  best pose is the one with the lowest score by the weights in question. Boltzmann's kT is a parameter, fitted with the weights.
- The loss is the mean squared error after the best shift of each target: constants between targets (assays, IC50 for Ki, contributions
  that all ligands of a target share) should not influence the weights. L-BFGS minimises it, by \`posetape/fit\`.
- A penalty draws the weights to the shipped ones, to any multiple of them, or to 0, where all compounds of a target get its mean: the squared
  distance, relative to each shipped weight, times a strength of ${strengths.join(', ')}. The best of these ${anchors.length * strengths.length} priors
  is chosen by leaving out each of the remaining targets in turn (nested cross-validation), without the target left out.
- Each weight keeps its sign: an attraction stays an attraction. The rows "signs free" are of fits without this constraint. Both variants were
  evaluated on these targets, "signs free" first, before the other was chosen as the main one, so its figures may be too good.
  The list of priors was made after a first evaluation on the same targets by a linear approximation, and not changed since.${result.others.length > 0 ? ' The test below is on a target that was not used before.' : ''}
- Intervals are not corrected for the number of comparisons.
- The fit computes scores from the sums of Vina's terms, without the bound on the energy of clashing atoms. Predictions use the
  whole scoring function.

The priors that were chosen, and the weights relative to the shipped ones${drawnTo(poolings)}:

${priorsTable(poolings)}
${othersSection(result)}${result.hasNetwork ? networkSection() : ''}
## Data

openforcefield/protein-ligand-benchmark (D. F. Hahn et al., Living J. Comp. Mol. Sci. 4, 1497, 2022), https://github.com/openforcefield/protein-ligand-benchmark, whose data are licensed
CC-BY-4.0. Its folders \`data/<target>\` have the protein, the ligands and the measured affinities. To make the folders for this command:
take up to 16 ligands of a target, spread over the affinities; convert protein and ligands to PDBQT by Open Babel; dock each ligand by AutoDock
Vina 1.2.3 (exhaustiveness 1, at most 8 modes, min_rmsd 1.5, seed 7, a box about the aligned ligands and 5 Å more); and write
\`<target>/pocket.pdbqt\`, \`<target>/<ligand>.pdbqt\` and \`<target>/affinities.csv\` (columns ligand, measure, value, unit).
`;
}

function mainTable({ rows, samples, poolings, hasNetwork }: StudyResult): string {
  const line = (name: string, method: string) => {
    const error = interval(rows, samples, sample => figuresOf(sample, method).error);
    const tau = interval(rows, samples, sample => figuresOf(sample, method).tau);
    return [name, withInterval(error), method === methods.mean ? '–' : withInterval(tau)];
  };
  return table([
    ['', 'RMSE', 'τ'],
    line('mean', methods.mean),
    line('heavy atoms', methods.heavy),
    ...poolings.flatMap(({ name }) => [
      line(`${name}: shipped`, methods.shipped(name)),
      line(`${name}: **refitted**`, methods.kept(name)),
      line(`${name}: signs free`, methods.free(name)),
    ]),
    ...(hasNetwork ? [line('SchNet', methods.network)] : []),
  ]);
}

function differences(result: StudyResult): string {
  const { poolings, hasNetwork } = result;
  const line = (name: string, method: string, baseline: string) => [
    name,
    withInterval(difference(result, method, baseline, 'error')),
    withInterval(difference(result, method, methods.mean, 'error')),
    withInterval(difference(result, method, baseline, 'tau')),
  ];
  return table([
    ['', 'RMSE − shipped', 'RMSE − mean', 'τ − shipped'],
    ...poolings.map(({ name }) => line(name, methods.kept(name), methods.shipped(name))),
    ...(hasNetwork
      ? [line('SchNet (and shipped best pose)', methods.network, methods.shipped('best pose'))]
      : []),
  ]);
}

function difference(
  { rows, samples }: Pick<StudyResult, 'rows' | 'samples'>,
  method: string,
  other: string,
  figure: keyof Figures,
): Interval {
  return interval(
    rows,
    samples,
    sample => figuresOf(sample, method)[figure] - figuresOf(sample, other)[figure],
  );
}

/** Summarises the comparison with the shipped weights and the mean in sentences. */
function verdict(result: StudyResult): string {
  const countShown = (other: (name: string) => string, figure: keyof Figures, sign: 1 | -1) =>
    result.poolings.filter(({ name }) => {
      const { low, high } = difference(result, methods.kept(name), other(name), figure);
      return sign < 0 ? high < 0 : low > 0;
    }).length;
  const all = result.poolings.length;
  const countLower = (other: (name: string) => string) =>
    result.poolings.filter(
      ({ name }) => difference(result, methods.kept(name), other(name), 'error').value < 0,
    ).length;
  const higher = result.poolings.filter(
    ({ name }) => difference(result, methods.kept(name), methods.shipped(name), 'tau').value > 0,
  ).length;
  return [
    `The refitted weights have a lower RMSE than the shipped ones by ${outOf(countLower(methods.shipped), all)} poolings (shown by the 95 % interval for ${countShown(methods.shipped, 'error', -1)}),`,
    `and than the mean by ${outOf(
      countLower(() => methods.mean),
      all,
    )} (shown for ${countShown(() => methods.mean, 'error', -1)}). Their τ is higher than that of the shipped ones by ${outOf(higher, all)} (shown for ${countShown(methods.shipped, 'tau', 1)}).`,
    ...otherVerdict(result),
  ].join('\n');
}

function otherVerdict({ others, poolings }: StudyResult): string[] {
  if (others.length === 0) return [];
  const names = [...new Set(others.map(({ target }) => target))].join(', ');
  const better = (figure: keyof Figures, sign: 1 | -1) =>
    poolings.filter(({ name }) => {
      const [refitted, shipped] = [methods.kept(name), methods.shipped(name)].map(
        method => figuresOf(others, method)[figure],
      );
      return sign * ((refitted as number) - (shipped as number)) > 0;
    }).length;
  return [
    `On a further target, ${names}, which influenced no choice, their RMSE is lower by ${outOf(better('error', -1), poolings.length)} and their τ higher by ${outOf(better('tau', 1), poolings.length)}.`,
  ];
}

/** Returns a count with the total, such as `2 of 4` or `all 4`. */
function outOf(count: number, all: number): string {
  return count === all ? `all ${all}` : `${count} of ${all}`;
}

function reasons({ rows }: StudyResult): string {
  const method = methods.shipped('best pose');
  const targets = [...grouped(rows, ({ target }) => target)];
  const perTarget = targets.map(([name, group]) => {
    const pairs = pairsOf(group, method);
    const spread = rootMeanSquare(shiftedErrors(pairs.map(({ predicted }) => ({ measured: 0, predicted }))));
    const measured = rootMeanSquare(shiftedErrors(pairs.map(each => ({ ...each, predicted: 0 }))));
    return { name, spread, measured, tau: kendall(pairs) };
  });
  const wild = perTarget.filter(({ spread, measured }) => spread > 1.5 * measured);
  const turned = perTarget.filter(({ tau }) => tau < 0);
  const size = rows.length / targets.length;
  return [
    ...(wild.length > 0
      ? [
          `- Shipped weights lose to the mean in RMSE mostly where their scores spread more than the affinities do: ${wild.map(each => `${each.name} (${each.spread.toFixed(1)} against ${each.measured.toFixed(1)} kcal/mol)`).join(', ')}. Some docked poses clash there, and the unbounded repulsion dominates. The refit makes it smaller.`,
        ]
      : []),
    ...(wild.length > 0 && wild.length < targets.length
      ? [
          withoutTargetsText(
            rows,
            wild.map(({ name }) => name),
          ),
        ]
      : []),
    ...(turned.length > 0
      ? [
          `- The shipped order is the wrong way round for ${turned.map(each => `${each.name} (τ ${signed(each.tau)})`).join(', ')}. Six weights shared by all targets cannot correct one target without harm to others.`,
        ]
      : []),
    `- ${rows.length} compounds, ${size.toFixed(0)} a target, are few: τ of ${size.toFixed(0)} compounds without any relation has a standard deviation of ${Math.sqrt((2 * (2 * size + 5)) / (9 * size * (size - 1))).toFixed(2)}. Differences of 0.05 in the mean of ${targets.length} targets cannot be shown.`,
    '- Poses come from short docking runs with the shipped weights, and some are wrong; no weights can correct those.',
    ...sizeText(rows),
  ].join('\n');
}

/** Describes the errors over all targets except those named. */
function withoutTargetsText(rows: readonly Row[], names: readonly string[]): string {
  const others = rows.filter(({ target }) => !names.includes(target));
  const figure = (method: string) => figuresOf(others, method).error.toFixed(2);
  const pooling = 'best pose';
  return `- Without ${names.join(', ')}, the RMSE of the best pose is ${figure(methods.shipped(pooling))} by the shipped weights, ${figure(methods.kept(pooling))} by the refitted ones and ${figure(methods.mean)} by the mean: most of the gain over the shipped weights, but not all, comes from these targets.`;
}

/** Describes the predictions by the number of heavy atoms, unless some refitted weights are better in both figures. */
function sizeText(rows: readonly Row[]): string[] {
  const heavy = figuresOf(rows, methods.heavy);
  const refitted = Object.keys(rows[0]?.predicted ?? {})
    .filter(method => method.startsWith(methods.kept('')))
    .map(method => figuresOf(rows, method));
  if (refitted.some(({ error, tau }) => error < heavy.error && tau > heavy.tau)) return [];
  const figures = `RMSE ${heavy.error.toFixed(2)}, τ ${heavy.tau.toFixed(2)}`;
  return [
    `- The number of heavy atoms alone does as well or better (${figures}). In these series a larger ligand tends to bind better, and the fit finds little more: it keeps the wide attraction (gauss2), which counts contacts, some of the hydrogen bonds and the rotors, and drops most of the rest.`,
  ];
}

function byTarget({ rows, poolings, hasNetwork }: StudyResult): string {
  const pooling = poolings.at(-1)?.name ?? '';
  const columns = [
    ['mean', methods.mean],
    ['shipped', methods.shipped(pooling)],
    ['refitted', methods.kept(pooling)],
    ['heavy atoms', methods.heavy],
    ...(hasNetwork ? [['SchNet', methods.network]] : []),
  ] as [string, string][];
  const lines = [...grouped(rows, ({ target }) => target)].map(([target, group]) => [
    ...[target, String(group.length)],
    ...columns.map(([, method]) => figuresOf(group, method).error.toFixed(2)),
    ...columns.slice(1).map(([, method]) => signed(figuresOf(group, method).tau)),
  ]);
  return [
    `By target, with the pooling ${pooling}:`,
    '',
    table([
      [
        ...['', 'compounds'],
        ...columns.map(([name]) => `RMSE ${name}`),
        ...columns.slice(1).map(([name]) => `τ ${name}`),
      ],
      ...lines,
    ]),
  ].join('\n');
}

function priorsTable(poolings: readonly PoolingResult[]): string {
  return table([
    ['pooling', 'left out', 'drawn to', 'strength', ...termNames, 'rotors', 'kT'],
    ...poolings.flatMap(({ name, kept }) => kept.map(fold => [name, ...foldCells(fold)])),
  ]);
}

/** Returns a remark that names the anchors that were never chosen; '' if there are none. */
function drawnTo(poolings: readonly PoolingResult[]): string {
  const chosen = new Set(poolings.flatMap(({ kept }) => kept.map(({ prior }) => prior.anchor)));
  const never = anchors.filter(anchor => !chosen.has(anchor));
  return never.length > 0 ? ` (never chosen: ${never.join(', ')})` : '';
}

function foldCells({ target, prior, factors }: Fold): string[] {
  const numbers = [...termNames, 'rotors'].map(name => (factors[name]?.data[0] ?? Number.NaN).toFixed(2));
  const kT = Math.exp(factors[kTName]?.data[0] as number);
  const kTCell = Math.abs(kT - firstKT) < 1e-9 ? '–' : kT.toFixed(2);
  return [target, prior.anchor, String(prior.strength), ...numbers, kTCell];
}

function othersSection({ others, poolings }: StudyResult): string {
  if (others.length === 0) return '';
  const line = (name: string, method: string) => {
    const { error, tau } = figuresOf(others, method);
    return [name, error.toFixed(2), method === methods.mean ? '–' : signed(tau)];
  };
  const names = [...new Set(others.map(({ target }) => target))].join(', ');
  return `
## Another target

${names}, ${others.length} compounds, took no part in any choice above. Weights are fitted to all the targets above.

${table([
  ['', 'RMSE', 'τ'],
  line('mean', methods.mean),
  line('heavy atoms', methods.heavy),
  ...poolings.flatMap(({ name }) => [
    line(`${name}: shipped`, methods.shipped(name)),
    line(`${name}: **refitted**`, methods.kept(name)),
  ]),
])}
`;
}

function networkSection(): string {
  const { hidden, gaussians, interactions, cutoff, neighbours, pocket } = networkSettings;
  const { epochs, batch, rate, patience } = networkFit;
  return `
## SchNet

A network of ${hidden} features, ${gaussians} Gaussians and ${interactions} interaction, with ${neighbours} neighbours within ${cutoff} Å and the pocket within ${pocket} Å, on the
first ${networkPoses} docked poses of each compound: random weights, Boltzmann at kT = ${firstKT} kcal/mol, the same loss, Adam at a rate of ${rate} with batches of
${batch}, at most ${epochs} epochs, of which the best for one further target is kept (patience ${patience}). Nothing else was tried. A hundred
affinities are few for a network with random initial weights.
`;
}

function withInterval({ value, low, high }: Interval): string {
  return `${signed(value)} [${signed(low)}, ${signed(high)}]`;
}

function signed(number: number): string {
  return number.toFixed(2).replace('-', '−').replace('−0.00', '0.00');
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...body.map(line)].join('\n');
}
