import { Command, Option } from 'commander';
import type { Terminal } from '../../score/command.ts';
import type { Settings } from '../model.ts';
import { count, even, positive } from './numbers.ts';

/** What the user may choose of a model. */
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

/** A command that writes to the terminal and throws instead of ending the process. */
export function commandOn(terminal: Terminal, name: string): Command {
  return new Command(name)
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: text => terminal.stdout.write(text),
      writeErr: text => terminal.stderr.write(text),
    });
}

/** Adds the options of a model. `delta` is whether energies are differences unless the user says otherwise. */
export function addModelOptions(command: Command, { delta }: Pick<Settings, 'delta'>): Command {
  return command
    .option('--hidden <features>', 'features of an atom', even, 16)
    .option('--interactions <number>', 'how often atoms exchange features', count, 2)
    .option('--neighbours <number>', 'most neighbours of an atom', count, 16)
    .option('--cutoff <distance>', 'farthest neighbour, Å', positive, 5)
    .option('--pocket <distance>', 'receptor atoms this near to the ligand count, Å', positive, 6)
    .addOption(
      delta
        ? new Option('--no-delta', 'do not subtract the energies of the pocket and of the ligand alone')
        : new Option('--delta', 'subtract the energies of the pocket and of the ligand alone'),
    )
    .option('--seed <number>', 'seed of the initial weights', count, 1);
}

/** The settings that were chosen. */
export function settingsOf(given: GivenModel): Settings {
  const { hidden, interactions, neighbours, cutoff, pocket, delta = false } = given;
  return { hidden, gaussians: 25, interactions, neighbours, cutoff, pocket, delta };
}
