import { gradient, jit, Tape, tensor } from 'posetape';
import { matmul, softplus, sum } from 'posetape/ops';

const tape = new Tape();
const x = tape.constant(tensor(new Float64Array(15), [5, 3]));
const w = tape.parameter(tensor(new Float64Array(12), [3, 4]), 'w');
const v = tape.parameter(tensor(new Float64Array(8), [4, 2]), 'v');
const y = sum(matmul(softplus(matmul(x, w)), v));
console.log(jit().explain([y, ...gradient(y, [w, v])], { passes: true }));
