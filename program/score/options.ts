import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Terminal } from './command.ts';

export const combinationNames = ['mean', 'lse', 'boltzmann'] as const;
export const strategyNames = ['stream', 'recompute', 'full-graph'] as const;

export type CombinationName = (typeof combinationNames)[number];
export type StrategyName = (typeof strategyNames)[number];

/** What the command was asked for. Energies in kcal/mol. */
export interface Options {
  /** Path of a PDBQT file with one model. */
  readonly receptor: string;
  /** Path of a PDBQT file with one or more poses of one compound. */
  readonly poses: string;
  /** The combination that the loss and the comparison of strategies use. */
  readonly combination: CombinationName;
  readonly kT: number;
  /** Sharpness of lse in mol/kcal. */
  readonly t: number;
  readonly target: number;
  readonly strategies: readonly StrategyName[];
  readonly json: boolean;
}

/**
 * kcal/mol: kT ln K for a dissociation constant K of 40 nM at 298 K, about what imatinib is measured to have with
 * inactive Abl. Published constants spread over more than a power of ten, so this is an example of a target, no more.
 */
export const imatinibTarget = -10.1;

/**
 * Reads the arguments of the command.
 *
 * @throws CommanderError if they are wrong or ask for help; what there is to say has then been written to the terminal
 */
export function parseOptions(argv: readonly string[], terminal: Terminal): Options {
  const command = new Command('npm start --')
    .description(
      'Combines the Vina binding free energies of the docked poses of one compound into one, and differentiates it ' +
        'with respect to the six weights of the scoring function, one pose at a time.',
    )
    .option('--receptor <file>', 'receptor, PDBQT', dataFile('pocket.pdbqt'))
    .option('--poses <file>', 'docked poses of one compound, PDBQT', dataFile('poses.pdbqt'))
    .addOption(
      new Option('--combination <name>', 'combination that the loss is taken of')
        .choices(combinationNames)
        .default('boltzmann'),
    )
    .option('--kT <energy>', 'thermal energy of boltzmann, kcal/mol', positive, 0.593)
    .option('--t <sharpness>', 'sharpness of lse, mol/kcal', positive, 1)
    .option('--target <energy>', 'target of the loss (ΔG − target)², kcal/mol', finite, imatinibTarget)
    .addOption(
      new Option('--strategy <name>', 'how to get the gradient')
        .choices([...strategyNames, 'all'])
        .default('all'),
    )
    .option('--json', 'print all results as JSON')
    .addHelpText(
      'after',
      '\nThe default files are 64 poses of imatinib in the kinase Abl; the default target belongs to\n' +
        'a dissociation constant of 40 nM, about what is measured for the two: only an example.\n' +
        '\nExamples:\n' +
        '  npm start -- --combination lse --t 5 --strategy stream\n' +
        '  npm start --silent -- --receptor protein.pdbqt --poses docked.pdbqt --json > result.json',
    )
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({
      writeOut: text => terminal.stdout.write(text),
      writeErr: text => terminal.stderr.write(text),
    });

  const given = command.parse(argv, { from: 'user' }).opts<Given>();
  return {
    receptor: given.receptor,
    poses: given.poses,
    combination: given.combination,
    kT: given.kT,
    t: given.t,
    target: given.target,
    strategies: given.strategy === 'all' ? strategyNames : [given.strategy],
    json: given.json ?? false,
  };
}

type Given = Omit<Options, 'json' | 'strategies'> & {
  readonly json?: boolean;
  readonly strategy: StrategyName | 'all';
};

/** A file of the example, as the user would name it from where they are. */
function dataFile(name: string): string {
  return relative(
    '',
    fileURLToPath(new URL(`../../examples/vina/data/imatinib-abl/${name}`, import.meta.url)),
  );
}

function finite(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw new InvalidArgumentError('It must be a number.');
  return number;
}

function positive(text: string): number {
  const number = finite(text);
  if (number <= 0) throw new InvalidArgumentError('It must be a number greater than 0.');
  return number;
}
