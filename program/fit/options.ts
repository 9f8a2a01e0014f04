import { type Command, Option } from 'commander';
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

/** Numbers that may be fitted beside the weights. */
export const learnable = ['offset', 'kT', 't'] as const;

export type Learnable = (typeof learnable)[number];

/** Options of `fit`. Energies in kcal/mol. */
export interface FitOptions extends GivenPooling {
  /**
   * True if neither folder nor table is given: the compounds are those of an example, with made-up
   * affinities.
   */
  readonly isExample: boolean;
  /** Folders of compounds. */
  readonly folder: readonly string[];
  /** Table of compounds, in place of folders. */
  readonly table?: string;
  /** File of affinities for a folder that has a folder for each compound. */
  readonly index?: string;
  readonly ic50AsKi: boolean;
  readonly replicates: 'refuse' | 'average';
  /** Maximum number of poses of a compound; all by default. */
  readonly limit?: number;
  readonly strict: boolean;
  readonly scorer: ScorerName;
  /** File of initial weights. */
  readonly weights?: string;
  /** Settings of the pooling that the user chose; the others may come with the weights. */
  readonly chosen: readonly PoolingOption[];
  /** Settings of a new SchNet. */
  readonly settings: Settings;
  readonly seed: number;
  readonly learn: readonly Learnable[];
  readonly freeze: readonly string[];
  readonly loss: LossName;
  /** Error beyond which the huber loss is linear. */
  readonly huber: number;
  /** Quantity compared with experiment: ΔG in kcal/mol, or pKi. */
  readonly readout: 'dG' | 'pKi';
  /** Strength of the penalty on changes of Vina's initial weights. */
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
  /** Compounds or targets that are predicted, but take no part in the fit. */
  readonly leaveOut: readonly string[];
  /** File of the fitted model. */
  readonly out?: string;
  readonly checkpoint?: string;
  readonly resume: boolean;
  /** File of the HTML report. */
  readonly report?: string;
  readonly json: boolean;
}

/** Options of a SchNet's settings. The seed is not among them: it also draws the validation set and the batches. */
const settingNames = modelOptionNames.filter(name => name !== 'seed');

/** Adds the description, options and examples of `fit`. */
export function declareFit(command: Command): void {
  command
    .description(
      'Fits the weights of a scoring function to the measured affinities of many compounds, ' +
        'each docked in its own receptor, in many poses.',
    )
    .optionsGroup('Compounds:')
    .option('--folder <paths...>', 'folders of compounds', [examplePath('schnet/data/demo')])
    .option('--table <file>', 'table of compounds, in place of folders')
    .option('--index <file>', 'affinities for a folder as PDBbind has it')
    .option('--limit <poses>', 'take no more poses of a compound than these', count)
    .option('--ic50-as-ki', 'take IC50 for Ki')
    .addOption(
      new Option('--replicates <how>', 'several rows of a compound')
        .choices(['refuse', 'average'])
        .default('refuse'),
    )
    .option('--strict', 'stop at the first compound that cannot be read')
    .option('--leave-out <names...>', 'compounds or targets that are predicted, not fitted')
    .optionsGroup('Scoring function:')
    .addOption(new Option('--scorer <name>', 'scoring function').choices([...scorerNames]).default('schnet'))
    .addOption(
      new Option('--weights <file>', 'begin with weights that fit wrote').conflicts([...settingNames]),
    );
  addModelOptions(command, { delta: true }).optionsGroup('Combination and loss:');
  addPooling(command)
    .addOption(
      new Option('--learn <numbers...>', 'fit these, too: an offset, kT or t of the combination').choices([
        ...learnable,
      ]),
    )
    .addOption(new Option('--loss <name>', 'of a compound').choices([...lossNames]).default('squared'))
    .option('--huber <error>', 'error from which on huber is linear', positive, 1)
    .addOption(
      new Option('--readout <name>', 'what is compared with experiment').choices(['dG', 'pKi']).default('dG'),
    )
    .option('--stay <strength>', 'cost of leaving the first weights (vina)', fromZero, 0)
    .optionsGroup('Fit:')
    .addOption(
      new Option('--optimiser <name>', 'lbfgs for vina, adam for schnet unless given').choices([
        ...optimiserNames,
      ]),
    )
    .option('--freeze <weights...>', 'weights that stay, such as rotors or embedding')
    .option('--rate <size>', 'step size; for vina relative to the weights', positive, 0.005)
    .option('--momentum <share>', 'of sgd', share, 0)
    .option('--weight-decay <strength>', 'of adam, adamw, sgd', fromZero)
    .option('--clip <norm>', 'longest gradient (adam, adamw, sgd)', positive)
    .option('--epochs <number>', 'rounds over the compounds', countOrNone, 20)
    .option('--batch <compounds>', 'compounds a step: 1, or all for lbfgs', count)
    .option('--validate <share>', 'hold out this share, and keep the weights that are best on it', share)
    .addOption(
      new Option('--validate-by <what>', 'hold out single compounds, or whole targets')
        .choices(['compound', 'target'])
        .default('compound'),
    )
    .option('--patience <epochs>', 'stop when the validation has not improved for so long', count)
    .optionsGroup('Results:')
    .option('--out <file>', 'write the fitted model (safetensors), for --weights')
    .option('--checkpoint <file>', 'write the state of the fit as it goes on')
    .option('--resume', 'go on from the checkpoint, if it is there')
    .option('--report <file>', 'write a page with pictures (HTML)')
    .option('--json', 'print all results as JSON')
    .addHelpText(
      'after',
      `
A folder has pocket.pdbqt, affinities.csv (columns ligand, measure, value, unit)
and <ligand>.pdbqt for each row, or folders of this kind; or, as in PDBbind,
<id>/<id>_protein.pdb or _pocket.pdb and <id>/<id>_ligand.sdf, with --index. A
table has the columns receptor, poses, measure, value, unit, and maybe name and
target. Values may begin with < or >. Without either it fits an example, whose
affinities are made up.

Examples:
  npm start -- fit --scorer vina --folder cdk8 p38 --out vina.safetensors
  npm start -- fit --table set.csv --validate 0.2 --patience 9 --report a.html
  npm start -- fit --folder plb --checkpoint fit.json --resume`,
    );
}

/**
 * Options of `fit` as they were given.
 *
 * @throws CommanderError, with a message written, for a combination that makes no sense
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
        fail(`--${name === 'weightDecay' ? 'weight-decay' : name} does not go with --optimiser lbfgs`);
      }
    }
  }
  if (given.patience !== undefined && given.validate === undefined) fail('--patience needs --validate');
  if (given.resume && given.checkpoint === undefined) fail('--resume needs --checkpoint <file>');
  if (given.stay > 0 && given.scorer !== 'vina') fail('--stay goes with --scorer vina');
  if (given.loss === 'gaussian' && given.combination !== 'spread') {
    fail('--loss gaussian goes with --combination spread, which predicts a variance');
  }
  if (given.loss === 'gaussian' && given.readout === 'pKi') {
    fail('--loss gaussian goes with --readout dG');
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
