import { type AdamOptions, byMeans } from './adam.ts';
import type { FirstOrder } from './optimiser.ts';

/**
 * Adam with decoupled weight decay (I. Loshchilov and F. Hutter, arXiv:1711.05101, algorithm 2, as in PyTorch): λ, default 0.01,
 * shrinks each parameter by the factor 1 − α λ before the step of {@link adam}, and does not enter the means.
 *
 * @throws RangeError for an option out of range
 */
export function adamw(options: AdamOptions): FirstOrder {
  return byMeans('adamw', { weightDecay: 0.01, ...options });
}
