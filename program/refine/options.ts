import { type Command, Option } from 'commander';
import { count, positive } from '../command/numbers.ts';
import { type GivenPoses, givenPosesOf } from '../command/poses.ts';

/** Options of `refine`. */
export interface RefineOptions extends GivenPoses {
  readonly scorer: 'vina' | 'schnet';
  /** File of fitted weights. */
  readonly weights?: string;
  /** Maximum number of iterations per pose. */
  readonly steps: number;
  /** Slope at which a pose is done, in kcal/mol/Å. */
  readonly tolerance: number;
  /** File for the refined poses. */
  readonly out?: string;
  /** Number of the best poses that are written and listed; by default all, in the order they were read. */
  readonly top?: number;
  readonly json: boolean;
  readonly strict: boolean;
}

/** Adds the description, arguments, options and examples of `refine`. */
export function declareRefine(command: Command): void {
  command
    .description(
      'Refines docked poses: minimises the energy of each by its position, orientation and torsions. Bond lengths and ' +
        'angles do not change.',
    )
    .argument(
      '[poses...]',
      'files (PDBQT or DLG; for schnet also SDF, mol2, PDB and mmCIF; each may be .gz), patterns, and folders, whose PDB and mmCIF files are ignored',
    )
    .option('--receptor <file>', 'receptor, PDBQT; for schnet any of these formats')
    .addOption(new Option('--scorer <name>', 'scoring function').choices(['vina', 'schnet']).default('vina'))
    .option('--weights <file>', 'weights that fit wrote')
    .option('--steps <number>', 'maximum number of L-BFGS steps per pose', count, 200)
    .option('--tolerance <slope>', 'slope at which a pose is done, kcal/mol/Å', positive, 0.01)
    .option('--out <file>', 'write the refined poses, in the format of the input: PDBQT, SDF or PDB')
    .option(
      '--top <number>',
      'write and list only this number of poses, over all compounds, lowest score first',
      count,
    )
    .option('--json', 'print the results as JSON')
    .option('--strict', 'stop at the first bad pose instead of reporting and skipping it')
    .addHelpText(
      'after',
      `
Rotatable bonds are the torsions of PDBQT, or follow from the bonds of SDF,
mol2, mmCIF and the CONECT records in a model of PDB, if these connect all
atoms. A molecule without either moves as a whole.

Vina's energy is that between ligand and receptor and, as in vina --local_only,
within the ligand; the score is the binding free energy. Coordinates in --out
are rounded, those of PDBQT and PDB to 0.001 Å, so scoring the file may give
scores that differ in the third decimal. --out changes only coordinates and
energies. The file has the poses of all compounds in the order of the input or,
with --top, grouped by compound. With several input files, REMARK COMPOUND, or
the title in SDF, names the compound of each pose; score reads these names.

Examples:
  npm start -- refine docked.pdbqt --receptor protein.pdbqt --out refined.pdbqt
  npm start -- refine docked.pdbqt --receptor protein.pdbqt --top 10 --out best.pdbqt
  npm start -- refine docked.sdf --receptor protein.pdb --scorer schnet \\
    --weights model.safetensors --out refined.sdf`,
    );
}

/**
 * Reads the options of `refine`.
 *
 * @throws CommanderError, after its message is written, if options do not go together
 */
export function refineOptions(command: Command): RefineOptions {
  const { receptor, ...given } = command.opts<Given>();
  const poses = givenPosesOf(command, receptor, command.processedArgs[0] as string[]);
  if (given.weights === undefined && given.scorer === 'schnet') {
    command.error('error: --scorer schnet needs --weights: the energy of an untrained network means nothing');
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
