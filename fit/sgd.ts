import { checkOptions } from '../engine/options.ts';
import { checkFrom0Below1, type FirstOrderOptions, firstOrder, sharedNames } from './first-order.ts';
import type { FirstOrder } from './optimiser.ts';

/** Options of {@link sgd}. */
export interface SgdOptions extends FirstOrderOptions {
  /** μ, the decay rate of the sum of gradients, from 0 to below 1. Default 0. */
  readonly momentum?: number;
  /** True for Nesterov's momentum (Y. Nesterov, Doklady AN SSSR 269, 543, 1983). Default false. */
  readonly nesterov?: boolean;
}

/**
 * Gradient descent with momentum (B. T. Polyak, USSR Comput. Math. Math. Phys. 4 (5), 1, 1964), as in PyTorch. α is the rate
 * and λ the weight decay.
 *
 *     g ← g + λ θ        b ← μ b + g
 *     θ ← θ − α b        or, by Nesterov, θ − α (g + μ b)
 *
 * @throws RangeError for an option out of range
 */
export function sgd(options: SgdOptions): FirstOrder {
  checkOptions('sgd', options, [...sharedNames, 'momentum', 'nesterov']);
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  checkFrom0Below1('sgd', 'momentum', momentum);
  if (nesterov && momentum === 0) throw new RangeError('sgd: nesterov needs a momentum above 0');
  return firstOrder(
    {
      name: 'sgd',
      moments: momentum === 0 ? [] : ['b'],
      update(theta, gradient, [b], { rate }) {
        for (let i = 0; i < theta.length; i++) {
          const g = (gradient[i] as number) + weightDecay * (theta[i] as number);
          const sum = b ? momentum * (b[i] as number) + g : g;
          if (b) b[i] = sum;
          const direction = nesterov ? g + momentum * sum : sum;
          (theta[i] as number) -= rate * direction;
        }
      },
    },
    options,
  );
}
