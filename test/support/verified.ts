import { planListeners } from '../../engine/compile/plan.ts';
import { verify } from '../../engine/compile/verify.ts';

// Every plan that a test makes is checked.
planListeners.add(verify);
