import { adam, adamw, type Freeze, lbfgs, type Optimiser, sgd } from 'posetape/fit';

/** Optimisers by name. */
export const optimiserNames = ['adam', 'adamw', 'sgd', 'lbfgs'] as const;

export type OptimiserName = (typeof optimiserNames)[number];

/** Settings of all optimisers; each uses its own. */
export interface OptimiserSettings {
  readonly optimiser: OptimiserName;
  readonly rate: number;
  readonly momentum: number;
  readonly weightDecay?: number;
  readonly clip?: number;
  /** Names of parameters, or their prefixes before a dot. */
  readonly freeze: readonly string[];
}

/** The optimiser that was chosen. */
export function optimiserOf(given: OptimiserSettings): Optimiser {
  const { optimiser, rate, momentum, weightDecay, clip, freeze: frozen } = given;
  const freeze: Freeze = name => frozen.some(each => name === each || name.startsWith(`${each}.`));
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
