import { planListeners } from '../../engine/compile/plan.ts';
import { verify } from '../../engine/compile/verify.ts';

// Check every plan that a test makes.
planListeners.add(verify);

// Suppresses the warning about tapes that all differ in structure, as random programs do.
const { warn } = console;
console.warn = (...words: unknown[]) => {
  if (!/had a new structure/.test(String(words[0]))) warn(...words);
};
