import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Option } from 'commander';
import type { Terminal } from '../../score/command.ts';
import { type CombinationName, combinationNames } from '../../score/options.ts';
import type { Settings } from '../model.ts';
import type { Fit } from '../training.ts';
import { addModelOptions, commandOn, type GivenModel, settingsOf } from './model-options.ts';
import { count, countOrNone, positive } from './numbers.ts';

/** What the command was asked for. */
export interface FitOptions extends Omit<Fit, 'combination'> {
  readonly folder: string;
  readonly combination: CombinationName;
  /** Sharpness of lse in mol/kcal. */
  readonly t: number;
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

/**
 * Reads the arguments of the command.
 *
 * @throws CommanderError if they are wrong or ask for help; what there is to say has then been written to the terminal
 */
export function parseFitOptions(argv: readonly string[], terminal: Terminal): FitOptions {
  const command = commandOn(terminal, 'npm run schnet:fit --')
    .description('Fits a SchNet to the measured affinities of several compounds, each docked in many poses.')
    .option(
      '--folder <path>',
      'pocket.pdbqt, affinities.csv, and <ligand>.pdbqt for each of its rows',
      demo(),
    )
    .option('--limit <poses>', 'take no more poses of a compound than these', count)
    .option('--leave-out <ligands...>', 'compounds that are predicted, not fitted')
    .addOption(
      new Option('--combination <name>', 'how the poses are combined')
        .choices(combinationNames)
        .default('boltzmann'),
    )
    .option('--kT <energy>', 'thermal energy of boltzmann and pKi, kcal/mol', positive, 0.593)
    .option('--t <sharpness>', 'sharpness of lse, mol/kcal', positive, 1)
    .addOption(
      new Option('--readout <name>', 'what is compared with experiment').choices(['dG', 'pKi']).default('dG'),
    )
    .option('--epochs <number>', 'rounds over the compounds', countOrNone, 20)
    .option('--rate <size>', 'step size of Adam', positive, 0.005)
    .option('--batch <compounds>', 'compounds a step', count, 1)
    .option('--out <file>', 'write the fitted model, for --weights of npm run schnet')
    .option('--json', 'print all results as JSON')
    .addHelpText(
      'after',
      '\naffinities.csv has the columns ligand, measure (ki or kd), value and unit (nM, uM,\n' +
        '…), and may have others. The default folder holds imatinib and two parts of it with\n' +
        'made-up affinities.',
    );
  addModelOptions(command, { delta: true });

  const given = command.parse(argv, { from: 'user' }).opts<Given>();
  return { leaveOut: [], json: false, ...given, settings: settingsOf(given) };
}

type Given = Omit<FitOptions, 'leaveOut' | 'json' | 'settings'> &
  Partial<Pick<FitOptions, 'leaveOut' | 'json'>> &
  GivenModel;

function demo(): string {
  return relative('', fileURLToPath(new URL('../../../examples/schnet/data/demo', import.meta.url)));
}
