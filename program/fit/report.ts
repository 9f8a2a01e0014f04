import type { EpochLosses } from 'posetape/fit';
import { counted } from '../command/counted.ts';
import { describePooling } from '../command/poolings.ts';
import { fixed, section, table } from '../command/table.ts';
import type { FitOptions } from './options.ts';
import type { Problem } from './problem.ts';
import type { FitReport, FittedNumber, PartResult } from './result.ts';

/** Options of {@link describeStart}. */
interface Start {
  readonly isStyled: boolean;
  /** Number of epochs done before this run. */
  readonly resumed: number;
}

/** Maximum number of compounds that are listed. */
const mostCompounds = 60;

/** Describes the data and the settings of a fit as text. */
export function describeStart(problem: Problem, options: FitOptions, start: Start): string {
  const { settings } = problem.scorer;
  const { loss, readout, optimiser, rate, learn, table: file, folder } = options;
  const parts = (['fitted', 'validation', 'left out'] as const).map(part => problem.inPart(part).length);
  const [fitted, validation, leftOut] = parts as [number, number, number];
  const poses = problem.all.reduce((total, { poseCount }) => total + poseCount, 0);
  const targetCount = new Set(problem.all.map(({ target }) => target)).size;
  const from = file ?? (folder.length > 1 ? `${folder[0]} and ${folder.length - 1} more` : folder[0]);
  const batch =
    optimiser === 'lbfgs' ? 'all compounds a step' : `batches of ${options.batch ?? 1}, rate ${rate}`;
  const lines = [
    `  from      ${from}`,
    `  compounds ${fitted} to fit, ${validation > 0 ? `${validation} to validate, ` : ''}${leftOut} left out; ${counted(poses, 'pose')}`,
    ...(targetCount > 1 ? [`  targets   ${targetCount}`] : []),
    ...(settings
      ? [
          `  network   ${settings.hidden} features, ${settings.gaussians} Gaussians, ${counted(settings.interactions, 'interaction')},`,
          `            ${settings.neighbours} neighbours within ${settings.cutoff} Å, pocket ${settings.pocket} Å`,
          `  ΔG_n      ${settings.delta ? 'complex − pocket − ligand' : 'of the complex'}`,
        ]
      : []),
    `  ΔG        by ${describePooling(options)}${learn.length > 0 ? `; fits ${learn.join(', ')}` : ''}`,
    `  loss      ${loss}, of ${readout === 'pKi' ? 'pKi' : 'ΔG'}; ${optimiser}, ${batch}`,
    ...(start.resumed > 0 ? [`  resumed   after epoch ${start.resumed}`] : []),
  ];
  const name = settings ? 'SchNet' : 'Vina';
  const heading = `  epoch        loss${validation > 0 ? '  validation' : ''}`;
  return `${section(start.isStyled, `${name}, fitted to affinities`, lines.join('\n'), heading)}\n`;
}

/** True if an epoch is printed: each of up to 50 epochs, else the first five, the last, and at most 40 others. */
export function isShown(epoch: number, epochs: number): boolean {
  return epochs <= 50 || epoch <= 5 || epoch === epochs || epoch % Math.ceil(epochs / 40) === 0;
}

/** Formats an epoch as a line of the table of epochs. */
export function describeEpoch({ epoch, loss, validationLoss }: EpochLosses): string {
  const cells = validationLoss === undefined ? [loss] : [loss, validationLoss];
  return `  ${String(epoch).padStart(5)}${cells.map(cell => fixed(cell, 4).padStart(12)).join('')}\n`;
}

/** Formats the results of a fit as text. */
export function describeFit(report: FitReport, options: FitOptions, isStyled: boolean): string {
  const { compounds, epochs, best, stopped, numbers } = report;
  const rows = compounds
    .slice(0, mostCompounds)
    .map(({ name, part, poses, measured, bound, predicted }) => [
      part === 'fitted' ? name : `${name} (${part})`,
      String(poses),
      `${bound === undefined ? '' : bound === 'lower' ? '>' : '<'}${fixed(measured, 2)}`,
      fixed(predicted, 2),
      fixed(predicted - measured, 2),
    ]);
  const more = compounds.length > mostCompounds ? [`  and ${compounds.length - mostCompounds} more`] : [];
  const isBestByValidation = report.validation !== null && epochs.length > 0;
  return [
    '',
    ...(isBestByValidation
      ? [`  weights of epoch ${best}, the best by validation; stopped by ${stopped}`, '']
      : []),
    section(
      isStyled,
      'After the fit: ΔG in kcal/mol',
      [table([['', 'poses', 'measured', 'predicted', 'error'], ...rows]), ...more].join('\n'),
      describeErrors(report),
    ),
    '',
    ...(numbers.every(({ isNorm }) => !isNorm)
      ? [
          section(
            isStyled,
            'Weights before and after',
            table([['', 'before', 'after'], ...numbers.map(rowOf)]),
          ),
          '',
        ]
      : []),
    ...(options.out === undefined
      ? []
      : [
          `  written to ${options.out}`,
          `  score by it with --scorer ${options.scorer} --weights ${options.out}`,
        ]),
    ...(options.report === undefined ? [] : [`  report in ${options.report}`]),
    '',
  ].join('\n');
}

function describeErrors({ fitted, validation, leftOut }: FitReport): string {
  const rows = [
    errorRow('fitted', fitted),
    ...(validation ? [errorRow('validation', validation)] : []),
    ...(leftOut ? [errorRow('left out', leftOut)] : []),
  ];
  return [
    '  RMSE: root mean square error. Mean: RMSE if every compound were predicted as',
    '  the mean of the fitted ones.',
    '  Within: RMSE after the best shift of each target. τ: Kendall’s within targets.',
    '',
    table([['', 'compounds', 'RMSE', 'mean', 'within', 'τ'], ...rows]),
  ].join('\n');
}

function errorRow(name: string, { compounds, rmse, rmseOfMean, rmseWithin, tau }: PartResult): string[] {
  const numbers = [rmse, rmseOfMean, rmseWithin].map(each => fixed(each, 2));
  return [name, String(compounds), ...numbers, tau === null ? '–' : fixed(tau, 2)];
}

function rowOf({ name, before, after }: FittedNumber): string[] {
  return [name, fixed(before, 6), fixed(after, 6)];
}
