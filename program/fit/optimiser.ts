import { adam, adamw, type Freeze, lbfgs, type Optimiser, sgd } from 'posetape/fit';

/** Names of optimisers. */
export const optimiserNames = ['adam', 'adamw', 'sgd', 'lbfgs'] as const;

export type OptimiserName = (typeof optimiserNames)[number];

/** Settings of all optimisers. Each optimiser ignores settings that it does not have. */
export interface OptimiserSettings {
  readonly optimiser: OptimiserName;
  readonly rate: number;
  readonly momentum: number;
  readonly weightDecay?: number;
  readonly clip?: number;
  /** Parameters that are not fitted: each a full name, or the part of names up to one of their dots, such as `a` for `a.b`. */
  readonly freeze: readonly string[];
}

/** True if `frozen` contains the name of a parameter, or the part of it up to one of its dots. */
export function isFrozen(name: string, frozen: readonly string[]): boolean {
  return frozen.some(each => name === each || name.startsWith(`${each}.`));
}

/** Makes the chosen optimiser. */
export function optimiserOf(given: OptimiserSettings): Optimiser {
  const { optimiser, rate, momentum, weightDecay, clip, freeze: frozen } = given;
  const freeze: Freeze = name => isFrozen(name, frozen);
  const shared = {
    ...{ rate, freeze },
    ...(weightDecay !== undefined && { weightDecay }),
    ...(clip !== undefined && { clip: { norm: clip } }),
  };
  switch (optimiser) {
    case 'adam':
      return adam(shared);
    case 'adamw':
      return adamw(shared);
    case 'sgd':
      return sgd({ ...shared, momentum });
    case 'lbfgs':
      return lbfgs({ freeze });
  }
}
