import { checkGradient, tensor } from 'posetape';
import { boltzmann, combinePoses, type Scorer, squaredError } from 'posetape/combine';
import { exp, mul, neg, square, sub, sum } from 'posetape/ops';

const poses = [{ distances: [2.9, 3.4, 3.1] }, { distances: [3.2, 2.6, 3.9, 4.4] }];
const params = { depth: tensor(-1), width: tensor(2) };
const score: Scorer<{ distances: number[] }, typeof params> = (tape, { depth, width }, pose) => {
  const d = tape.constant(pose.distances);
  return mul(depth, sum(exp(neg(square(mul(width, sub(d, 3)))))));
};

const combination = boltzmann({ kT: 0.593 });
const result = await combinePoses({ poses, params, score, combination, loss: squaredError(-3) });
console.log('ΔG', result.value, 'loss', result.loss);
console.log('weights', ...result.weights);
console.log('∂loss/∂depth', result.gradient.depth.data[0]);
console.log('∂loss/∂width', result.gradient.width.data[0]);
console.log('tapes alive at most', result.stats.tapesAlive);

const check = await checkGradient((tape, theta) => score(tape, theta, { distances: [2.9, 3.4] }), params);
console.log(check.report);
