import { checkGradient, defineOp, map, tensor } from 'posetape';
import { exp, mul, neg, scaled, square, sub, sum } from 'posetape/ops';

// A Morse potential, (1 − e⁻ˣ)² − 1: −1 at its minimum x = 0, and 0 for large x.
const morse = defineOp({
  name: 'morse',
  // `s` has the only functions an expression may use: add, sub, mul, div, neg, abs, sign, floor, exp, expm1, log, log1p,
  // sqrt, pow, sin, cos, tanh, atan2, min, max, less, equal, select, constant, and special, which takes errorFunction or
  // errorFunctionComplement.
  forward: map((s, x) => {
    const away = s.sub(s.constant(1), s.exp(s.neg(x)));
    return s.sub(s.mul(away, away), s.constant(1));
  }),
  // The derivative 2 (e⁻ˣ − e⁻²ˣ) is written in ops, so it can be differentiated again. `scaled` is a product that is 0
  // where g is 0, even if the slope is infinite, as it may be in a branch of `where` that was not taken.
  vjp: [
    (g, _ans, x) => {
      const e = exp(neg(x));
      return scaled(g, mul(2, sub(e, square(e))));
    },
  ],
});

const check = await checkGradient(
  (tape, { steepness, length }) => sum(morse(mul(steepness, sub(tape.constant([2.9, 3.4, 5]), length)))),
  { steepness: tensor(1.5), length: tensor(3) },
);
console.log(check.report);
