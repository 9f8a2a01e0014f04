import { section, table } from '../command/table.ts';
import type { FitOptions } from './options.ts';
import type { EpochLoss, FitResult, SetResult, Sets } from './run.ts';

/** What is to be fitted, as text. */
export function describeStart({ fitted, leftOut }: Sets, options: FitOptions, styled: boolean): string {
  const { folder, settings, combination, kT, t, readout, batch, rate } = options;
  const { hidden, gaussians, interactions, neighbours, cutoff, pocket, delta } = settings;
  const poses = [...fitted, ...leftOut].reduce((total, compound) => total + compound.poses.length, 0);
  const input = [
    `  folder    ${folder}`,
    `  compounds ${fitted.length} to fit, ${leftOut.length} left out; ${poses} poses`,
    `  network   ${hidden} features, ${gaussians} Gaussians, ${interactions} interactions,`,
    `            ${neighbours} neighbours within ${cutoff} Å, pocket ${pocket} Å`,
    `  ΔG_n      ${delta ? 'complex − pocket − ligand' : 'of the complex'}`,
    `  ΔG        by ${combination}; kT = ${kT}, t = ${t} (kcal/mol)`,
    `  loss      (${readout === 'pKi' ? 'pKi' : 'ΔG'} − experiment)², Adam, batches of ${batch}, rate ${rate}`,
  ].join('\n');
  const heading = `  epoch        loss${leftOut.length > 0 ? '    left out' : ''}`;
  return `${section(styled, 'SchNet, fitted to affinities', input, heading)}\n`;
}

/** One line of the table of epochs. */
export function describeEpoch({ epoch, loss, leftOut }: EpochLoss): string {
  const cells = leftOut === null ? [loss] : [loss, leftOut];
  return `  ${String(epoch).padStart(5)}${cells.map(cell => cell.toFixed(4).padStart(12)).join('')}\n`;
}

/** What came of it, as text. */
export function describeFit(result: FitResult, { out }: FitOptions, styled: boolean): string {
  const rows = result.compounds.map(({ name, isFitted, poses, measured, predicted }) => [
    isFitted ? name : `${name} (left out)`,
    String(poses),
    measured.toFixed(2),
    predicted.toFixed(2),
    (predicted - measured).toFixed(2),
  ]);
  return [
    '',
    section(
      styled,
      'After the fit: ΔG in kcal/mol',
      table([['', 'poses', 'target', 'predicted', 'error'], ...rows]),
      [
        sayErrors('fitted', result.fitted),
        ...(result.leftOut ? [sayErrors('left out', result.leftOut)] : []),
      ].join('\n'),
    ),
    ...(out === undefined ? [] : [`  written to ${out}`]),
    '',
  ].join('\n');
}

function sayErrors(which: string, { rmse, rmseOfMean }: SetResult): string {
  return `  ${which}: root mean square error ${rmse.toFixed(2)}; by the mean of the fitted ${rmseOfMean.toFixed(2)}`;
}
