import { tensor } from 'posetape';
import { minimise, recorded } from 'posetape/fit';
import { gather, mul, norm, pow, sub, sum } from 'posetape/ops';

// Minimises the energy of four atoms: the sum of 4 (r⁻¹² − r⁻⁶) over all pairs. Starts from a bent square.
const start = {
  x: tensor([
    [0, 0, 0],
    [1.2, 0, 0.1],
    [1.3, 1.1, 0],
    [0, 1.2, 0.3],
  ]),
};
const [first, second] = [Int32Array.of(0, 0, 0, 1, 1, 2), Int32Array.of(1, 2, 3, 2, 3, 3)];
const energy = recorded<typeof start>((tape, { x }) => {
  const r = norm(sub(gather(x, tape.index(first)), gather(x, tape.index(second))), 1);
  return mul(4, sum(sub(pow(r, -12), pow(r, -6))));
});
const { value, iterations, evaluations, stopped } = await minimise(energy, start);
console.log(
  `energy ${value.toFixed(6)} after ${iterations} iterations, ${evaluations} evaluations: ${stopped}`,
);
