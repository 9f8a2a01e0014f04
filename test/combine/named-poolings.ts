import fc from 'fast-check';
import { type Tape, type Tensor, tensor, type Value } from 'posetape';
import {
  attention,
  boltzmann,
  type Combination,
  freeEnergy,
  gated,
  lse,
  mean,
  type PoseWeight,
  powerMean,
  spread,
} from 'posetape/combine';
import { add, concat, div, mul, reshape, sub, sum, tanh } from 'posetape/ops';
import { magnitudes } from './arbitraries.ts';
import type { Defined, Values } from './definition.ts';
import type { KnownPose } from './known-poses.ts';

/*
 * All named combinations, each with a fitting scorer. Their settings are numbers, or functions of the parameters.
 */

/** Named combination to test. */
export interface Named {
  readonly name: string;
  readonly params: Readonly<Record<'w' | 'setting' | 'head', Tensor>>;
  readonly score: (tape: Tape, params: Values, pose: KnownPose) => Value;
  /** Makes the combination. */
  makeCombination(options?: { readonly weight?: PoseWeight }): Combination;
  /** Definition, given the best energy. A pooling has none, since its own options define it. */
  readonly pool?: (best: number) => Defined<KnownPose>['pool'];
  /** True if ΔG is several numbers. */
  readonly isWide?: true;
}

type Scorer = Named['score'];

const oneNumber: Scorer = (tape, { w }, { energy, slope }) =>
  add(sum(mul(w as Value, tape.constant(slope))), energy);
/** Scorer of 7 + |energy|, because powerMean needs positive scores. */
const positive: Scorer = (tape, params, { energy, slope }) =>
  oneNumber(tape, params, { energy: 7 + Math.abs(energy), slope });
/** Scorer of a log-weight and a value. The two depend on the parameters in different ways. */
const twoNumbers: Scorer = (tape, { w }, { energy, slope }) => {
  const all = mul(w as Value, tape.constant(slope));
  return concat([
    reshape(add(sum(all), 1e-3 * energy), [1]),
    reshape(add(mul(-2, sum(tanh(all))), energy), [1]),
  ]);
};

const learned = ({ setting }: Values) => setting as Value;
const scalar = (z: Value) => reshape(z, []);

type Makers = Readonly<Record<string, (setting: number) => Omit<Named, 'name' | 'params'>>>;

/** Combinations whose log-weight is a multiple of the score. As in the code, definitions subtract the best energy first. */
const ofScore: Makers = {
  mean: () => ({ score: oneNumber, makeCombination: options => mean({ ...options }), pool: () => ({}) }),
  lse: t => ({
    score: oneNumber,
    makeCombination: options => lse({ t, ...options }),
    pool: best => ({
      logWeight: z => mul(-t, sub(scalar(z), best)),
      values: false,
      value: ({ logSum }) => sub(best, div(logSum, t)),
    }),
  }),
  'lse of sign 1': t => ({
    score: (tape, params, { energy, slope }) => oneNumber(tape, params, { energy: -energy, slope }),
    makeCombination: options => lse({ t, sign: 1, ...options }),
    pool: best => ({
      logWeight: z => mul(t, add(scalar(z), best)),
      values: false,
      value: ({ logSum }) => sub(div(logSum, t), best),
    }),
  }),
  boltzmann: kT => ({
    score: oneNumber,
    makeCombination: options => boltzmann({ kT, ...options }),
    pool: best => ({ logWeight: z => mul(-1 / kT, sub(scalar(z), best)) }),
  }),
  freeEnergy: kT => ({
    score: oneNumber,
    makeCombination: options => freeEnergy({ kT, ...options }),
    pool: best => ({
      logWeight: z => mul(-1 / kT, sub(scalar(z), best)),
      values: false,
      value: ({ logMean }) => sub(best, mul(logMean, kT)),
    }),
  }),
};

const poolings: Makers = {
  'lse, learned t': () => ({ score: oneNumber, makeCombination: options => lse({ t: learned, ...options }) }),
  'boltzmann, learned kT': () => ({
    score: oneNumber,
    makeCombination: options => boltzmann({ kT: learned, ...options }),
  }),
  'freeEnergy, learned kT': () => ({
    score: oneNumber,
    makeCombination: options => freeEnergy({ kT: learned, ...options }),
  }),
  powerMean: q => ({ score: positive, makeCombination: options => powerMean({ q, ...options }) }),
  'powerMean, q below 0': q => ({
    score: positive,
    makeCombination: options => powerMean({ q: -q, ...options }),
  }),
  'powerMean, learned q': () => ({
    score: positive,
    makeCombination: options => powerMean({ q: learned, ...options }),
  }),
  gated: () => ({ score: twoNumbers, makeCombination: options => gated({ ...options }) }),
  attention: () => ({
    score: twoNumbers,
    makeCombination: options =>
      attention<KnownPose, Values>({
        logWeight: (z, { head }) => sum(mul(head as Value, mul(1e-3, z))),
        head: (average, { head, setting }) => mul(tanh(setting as Value), sum(mul(head as Value, average))),
        ...options,
      }),
  }),
  spread: () => ({
    score: oneNumber,
    isWide: true,
    makeCombination: options => spread({ about: 2, ...options }),
  }),
  'spread, kT': kT => ({
    score: oneNumber,
    isWide: true,
    makeCombination: options => spread({ kT, ...options }),
  }),
  'spread, learned kT': () => ({
    score: oneNumber,
    isWide: true,
    makeCombination: options => spread({ kT: learned, ...options }),
  }),
};

export const namedMakers: Makers = { ...ofScore, ...poolings };

export function named(name: string, setting: number): Named {
  const rest = (namedMakers[name] as Makers[string])(setting);
  const params = { w: tensor([0.1, -0.2, 0.3]), setting: tensor(setting), head: tensor([0.4, -0.7]) };
  return { name, params, ...rest };
}

/** Named combinations, each equally often, with settings from 0.05 to 20. */
export const namedPoolings: fc.Arbitrary<Named> = fc
  .tuple(fc.constantFrom(...Object.keys(namedMakers)), magnitudes(0.05, 20))
  .map(([name, setting]) => ({ ...named(name, setting), [fc.toStringMethod]: () => `${name}, ${setting}` }));
