import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Option } from 'commander';
import type { Terminal } from '../../score/command.ts';
import { type CombinationName, combinationNames } from '../../score/options.ts';
import type { Settings } from '../model.ts';
import {
  addModelOptions,
  commandOn,
  type GivenModel,
  modelOptionNames,
  settingsOf,
} from './model-options.ts';
import { count, countOrNone, positive } from './numbers.ts';

/** What the command was asked for. Energies in kcal/mol. */
export interface PredictOptions {
  readonly receptor: string;
  readonly poses: string;
  readonly combination: CombinationName;
  readonly kT: number;
  /** Sharpness of lse in mol/kcal. */
  readonly t: number;
  /** The pose whose slopes are wanted, from 1; the best unless given. */
  readonly pose?: number;
  /** Steps of refinement. */
  readonly refine: number;
  /** File of a fitted model. */
  readonly weights?: string;
  /** Of the model, unless it comes from a file. */
  readonly settings: Settings;
  readonly seed: number;
  readonly json: boolean;
}

/**
 * Reads the arguments of the command.
 *
 * @throws CommanderError if they are wrong or ask for help; what there is to say has then been written to the terminal
 */
export function parsePredictOptions(argv: readonly string[], terminal: Terminal): PredictOptions {
  const command = commandOn(terminal, 'npm run schnet --')
    .description(
      'Scores the docked poses of one compound with a SchNet, combines them into one binding free energy, and ' +
        'differentiates it with respect to the weights and to where the ligand is.',
    )
    .option('--receptor <file>', 'receptor, PDB or PDBQT', dataFile('pocket.pdbqt'))
    .option('--poses <file>', 'docked poses of one compound, PDBQT or SDF', dataFile('poses.pdbqt'))
    .addOption(
      new Option('--weights <file>', 'a model that npm run schnet:fit wrote').conflicts([
        ...modelOptionNames,
      ]),
    )
    .addOption(
      new Option('--combination <name>', 'how the poses are combined')
        .choices(combinationNames)
        .default('boltzmann'),
    )
    .option('--kT <energy>', 'thermal energy of boltzmann, kcal/mol', positive, 0.593)
    .option('--t <sharpness>', 'sharpness of lse, mol/kcal', positive, 1)
    .option('--pose <number>', 'the pose to look at and refine; the best, unless given', count)
    .option('--refine <steps>', 'steps downhill on the coordinates of that pose', countOrNone, 10)
    .option('--json', 'print all results as JSON')
    .addHelpText(
      'after',
      '\nThe default files are 64 poses of imatinib in the kinase Abl. Without --weights the\n' +
        'network is untrained, and its energies mean nothing. Hydrogens are left out. All\n' +
        'else in the receptor file counts as receptor: take water and ligands out of it.',
    );
  addModelOptions(command, { delta: false });

  const given = command.parse(argv, { from: 'user' }).opts<Given>();
  return { json: false, ...given, settings: settingsOf(given) };
}

type Given = Omit<PredictOptions, 'json' | 'settings'> & Partial<Pick<PredictOptions, 'json'>> & GivenModel;

/** A file of the example, as the user would name it from where they are. */
function dataFile(name: string): string {
  return relative(
    '',
    fileURLToPath(new URL(`../../../examples/vina/data/imatinib-abl/${name}`, import.meta.url)),
  );
}
