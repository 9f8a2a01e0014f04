import { type Command, Option } from 'commander';
import { count, even, positive } from '../command/numbers.ts';
import type { Settings } from './model.ts';

/** Options of an untrained model. */
export type GivenModel = Pick<Settings, 'hidden' | 'interactions' | 'neighbours' | 'cutoff' | 'pocket'> & {
  readonly delta?: boolean;
  readonly seed: number;
};

/** Names of the properties of {@link GivenModel}. These options exclude a model file, which has its own settings. */
export const modelOptionNames: readonly (keyof GivenModel)[] = [
  'hidden',
  'interactions',
  'neighbours',
  'cutoff',
  'pocket',
  'delta',
  'seed',
];

/**
 * Adds the options of an untrained model.
 *
 * @param delta default of the setting `delta`
 * @param isHidden true if `--help` omits the options; by default false
 */
export function addModelOptions(
  command: Command,
  { delta, isHidden = false }: Pick<Settings, 'delta'> & { readonly isHidden?: boolean },
): Command {
  const options = [
    new Option('--hidden <features>', 'number of features of an atom').argParser(even).default(16),
    new Option('--interactions <number>', 'number of interaction layers').argParser(count).default(2),
    new Option('--neighbours <number>', 'maximum number of neighbours of an atom')
      .argParser(count)
      .default(16),
    new Option('--cutoff <distance>', 'maximum distance of a neighbour, Å').argParser(positive).default(5),
    new Option('--pocket <distance>', 'use receptor atoms within this distance of the ligand, Å')
      .argParser(positive)
      .default(6),
    delta
      ? new Option('--no-delta', 'do not subtract the energies of the pocket and of the ligand alone')
      : new Option('--delta', 'subtract the energies of the pocket and of the ligand alone'),
    new Option('--seed <number>', 'seed of the initial weights').argParser(count).default(1),
  ];
  for (const option of options) command.addOption(option.hideHelp(isHidden));
  return command;
}

/** Rejects the named options if one was given, because the chosen scoring function is not a network. */
export function checkNoModelOptions(command: Command, names: readonly (keyof GivenModel)[]): void {
  const name = names.find(option => command.getOptionValueSource(option) === 'cli');
  if (name === undefined) return;
  const option = command.options.find(each => each.attributeName() === name);
  command.error(`error: ${option?.long} needs --scorer schnet`);
}

/** Returns the settings of an untrained model. */
export function settingsOf(model: GivenModel): Settings {
  const { hidden, interactions, neighbours, cutoff, pocket, delta = false } = model;
  return { hidden, gaussians: 25, interactions, neighbours, cutoff, pocket, delta };
}
