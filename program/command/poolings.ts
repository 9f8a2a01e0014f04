import { type Command, Option } from 'commander';
import type { Value } from 'posetape';
import {
  boltzmann,
  type Combination,
  freeEnergy,
  lse,
  mean,
  powerMean,
  type Setting,
  spread,
} from 'posetape/combine';
import { reshape, slice } from 'posetape/ops';
import { notZero, positive } from './numbers.ts';

export const poolingNames = ['mean', 'lse', 'boltzmann', 'free-energy', 'power-mean', 'spread'] as const;

export type PoolingName = (typeof poolingNames)[number];

/** Numbers that poolings are made with. */
export interface PoolingSettings {
  /** Thermal energy, kcal/mol. */
  readonly kT: number;
  /** Sharpness of lse, mol/kcal. */
  readonly t: number;
  /** Exponent of power-mean. */
  readonly q: number;
}

/** Numbers that poolings are made with, or functions that record them of the parameters. */
export type PoolingMakers = { readonly [Name in keyof PoolingSettings]: Setting };

interface Pooling {
  readonly make: (settings: PoolingMakers) => Combination;
  /** Logarithm of a pose's weight, up to a constant. */
  readonly logWeight: (score: number, settings: PoolingSettings) => number;
}

const byBoltzmann: Pooling['logWeight'] = (score, { kT }) => -score / kT;

/** Ways to make one ΔG of the scores of a compound's poses. */
export const poolings: Readonly<Record<PoolingName, Pooling>> = {
  mean: { make: () => mean(), logWeight: () => 0 },
  lse: { make: ({ t }) => lse({ t }), logWeight: (score, { t }) => -t * score },
  boltzmann: { make: ({ kT }) => boltzmann({ kT }), logWeight: byBoltzmann },
  'free-energy': { make: ({ kT }) => freeEnergy({ kT }), logWeight: byBoltzmann },
  'power-mean': { make: ({ q }) => powerMean({ q }), logWeight: (score, { q }) => q * Math.log(score) },
  spread: { make: ({ kT }) => spread({ kT }), logWeight: byBoltzmann },
};

/** Pooling that was chosen. */
export interface GivenPooling extends PoolingSettings {
  readonly combination: PoolingName;
}

/** Options of {@link addPooling}. */
export const poolingOptions = ['combination', 'kT', 't', 'q'] as const;

export type PoolingOption = (typeof poolingOptions)[number];

/** Readout for a pooling of several numbers: the first, as the objective is one number. */
export function readoutOf({ combination }: GivenPooling): ((prediction: Value) => Value) | undefined {
  return combination === 'spread' ? prediction => reshape(slice(prediction, 0, 1), []) : undefined;
}

/** Adds the options by which a pooling is chosen. */
export function addPooling(command: Command): Command {
  return command
    .addOption(
      new Option('--combination <name>', 'how poses make one ΔG').choices(poolingNames).default('boltzmann'),
    )
    .option('--kT <energy>', 'of boltzmann, free-energy, spread; kcal/mol', positive, 0.593)
    .option('--t <sharpness>', 'of lse; mol/kcal', positive, 1)
    .option('--q <exponent>', 'of power-mean, for scores above 0', notZero, 1);
}

/** Options of a command with the pooling that weights were fitted with, but for what the user chose. */
export function withPooling<Options extends GivenPooling & { readonly chosen: readonly PoolingOption[] }>(
  options: Options,
  pooling: GivenPooling | undefined,
): Options {
  const kept = options.chosen.map(name => [name, options[name]]);
  return { ...options, ...pooling, ...Object.fromEntries(kept) };
}

/** Settings of the pooling that the user chose. */
export function chosenOf(command: Command): PoolingOption[] {
  return poolingOptions.filter(name => command.getOptionValueSource(name) !== 'default');
}

/** w_n of each pose, which sum to 1. */
export function weightsOf(scores: Float64Array, { combination, ...settings }: GivenPooling): Float64Array {
  const logs = scores.map(score => poolings[combination].logWeight(score, settings));
  const highest = logs.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
  const weights = logs.map(each => Math.exp(each - highest));
  const total = weights.reduce((sum, each) => sum + each, 0);
  return weights.map(each => each / total);
}
