import { type Command, Option } from 'commander';
import type { VinaWeights } from '../../examples/vina/score.ts';
import { meantBy } from '../command/misspelt.ts';
import { count, countOrNone, fromZero, positive, share } from '../command/numbers.ts';
import { addPooling, chosenOf, type GivenPooling, type PoolingOption } from '../command/poolings.ts';
import { examplePath } from '../command/poses.ts';
import type { Settings } from '../schnet/model.ts';
import {
  addModelOptions,
  checkNoModelOptions,
  type GivenModel,
  modelOptionNames,
  settingsOf,
} from '../schnet/model-options.ts';
import { type ScorerName, scorerNames } from '../weights/saved-model.ts';
import { type LossName, lossNames } from './objective.ts';
import { type OptimiserName, optimiserNames } from './optimiser.ts';

/** Numbers that may be fitted along with the weights. */
export const learnable = ['offset', 'kT', 't'] as const;

export type Learnable = (typeof learnable)[number];

/** Options of `fit`. Energies in kcal/mol. */
export interface FitOptions extends GivenPooling {
  /** True if neither folder nor table is given. The compounds are then those of an example, with made-up affinities. */
  readonly isExample: boolean;
  /** Folders of compounds. */
  readonly folder: readonly string[];
  /** Table of compounds, in place of folders. */
  readonly table?: string;
  /** File of affinities, for a folder that contains one folder for each compound. */
  readonly index?: string;
  /** True to treat an IC50 as a Ki. */
  readonly ic50AsKi: boolean;
  /** Treatment of several rows of one compound. */
  readonly replicates: 'refuse' | 'average';
  /** Maximum number of poses of a compound; all by default. */
  readonly limit?: number;
  readonly strict: boolean;
  readonly scorer: ScorerName;
  /** File of initial weights. */
  readonly weights?: string;
  /** Names of the pooling options that the user gave. A file of weights may provide the others. */
  readonly chosen: readonly PoolingOption[];
  /** Settings of a new SchNet. */
  readonly settings: Settings;
  readonly seed: number;
  readonly learn: readonly Learnable[];
  /** Weights that are not fitted: their names, or prefixes of names before a dot. */
  readonly freeze: readonly string[];
  readonly loss: LossName;
  /** Error beyond which the huber loss is linear. */
  readonly huber: number;
  /** Quantity compared with experiment: ΔG in kcal/mol, or pKi. */
  readonly readout: 'dG' | 'pKi';
  /** Strength of the penalty on changes of Vina's weights from the initial ones. */
  readonly stay: number;
  readonly optimiser: OptimiserName;
  readonly rate: number;
  readonly momentum: number;
  readonly weightDecay?: number;
  /** Maximum length of the gradient. */
  readonly clip?: number;
  readonly epochs: number;
  /** Compounds per step; all for lbfgs. */
  readonly batch?: number;
  /** Fraction of the compounds held out to measure the fit as it runs. */
  readonly validate?: number;
  readonly validateBy: 'compound' | 'target';
  readonly patience?: number;
  /** Names of compounds or targets that are only predicted, not fitted. */
  readonly leaveOut: readonly string[];
  /** File of the fitted model. */
  readonly out?: string;
  readonly checkpoint?: string;
  readonly resume: boolean;
  /** File of the HTML report. */
  readonly report?: string;
  readonly json: boolean;
}

/** Options for the settings of a SchNet. The seed is not one of them: it also draws the validation set and the batches. */
const settingNames = modelOptionNames.filter(name => name !== 'seed');

/** Names of the weights of Vina. The names of the weights of a network depend on its file, so `Problem` checks them. */
const vinaWeightNames: readonly (keyof VinaWeights)[] = [
  'gauss1',
  'gauss2',
  'repulsion',
  'hydrophobic',
  'hydrogenBond',
  'rotors',
];

/** Adds the description, options and examples of `fit`. */
export function declareFit(command: Command): void {
  command
    .description(
      'Fits the weights of a scoring function to measured affinities of compounds, ' +
        'each with a receptor and docked poses.',
    )
    .optionsGroup('Compounds:')
    .addOption(
      new Option('--folder <paths...>', 'folders of compounds').default(
        [examplePath('schnet/data/demo')],
        examplePath('schnet/data/demo'),
      ),
    )
    .option('--table <file>', 'table of compounds, in place of folders')
    .option('--index <file>', 'affinities for a folder in the layout of PDBbind')
    .option('--limit <poses>', 'maximum number of poses of a compound', count)
    .option('--ic50-as-ki', 'take IC50 for Ki')
    .addOption(
      new Option('--replicates <how>', 'treatment of several rows of a compound')
        .choices(['refuse', 'average'])
        .default('refuse'),
    )
    .option('--strict', 'stop at the first compound that cannot be read')
    .option('--leave-out <names...>', 'compounds or targets that are only predicted, not fitted')
    .optionsGroup('Scoring function:')
    .addOption(new Option('--scorer <name>', 'scoring function').choices([...scorerNames]).default('schnet'))
    .addOption(
      new Option('--weights <file>', 'initial weights, from an earlier fit').conflicts([...settingNames]),
    );
  addModelOptions(command, { delta: true }).optionsGroup('Combination and loss:');
  addPooling(command)
    .addOption(
      new Option(
        '--learn <numbers...>',
        'also fit kT or t of the combination, or an offset, which starts at the mean error',
      ).choices([...learnable]),
    )
    .addOption(new Option('--loss <name>', 'loss of a compound').choices([...lossNames]).default('squared'))
    .option('--huber <error>', 'error above which the huber loss is linear', positive, 1)
    .addOption(
      new Option('--readout <name>', 'quantity compared with experiment')
        .choices(['dG', 'pKi'])
        .default('dG'),
    )
    .option('--stay <strength>', 'penalty on changes of the initial weights (vina)', fromZero, 0)
    .optionsGroup('Fit:')
    .addOption(
      new Option('--optimiser <name>', 'default: lbfgs for vina, adam for schnet').choices([
        ...optimiserNames,
      ]),
    )
    .option('--freeze <weights...>', 'weights that are not fitted, such as rotors or embedding')
    .option(
      '--rate <size>',
      'step size of adam, adamw, sgd; for vina relative to the weights',
      positive,
      0.005,
    )
    .option('--momentum <share>', 'momentum of sgd', share, 0)
    .option('--weight-decay <strength>', 'weight decay of adam, adamw, sgd', fromZero)
    .option('--clip <norm>', 'maximum norm of the gradient (adam, adamw, sgd)', positive)
    .option('--epochs <number>', 'passes over the compounds', countOrNone, 20)
    .option('--batch <compounds>', 'compounds per step of adam, adamw, sgd (default: 1)', count)
    .option('--validate <share>', 'hold out this share, and take the weights that are best on it', share)
    .addOption(
      new Option('--validate-by <what>', 'hold out single compounds, or whole targets')
        .choices(['compound', 'target'])
        .default('compound'),
    )
    .option('--patience <epochs>', 'stop after this many epochs without a lower validation loss', count)
    .optionsGroup('Results:')
    .option('--out <file>', 'write the fitted model (safetensors), for --weights')
    .option('--checkpoint <file>', 'write the state of the fit every few seconds')
    .option('--resume', 'continue from the checkpoint, if the file exists')
    .option('--report <file>', 'write a page with charts (HTML)')
    .option('--json', 'print all results as JSON')
    .addHelpText(
      'after',
      `
A folder has pocket.pdbqt, affinities.csv (columns ligand, measure, value, unit)
and <ligand>.pdbqt for each row; or it has such folders inside; or, as in
PDBbind, <id>/<id>_protein.pdb or _pocket.pdb and <id>/<id>_ligand.sdf, with
--index. A table has the columns receptor, poses, measure, value, unit, and
optionally name and target. Values may begin with < or >. Without a folder or
table, fit runs an example with made-up affinities.

fit fits a SchNet unless --scorer vina is given; score and refine score by Vina
unless --scorer schnet is given.

Examples:
  npm start -- fit --scorer vina --folder cdk8 p38 --out vina.safetensors
  npm start -- fit --scorer schnet --table set.csv --validate 0.2 --patience 9 \\
    --report a.html
  npm start -- fit --scorer schnet --folder plb --checkpoint fit.json --resume`,
    );
}

/**
 * Reads the options of `fit`.
 *
 * @throws CommanderError, after its message is written, if options do not go together
 */
export function fitOptions(command: Command): FitOptions {
  const given = command.opts<Given>();
  const isChosen = (name: string) => command.getOptionValueSource(name) !== 'default';
  const fail = (message: string): never => command.error(`error: ${message}`);
  const optimiser = given.optimiser ?? (given.scorer === 'vina' ? 'lbfgs' : 'adam');
  if (given.scorer === 'vina') checkNoModelOptions(command, settingNames);
  if (given.table !== undefined && isChosen('folder')) fail('--table and --folder exclude each other');
  if (optimiser === 'lbfgs') {
    for (const name of ['batch', 'rate', 'momentum', 'weightDecay', 'clip'] as const) {
      if (given[name] !== undefined && isChosen(name)) {
        const option = name === 'weightDecay' ? 'weight-decay' : name;
        const advice =
          given.optimiser === undefined ? ', the default for vina: choose another optimiser' : '';
        fail(`--${option} does not go with --optimiser lbfgs${advice}`);
      }
    }
  }
  if (given.patience !== undefined && given.validate === undefined) fail('--patience needs --validate');
  if (given.resume && given.checkpoint === undefined) fail('--resume needs --checkpoint <file>');
  if (given.stay > 0 && given.scorer !== 'vina') fail('--stay needs --scorer vina');
  if (given.loss === 'gaussian' && given.combination !== 'spread') {
    fail('--loss gaussian needs --combination spread, which predicts a variance');
  }
  if (given.loss === 'gaussian' && given.readout === 'pKi') {
    fail('--loss gaussian needs --readout dG');
  }
  for (const name of given.scorer === 'vina' ? (given.freeze ?? []) : []) {
    if (vinaWeightNames.some(known => known === name)) continue;
    const similar = meantBy(name, vinaWeightNames);
    const advice =
      similar === undefined ? `weights are ${vinaWeightNames.join(', ')}` : `did you mean ${similar}?`;
    fail(`--freeze ${name}: no such weight; ${advice}`);
  }
  const learn = given.learn ?? [];
  if (learn.includes('kT') && !['boltzmann', 'free-energy', 'spread'].includes(given.combination)) {
    fail(`--learn kT does not go with --combination ${given.combination}`);
  }
  if (learn.includes('t') && given.combination !== 'lse') {
    fail(`--learn t does not go with --combination ${given.combination}`);
  }
  return {
    ...{ leaveOut: [], freeze: [], ic50AsKi: false, strict: false, resume: false, json: false },
    ...given,
    ...{ learn, optimiser, isExample: given.table === undefined && !isChosen('folder') },
    settings: settingsOf(given),
    chosen: chosenOf(command),
  };
}

type Optional = 'leaveOut' | 'learn' | 'freeze' | 'ic50AsKi' | 'strict' | 'resume' | 'json' | 'optimiser';

type Given = Omit<FitOptions, Optional | 'settings' | 'chosen' | 'isExample'> &
  Partial<Pick<FitOptions, Optional>> &
  GivenModel;
