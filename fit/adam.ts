import { checkOptions } from '../engine/options.ts';
import {
  checkFrom0,
  checkFrom0Below1,
  type FirstOrderOptions,
  firstOrder,
  sharedNames,
} from './first-order.ts';
import type { FirstOrder } from './optimiser.ts';

/** Options of {@link adam} and {@link adamw}, with the defaults of the paper and of PyTorch. */
export interface AdamOptions extends FirstOrderOptions {
  /** β₁, the decay rate of the mean gradient, from 0 to below 1. Default 0.9. */
  readonly beta1?: number;
  /** β₂, the decay rate of the mean square, from 0 to below 1. Default 0.999. */
  readonly beta2?: number;
  /** ε, added to the square root of the mean square. Default 10⁻⁸. */
  readonly epsilon?: number;
}

/**
 * The optimiser Adam (D. P. Kingma and J. Ba, arXiv:1412.6980, algorithm 1), with float64 means. The weight decay λ adds λ θ to
 * the gradient; α is the rate.
 *
 *     g ← g + λ θ
 *     m ← β₁ m + (1 − β₁) g        v ← β₂ v + (1 − β₂) g²
 *     θ ← θ − α m̂/(√v̂ + ε),        m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ)  at step t
 *
 * @throws RangeError for an option out of range
 * @example
 * const stepper = adam({ rate: 0.001 }).start();
 * for (;;) params = stepper.step(params, (await combineBatch({ params, … })).gradient);
 */
export function adam(options: AdamOptions): FirstOrder {
  return adamVariant('adam', options);
}

/**
 * Makes a variant of Adam. Weight decay is part of the gradient (`adam`), or shrinks the parameter directly (`adamw`).
 */
export function adamVariant(name: 'adam' | 'adamw', options: AdamOptions): FirstOrder {
  checkOptions(name, options, [...sharedNames, 'beta1', 'beta2', 'epsilon']);
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  checkFrom0Below1(name, 'beta1', beta1);
  checkFrom0Below1(name, 'beta2', beta2);
  checkFrom0(name, 'epsilon', epsilon);
  const isDecoupled = name === 'adamw';
  return firstOrder(
    {
      name,
      moments: ['m', 'v'],
      update(theta, gradient, moments, { rate, step }) {
        const [m, v] = moments as readonly [Float64Array, Float64Array];
        const [meanCorrection, squareCorrection] = [1 - beta1 ** step, 1 - beta2 ** step];
        for (let i = 0; i < theta.length; i++) {
          let g = gradient[i] as number;
          let parameter = theta[i] as number;
          if (isDecoupled) parameter *= 1 - rate * weightDecay;
          else g += weightDecay * parameter;
          const mean = beta1 * (m[i] as number) + (1 - beta1) * g;
          const square = beta2 * (v[i] as number) + (1 - beta2) * g ** 2;
          m[i] = mean;
          v[i] = square;
          theta[i] =
            parameter - (rate * (mean / meanCorrection)) / (Math.sqrt(square / squareCorrection) + epsilon);
        }
      },
    },
    options,
  );
}
