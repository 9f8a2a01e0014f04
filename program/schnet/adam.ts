import { type Tensor, tensor } from 'posetape';
import type { Params } from 'posetape/combine';

/** What {@link adam} may be told. The defaults but the rate are those of the paper. */
export interface AdamOptions {
  /** α: about how far a parameter moves in a step. */
  readonly rate: number;
  /** β₁: how much of the mean gradient is kept from step to step. Default 0.9. */
  readonly beta1?: number;
  /** β₂: how much of the mean square is. Default 0.999. */
  readonly beta2?: number;
  /** ε, added to the root of the mean square. Default 10⁻⁸. */
  readonly epsilon?: number;
}

/** Given the parameters and their gradient, the parameters after the next step. */
export type Step = (params: Params, gradient: Params) => Record<string, Tensor<Float64Array>>;

/**
 * Adam (Kingma and Ba, arXiv:1412.6980, algorithm 1). It remembers the means of the gradients it was given; the tensors
 * it is given stay as they are.
 *
 *     m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
 *     θ ← θ − α m̂/(√v̂ + ε),        m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ)  at step t
 *
 * @example
 * const step = adam({ rate: 0.001 });
 * for (;;) params = step(params, (await combinePoses({ params, … })).gradient);
 */
export function adam({ rate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions): Step {
  const means = new Map<string, { readonly m: Float64Array; readonly v: Float64Array }>();
  let t = 0;
  return (params, gradient) => {
    t++;
    const [meanSoFar, squareSoFar] = [1 - beta1 ** t, 1 - beta2 ** t];
    const stepped = Object.entries(params).map(([name, { data, shape }]) => {
      const slope = gradient[name];
      if (slope?.data.length !== data.length) throw new Error(`adam: ${name} has no gradient of its shape`);
      const { m, v } = means.get(name) ?? zeros(data.length);
      means.set(name, { m, v });
      const next = Float64Array.from(data, (parameter, i) => {
        const g = slope.data[i] as number;
        m[i] = beta1 * (m[i] as number) + (1 - beta1) * g;
        v[i] = beta2 * (v[i] as number) + (1 - beta2) * g ** 2;
        return parameter - (rate * (m[i] / meanSoFar)) / (Math.sqrt(v[i] / squareSoFar) + epsilon);
      });
      return [name, tensor(next, shape)];
    });
    return Object.fromEntries(stepped);
  };
}

function zeros(length: number): { m: Float64Array; v: Float64Array } {
  return { m: new Float64Array(length), v: new Float64Array(length) };
}
