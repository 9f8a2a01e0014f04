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

/** Names of the poolings, for `--combination`. */
export const poolingNames = ['mean', 'lse', 'boltzmann', 'free-energy', 'power-mean', 'spread'] as const;

export type PoolingName = (typeof poolingNames)[number];

/** Settings of the poolings; each pooling uses at most one. */
export interface PoolingSettings {
  /** Thermal energy, kcal/mol. */
  readonly kT: number;
  /** Sharpness of lse, mol/kcal. */
  readonly t: number;
  /** Exponent of power-mean. */
  readonly q: number;
}

/** Settings of the poolings. Each is a number or, if it is learned, a function that computes it from the parameters of a fit. */
export type LearnableSettings = { readonly [Name in keyof PoolingSettings]: Setting };

/** Pooling of the scores of a compound's poses into one ΔG. */
interface Pooling {
  /** Setting that the pooling uses; absent for a pooling without settings. */
  readonly setting?: keyof PoolingSettings;
  /** Returns the combination for the library. */
  readonly make: (settings: LearnableSettings) => Combination;
  /** Returns the logarithm of a pose's weight, up to a constant. */
  readonly logWeight: (score: number, settings: PoolingSettings) => number;
}

/** Logarithm of the Boltzmann weight of a pose. */
const byBoltzmann: Pooling['logWeight'] = (score, { kT }) => -score / kT;

/** Poolings by name. */
export const poolings: Readonly<Record<PoolingName, Pooling>> = {
  mean: { make: () => mean(), logWeight: () => 0 },
  lse: { setting: 't', make: ({ t }) => lse({ t }), logWeight: (score, { t }) => -t * score },
  boltzmann: { setting: 'kT', make: ({ kT }) => boltzmann({ kT }), logWeight: byBoltzmann },
  'free-energy': { setting: 'kT', make: ({ kT }) => freeEnergy({ kT }), logWeight: byBoltzmann },
  'power-mean': {
    setting: 'q',
    make: ({ q }) => powerMean({ q }),
    logWeight: (score, { q }) => q * Math.log(score),
  },
  spread: { setting: 'kT', make: ({ kT }) => spread({ kT }), logWeight: byBoltzmann },
};

/** Chosen pooling and its settings. */
export interface GivenPooling extends PoolingSettings {
  readonly combination: PoolingName;
}

/** Units of the settings. */
const units = { kT: 'kcal/mol', t: 'mol/kcal', q: '' } as const;

/** Returns the setting that a pooling uses, such as `{ kT: 0.593 }`; an empty object for a pooling without settings. */
export function usedSettings({ combination, ...settings }: GivenPooling): Partial<PoolingSettings> {
  const { setting } = poolings[combination];
  return setting ? { [setting]: settings[setting] } : {};
}

/** Returns the name of a pooling with its setting, such as `lse, t = 2 mol/kcal`, with up to seven digits. */
export function describePooling(pooling: GivenPooling): string {
  const { combination } = pooling;
  const { setting } = poolings[combination];
  if (!setting) return combination;
  return `${combination}, ${setting} = ${Number(pooling[setting].toPrecision(7))} ${units[setting]}`.trimEnd();
}

/** Names of the options that {@link addPooling} adds. */
export const poolingOptions = ['combination', 'kT', 't', 'q'] as const;

export type PoolingOption = (typeof poolingOptions)[number];

/** For `spread`, whose results are a mean and a variance, returns a function that picks the mean as ΔG; else undefined. */
export function readoutOf({ combination }: GivenPooling): ((prediction: Value) => Value) | undefined {
  return combination === 'spread' ? prediction => reshape(slice(prediction, 0, 1), []) : undefined;
}

/** Adds the options for a pooling and its settings. */
export function addPooling(command: Command): Command {
  return command
    .addOption(
      new Option('--combination <name>', 'pooling of the poses into one ΔG')
        .choices(poolingNames)
        .default('boltzmann'),
    )
    .option('--kT <energy>', 'thermal energy of boltzmann, free-energy and spread, kcal/mol', positive, 0.593)
    .option('--t <sharpness>', 'sharpness of lse, mol/kcal', positive, 1)
    .option('--q <exponent>', 'exponent of power-mean, which needs scores above 0', notZero, 1);
}

/** Returns the options with the pooling that the scorer's weights were fitted with. Options that the user chose stay. */
export function withPooling<Options extends GivenPooling & { readonly chosen: readonly PoolingOption[] }>(
  options: Options,
  pooling: GivenPooling | undefined,
): Options {
  const chosen = options.chosen.map(name => [name, options[name]]);
  return { ...options, ...pooling, ...Object.fromEntries(chosen) };
}

/** Returns the names of the pooling options that the user chose. */
export function chosenOf(command: Command): PoolingOption[] {
  return poolingOptions.filter(name => command.getOptionValueSource(name) !== 'default');
}

/** Returns the weight w_n of each pose. The weights sum to 1. */
export function weightsOf(scores: Float64Array, { combination, ...settings }: GivenPooling): Float64Array {
  const logs = scores.map(score => poolings[combination].logWeight(score, settings));
  // Weights are computed relative to the highest one, so that no exponential overflows.
  const highest = logs.reduce((most, log) => Math.max(most, log), Number.NEGATIVE_INFINITY);
  const weights = logs.map(log => Math.exp(log - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map(weight => weight / total);
}
