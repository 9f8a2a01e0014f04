import { planListeners } from '../../engine/compile/plan.ts';
import { verify } from '../../engine/compile/verify.ts';

// Verifies every plan that a test makes.
planListeners.add(verify);

// Suppresses the warning that most tapes have a new structure. The tapes of random programs are meant to.
const { warn } = console;
console.warn = (...words: unknown[]) => {
  if (!/had a new structure/.test(String(words[0]))) warn(...words);
};
