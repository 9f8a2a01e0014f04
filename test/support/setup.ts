import { planListeners } from '../../engine/compile/plan.ts';
import { verify } from '../../engine/compile/verify.ts';

// Verifies every plan that a test makes.
planListeners.add(verify);

// Suppresses the warning that all tapes differ in structure. Those of random programs do.
const { warn } = console;
console.warn = (...words: unknown[]) => {
  if (!/had a new structure/.test(String(words[0]))) warn(...words);
};
