import { evaluate, gradient, Tape, tensor } from 'posetape';
import { exp, mul, neg, square, sub, sum } from 'posetape/ops';

const tape = new Tape();
const depth = tape.parameter(tensor(-1), 'depth');
const width = tape.parameter(tensor(2), 'width');
const d = tape.constant([2.9, 3.4, 3.1]);
const energy = mul(depth, sum(exp(neg(square(mul(width, sub(d, 3)))))));
const [byDepth, byWidth] = gradient(energy, [depth, width]);
const numbers = evaluate([energy, byDepth, byWidth]);
console.log(...numbers.map(({ data }) => data[0]));
