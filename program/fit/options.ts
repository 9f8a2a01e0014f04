import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { count, countOrNone, positive } from '../command/numbers.ts';
import { addPooling, type GivenPooling } from '../command/poolings.ts';
import type { Settings } from '../schnet/model.ts';
import { addModelOptions, type GivenModel, settingsOf } from '../schnet/model-options.ts';
import type { Fit } from '../schnet/training.ts';

/** Choices of `fit`. */
export interface FitOptions extends Omit<Fit, 'combination'>, GivenPooling {
  readonly folder: string;
  readonly epochs: number;
  /** The most poses of a compound; all, unless given. */
  readonly limit?: number;
  /** Names of the compounds that are not fitted but predicted. */
  readonly leaveOut: readonly string[];
  readonly settings: Settings;
  /** Where the fitted model goes. */
  readonly out?: string;
  readonly json: boolean;
}

/** Adds what `fit` may be told. */
export function declareFit(command: Command): void {
  command
    .description('Fits a SchNet to the measured affinities of several compounds, each docked in many poses.')
    .option(
      '--folder <path>',
      'pocket.pdbqt, affinities.csv, and <ligand>.pdbqt for each of its rows',
      demo(),
    )
    .option('--limit <poses>', 'take no more poses of a compound than these', count)
    .option('--leave-out <ligands...>', 'compounds that are predicted, not fitted');
  addPooling(command)
    .addOption(
      new Option('--readout <name>', 'what is compared with experiment').choices(['dG', 'pKi']).default('dG'),
    )
    .option('--epochs <number>', 'rounds over the compounds', countOrNone, 20)
    .option('--rate <size>', 'step size of Adam', positive, 0.005)
    .option('--batch <compounds>', 'compounds a step', count, 1)
    .option('--out <file>', 'write the fitted model, for --weights of score')
    .option('--json', 'print all results as JSON')
    .addHelpText(
      'after',
      '\naffinities.csv has the columns ligand, measure (ki or kd), value and unit (nM, uM,\n' +
        '…), and may have others. The default folder holds imatinib and two parts of it with\n' +
        'made-up affinities.',
    );
  addModelOptions(command, { delta: true });
}

/** Options of `fit` as they were given. */
export function fitOptions(command: Command): FitOptions {
  const given = command.opts<Given>();
  return { leaveOut: [], json: false, ...given, settings: settingsOf(given) };
}

type Given = Omit<FitOptions, 'leaveOut' | 'json' | 'settings'> &
  Partial<Pick<FitOptions, 'leaveOut' | 'json'>> &
  GivenModel;

function demo(): string {
  return relative('', fileURLToPath(new URL('../../examples/schnet/data/demo', import.meta.url)));
}
