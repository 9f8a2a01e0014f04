import { gradient, jit, Tape, tensor } from 'posetape';
import { exp, gather, less, mul, neg, square, sub, sum, where } from 'posetape/ops';

const tape = new Tape();
const depth = tape.parameter(tensor(-0.3), 'depth');
const radii = tape.parameter(tensor([1.5, 1.7, 1.9]), 'radii');
const distances = tape.constant([1.6, 2.9, 3.4, 9.1]);
const s = sub(distances, gather(radii, [0, 2, 1, 0]));
const energy = sum(where(less(distances, 8), mul(depth, exp(neg(square(s)))), 0));
const wanted = [energy, ...gradient(energy, [depth, radii])];
console.log(jit().explain(wanted, { passes: true }));
