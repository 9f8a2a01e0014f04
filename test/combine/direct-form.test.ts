import fc from 'fast-check';
import { tensor } from 'posetape';
import { boltzmann, type Combination, lse } from 'posetape/combine';
import { describe } from 'vitest';
import { expectClose } from '../support/equal.ts';
import { evenly } from '../support/numbers.ts';
import { property } from '../support/property.ts';
import { magnitudes, several, slopes } from './arbitraries.ts';
import type { KnownPose } from './known-poses.ts';
import { sharesOf, weighted } from './textbook.ts';

/*
 * The combination in its most direct form: Q, ∂Q/∂θ and ∂w_n/∂θ are separate terms, and no reference energy is
 * subtracted. This form needs the gradients of all poses at once and overflows beyond |σΔG| ≈ 700, but it is easily seen
 * to be right, and shares no code with the library.
 */

interface Combined {
  readonly value: number;
  readonly gradient: readonly number[];
  /** The sum of the magnitudes of all terms in each entry of the gradient. */
  readonly magnitude: readonly number[];
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** ΔG = Σ w_n ΔG_n with w_n = exp(−β ΔG_n)/Q and Q = Σ exp(−β ΔG_i). */
function boltzmannDirectly(beta: number, poses: readonly KnownPose[]): Combined {
  const factors = poses.map(({ energy }) => Math.exp(-beta * energy));
  const Q = sum(factors);
  const w = factors.map(factor => factor / Q);
  const entries = [0, 1, 2].map(i => {
    const g = poses.map(({ slope }) => slope[i] as number);
    // ∂Q/∂θ = Σ −β exp(−β ΔG_i) g_i
    const dQ = sum(poses.map((_, n) => -beta * (factors[n] as number) * (g[n] as number)));
    const terms = poses.flatMap(({ energy }, n) => {
      const [factor, g_n] = [factors[n] as number, g[n] as number];
      // ∂w_n/∂θ, by the quotient rule
      const dw = (-beta * factor * g_n * Q - factor * dQ) / Q ** 2;
      return [dw * energy, (w[n] as number) * g_n];
    });
    const magnitudesOfTerms = poses.map(({ energy }, n) => {
      const others = sum(g.map((g_i, k) => (w[k] as number) * Math.abs(g_i)));
      const mine = Math.abs(g[n] as number);
      return (w[n] as number) * (beta * Math.abs(energy) * (mine + others) + mine);
    });
    return { slope: sum(terms), magnitude: sum(magnitudesOfTerms) };
  });
  return {
    value: sum(poses.map(({ energy }, n) => (w[n] as number) * energy)),
    gradient: entries.map(({ slope }) => slope),
    magnitude: entries.map(({ magnitude }) => magnitude),
  };
}

/** ΔG = ln(Q)/σ with Q = Σ exp(σ ΔG_i). */
function lseDirectly(sigma: number, poses: readonly KnownPose[]): Combined {
  const factors = poses.map(({ energy }) => Math.exp(sigma * energy));
  const Q = sum(factors);
  const total = (size: (slope: number) => number) =>
    [0, 1, 2].map(i =>
      sum(poses.map(({ slope }, n) => sigma * (factors[n] as number) * size(slope[i] as number))),
    );
  // ∂Q/∂θ = Σ σ exp(σ ΔG_i) g_i and ∂ΔG/∂θ = (∂Q/∂θ)/(σ Q)
  return {
    value: Math.log(Q) / sigma,
    gradient: total(slope => slope).map(dQ => dQ / (sigma * Q)),
    magnitude: total(Math.abs).map(dQ => dQ / (sigma * Q)),
  };
}

/*
 * exp(x) of a rounded x is off by up to |x| ≤ 30 ulps. The sums have at most 32 terms, and an error of each factor enters
 * through w_n, Q and ∂Q/∂θ. Together this is below 200 ulps of the summed magnitudes, or 4e-14.
 */
const tolerance = 1e-13;

/** Fails unless an accumulator and the closed form of the textbook equal the direct form. */
function expectEquations(combination: Combination, poses: readonly KnownPose[], direct: Combined): void {
  const accumulator = combination.accumulator();
  for (const { energy, slope } of poses) accumulator.add(energy, { w: tensor([...slope]) });
  const { value, gradient } = accumulator.result();
  const reach = 30 / Math.abs(combination.sigma);
  expectClose(value, direct.value, tolerance, reach);
  expectClose(gradient.w?.data ?? [], direct.gradient, tolerance, direct.magnitude);

  const energies = poses.map(({ energy }) => energy);
  const { coefficients } = sharesOf(combination, energies);
  const closed = weighted(
    coefficients,
    poses.map(({ slope }) => slope),
  );
  expectClose(closed, direct.gradient, tolerance, direct.magnitude);
}

/** Poses whose energies are in units of 1/|σ|, so that |σΔG| ≤ 30. */
const reduced: fc.Arbitrary<KnownPose[]> = several(fc.record({ energy: evenly(-30, 30), slope: slopes }), 32);
const times = (unit: number, poses: readonly KnownPose[]) =>
  poses.map(({ energy, slope }) => ({ energy: energy * unit, slope }));

describe('the streamed form and the closed form equal the direct form', () => {
  property('for boltzmann()', magnitudes(1e-3, 1e3), reduced, (kT, poses) => {
    const scaled = times(kT, poses);
    expectEquations(boltzmann({ kT }), scaled, boltzmannDirectly(1 / kT, scaled));
  });

  property('for lse()', magnitudes(1e-3, 1e3), fc.constantFrom<-1 | 1>(-1, 1), reduced, (t, sign, poses) => {
    const scaled = times(1 / t, poses);
    expectEquations(lse({ t, sign }), scaled, lseDirectly(sign * t, scaled));
  });
});
