import { tensor } from 'posetape';
import { boltzmann, type Scorer, squaredError } from 'posetape/combine';
import { adam, fit } from 'posetape/fit';
import { exp, mul, neg, square, sub, sum } from 'posetape/ops';

const compounds = [
  {
    measured: -2.5,
    poses: [
      [2.9, 3.4, 3.1],
      [3.2, 2.6, 3.9, 4.4],
    ],
  },
  {
    measured: -1.5,
    poses: [
      [3.6, 3.3],
      [2.7, 4.1],
    ],
  },
];
const start = { depth: tensor(-1), width: tensor(2) };
const score: Scorer<number[], typeof start> = (tape, { depth, width }, distances) =>
  mul(depth, sum(exp(neg(square(mul(width, sub(tape.constant(distances), 3)))))));

const { params } = await fit({
  compounds,
  params: start,
  score,
  combination: boltzmann({ kT: 0.593 }),
  loss: ({ measured }) => squaredError(measured),
  optimiser: adam({ rate: 0.02 }),
  epochs: 200,
  onEpoch: ({ epoch, loss }) => epoch % 50 === 0 && console.log(`epoch ${epoch}: loss ${loss.toFixed(4)}`),
});
console.log('depth', params.depth.data[0]?.toFixed(3), 'width', params.width.data[0]?.toFixed(3));
