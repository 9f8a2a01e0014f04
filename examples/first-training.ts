import { tensor } from 'posetape';
import { boltzmann, combinePoses, type Scorer, squaredError } from 'posetape/combine';
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
const params = { depth: tensor(-1), width: tensor(2) };
const score: Scorer<number[], typeof params> = (tape, { depth, width }, distances) =>
  mul(depth, sum(exp(neg(square(mul(width, sub(tape.constant(distances), 3)))))));

const combination = boltzmann({ kT: 0.593 });
for (let step = 0; step <= 300; step++) {
  let loss = 0;
  const gradients = [];
  for (const { poses, measured } of compounds) {
    const result = await combinePoses({ poses, params, score, combination, loss: squaredError(measured) });
    loss += result.loss as number;
    gradients.push(result.gradient);
  }
  if (step % 100 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
  // Parameters are read when a tape runs: a step changes their numbers in place.
  for (const name of ['depth', 'width'] as const) {
    const { data } = params[name];
    for (const gradient of gradients) {
      for (let i = 0; i < data.length; i++) (data[i] as number) -= 0.02 * (gradient[name].data[i] as number);
    }
  }
}
console.log('depth', params.depth.data[0]?.toFixed(3), 'width', params.width.data[0]?.toFixed(3));
