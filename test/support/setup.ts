import { planListeners } from '../../engine/compile/plan.ts';
import { verify } from '../../engine/compile/verify.ts';

// Every plan that a test makes is checked.
planListeners.add(verify);

// Random programs have structures of their own, and that is no fault to be warned of.
const { warn } = console;
console.warn = (...words: unknown[]) => {
  if (!/had a structure of their own/.test(String(words[0]))) warn(...words);
};
