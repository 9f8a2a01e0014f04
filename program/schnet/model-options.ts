import { type Command, Option } from 'commander';
import { count, even, positive } from '../command/numbers.ts';
import type { Settings } from './model.ts';

/** Choices of an untrained model. */
export type GivenModel = Pick<Settings, 'hidden' | 'interactions' | 'neighbours' | 'cutoff' | 'pocket'> & {
  readonly delta?: boolean;
  readonly seed: number;
};

/** The options by their names in code. A model from a file brings its own and excludes them. */
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
 * Adds the options of a model.
 *
 * @param delta whether energies are differences unless the user says otherwise
 * @param isHidden whether `--help` leaves them out
 */
export function addModelOptions(
  command: Command,
  { delta, isHidden = false }: Pick<Settings, 'delta'> & { readonly isHidden?: boolean },
): Command {
  const options = [
    new Option('--hidden <features>', 'features of an atom').argParser(even).default(16),
    new Option('--interactions <number>', 'how often atoms exchange features').argParser(count).default(2),
    new Option('--neighbours <number>', 'most neighbours of an atom').argParser(count).default(16),
    new Option('--cutoff <distance>', 'farthest neighbour, Å').argParser(positive).default(5),
    new Option('--pocket <distance>', 'receptor atoms this near to the ligand count, Å')
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

/** The settings that were chosen. */
export function settingsOf(given: GivenModel): Settings {
  const { hidden, interactions, neighbours, cutoff, pocket, delta = false } = given;
  return { hidden, gaussians: 25, interactions, neighbours, cutoff, pocket, delta };
}
