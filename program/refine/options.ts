import { type Command, Option } from 'commander';
import { count, positive } from '../command/numbers.ts';
import { type GivenPoses, posesOf } from '../command/poses.ts';

/** Choices of `refine`. */
export interface RefineOptions extends GivenPoses {
  readonly scorer: 'vina' | 'schnet';
  /** File of fitted weights. */
  readonly weights?: string;
  /** The most iterations a pose. */
  readonly steps: number;
  /** kcal/mol/Å */
  readonly tolerance: number;
  /** File of the refined poses. */
  readonly out?: string;
  /** Number of the best poses that are written and listed; all by default, in the order they were read. */
  readonly top?: number;
  readonly json: boolean;
  readonly strict: boolean;
}

/** Adds what `refine` may be told. */
export function declareRefine(command: Command): void {
  command
    .description(
      'Refines docked poses: moves and turns each as a whole and about its rotatable bonds until its energy falls no ' +
        'more. Bond lengths and angles stay.',
    )
    .argument(
      '[poses...]',
      'files (PDBQT or DLG; for schnet SDF, mol2, PDB and mmCIF, too; maybe .gz), folders and patterns',
    )
    .option('--receptor <file>', 'receptor, PDBQT; for schnet any of these formats')
    .addOption(new Option('--scorer <name>', 'scoring function').choices(['vina', 'schnet']).default('vina'))
    .option('--weights <file>', 'weights that fit wrote')
    .option('--steps <number>', 'most steps of L-BFGS a pose', count, 200)
    .option('--tolerance <slope>', 'slope at which a pose is done, kcal/mol/Å', positive, 0.01)
    .option('--out <file>', 'write the refined poses here, in the format they have: PDBQT, SDF or PDB')
    .option(
      '--top <number>',
      'keep only so many poses of all compounds together, the best by score first',
      count,
    )
    .option('--json', 'print the results as JSON')
    .option('--strict', 'stop at the first bad molecule; else it is reported and skipped')
    .addHelpText(
      'after',
      `
Parts turn by the torsions of PDBQT, or by the bonds of SDF, mol2 and mmCIF and
of CONECT in the models of PDB, if these connect all atoms. A molecule without
either moves as a whole.

Vina's energy is that between ligand and receptor and, as in vina --local_only,
within the ligand; the score is the binding free energy. Atoms, their order and
all else in the files is kept but for coordinates and energies. --out gets the
poses of all compounds, those of one in a row; of several files, REMARK COMPOUND
or the title of SDF names each, by which score tells them apart again.

Examples:
  npm start -- refine docked.pdbqt --receptor protein.pdbqt --out refined.pdbqt
  npm start -- refine docked.pdbqt --receptor protein.pdbqt --top 10 --out best.pdbqt
  npm start -- refine docked.sdf --receptor protein.pdb --scorer schnet \\
    --weights model.safetensors --out refined.sdf`,
    );
}

/**
 * Options of `refine` as they were given.
 *
 * @throws CommanderError, with a message written, for a combination that makes no sense
 */
export function refineOptions(command: Command): RefineOptions {
  const { receptor, ...given } = command.opts<Given>();
  const poses = posesOf(command, receptor, command.processedArgs[0] as string[]);
  if (given.weights === undefined && given.scorer === 'schnet') {
    command.error('error: --scorer schnet needs --weights: an untrained network leads nowhere');
  }
  return {
    json: false,
    strict: false,
    ...given,
    ...poses,
  };
}

type Given = Omit<RefineOptions, 'receptor' | 'poses' | 'json' | 'strict'> &
  Partial<Pick<RefineOptions, 'receptor' | 'json' | 'strict'>>;
