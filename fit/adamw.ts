import { type AdamOptions, adamVariant } from './adam.ts';
import type { FirstOrder } from './optimiser.ts';

/**
 * The optimiser Adam with decoupled weight decay (I. Loshchilov and F. Hutter, arXiv:1711.05101, algorithm 2, as in PyTorch).
 * The weight decay λ, default 0.01, multiplies each parameter by 1 − α λ before the step of {@link adam}, and is not part of
 * the means.
 *
 * @throws RangeError for an option out of range
 */
export function adamw(options: AdamOptions): FirstOrder {
  return adamVariant('adamw', { weightDecay: 0.01, ...options });
}
