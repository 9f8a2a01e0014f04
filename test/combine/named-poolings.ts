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
 * Every combination that has a name, by a number and by a function of the parameters where it has a setting, with a scorer of the
 * numbers that it takes and its definition.
 */

export interface Named {
  readonly name: string;
  readonly params: Readonly<Record<'w' | 'setting' | 'head', Tensor>>;
  readonly score: (tape: Tape, params: Values, pose: KnownPose) => Value;
  of(weighed?: { readonly weight?: PoseWeight }): Combination;
  /** The definition of poses whose best energy is known; absent for a pooling, which is its own. */
  readonly pool?: (best: number) => Defined<KnownPose>['pool'];
  /** True if ΔG is several numbers. */
  readonly isWide?: true;
}

type Scorer = Named['score'];

const one: Scorer = (tape, { w }, { energy, slope }) =>
  add(sum(mul(w as Value, tape.constant(slope))), energy);
/** Above 0, and about as large. */
const positive: Scorer = (tape, params, { energy, slope }) =>
  one(tape, params, { energy: 7 + Math.abs(energy), slope });
/** A log-weight, and a value that depends on the parameters in another way. */
const two: Scorer = (tape, { w }, { energy, slope }) => {
  const all = mul(w as Value, tape.constant(slope));
  return concat([
    reshape(add(sum(all), 1e-3 * energy), [1]),
    reshape(add(mul(-2, sum(tanh(all))), energy), [1]),
  ]);
};

const learned = ({ setting }: Values) => setting as Value;
const alone = (z: Value) => reshape(z, []);

type Makers = Readonly<Record<string, (setting: number) => Omit<Named, 'name' | 'params'>>>;

/** Weighted by the score itself: differences are taken before they are scaled, as in the definition here. */
const ofScore: Makers = {
  mean: () => ({ score: one, of: weighed => mean({ ...weighed }), pool: () => ({}) }),
  lse: t => ({
    score: one,
    of: weighed => lse({ t, ...weighed }),
    pool: best => ({
      logWeight: z => mul(-t, sub(alone(z), best)),
      values: false,
      value: ({ logSum }) => sub(best, div(logSum, t)),
    }),
  }),
  'lse of sign 1': t => ({
    score: (tape, params, { energy, slope }) => one(tape, params, { energy: -energy, slope }),
    of: weighed => lse({ t, sign: 1, ...weighed }),
    pool: best => ({
      logWeight: z => mul(t, add(alone(z), best)),
      values: false,
      value: ({ logSum }) => sub(div(logSum, t), best),
    }),
  }),
  boltzmann: kT => ({
    score: one,
    of: weighed => boltzmann({ kT, ...weighed }),
    pool: best => ({ logWeight: z => mul(-1 / kT, sub(alone(z), best)) }),
  }),
  freeEnergy: kT => ({
    score: one,
    of: weighed => freeEnergy({ kT, ...weighed }),
    pool: best => ({
      logWeight: z => mul(-1 / kT, sub(alone(z), best)),
      values: false,
      value: ({ logMean }) => sub(best, mul(logMean, kT)),
    }),
  }),
};

const pooled: Makers = {
  'lse, learned t': () => ({ score: one, of: weighed => lse({ t: learned, ...weighed }) }),
  'boltzmann, learned kT': () => ({
    score: one,
    of: weighed => boltzmann({ kT: learned, ...weighed }),
  }),
  'freeEnergy, learned kT': () => ({
    score: one,
    of: weighed => freeEnergy({ kT: learned, ...weighed }),
  }),
  powerMean: q => ({ score: positive, of: weighed => powerMean({ q, ...weighed }) }),
  'powerMean, q below 0': q => ({
    score: positive,
    of: weighed => powerMean({ q: -q, ...weighed }),
  }),
  'powerMean, learned q': () => ({
    score: positive,
    of: weighed => powerMean({ q: learned, ...weighed }),
  }),
  gated: () => ({ score: two, of: weighed => gated({ ...weighed }) }),
  attention: () => ({
    score: two,
    of: weighed =>
      attention<KnownPose, Values>({
        logWeight: (z, { head }) => sum(mul(head as Value, mul(1e-3, z))),
        head: (average, { head, setting }) => mul(tanh(setting as Value), sum(mul(head as Value, average))),
        ...weighed,
      }),
  }),
  spread: () => ({ score: one, isWide: true, of: weighed => spread({ about: 2, ...weighed }) }),
  'spread, kT': kT => ({ score: one, isWide: true, of: weighed => spread({ kT, ...weighed }) }),
  'spread, learned kT': () => ({
    score: one,
    isWide: true,
    of: weighed => spread({ kT: learned, ...weighed }),
  }),
};

export const namedMakers: Makers = { ...ofScore, ...pooled };

export function named(name: string, setting: number): Named {
  const made = (namedMakers[name] as Makers[string])(setting);
  const params = { w: tensor([0.1, -0.2, 0.3]), setting: tensor(setting), head: tensor([0.4, -0.7]) };
  return { name, params, ...made };
}

/** Each of them about as often, with settings of any size. */
export const namedPoolings: fc.Arbitrary<Named> = fc
  .tuple(fc.constantFrom(...Object.keys(namedMakers)), magnitudes(0.05, 20))
  .map(([name, setting]) => ({ ...named(name, setting), [fc.toStringMethod]: () => `${name}, ${setting}` }));
