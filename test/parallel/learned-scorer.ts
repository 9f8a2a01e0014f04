// A scorer module whose combination has a learned temperature.

import type { Value } from 'posetape';
import { boltzmann, type Combination } from 'posetape/combine';

export { score } from './scorer.ts';

export const combination: Combination = boltzmann({ kT: ({ width }: { width: Value }) => width });
