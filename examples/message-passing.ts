import { writeFileSync } from 'node:fs';
import { boltzmann, type Scorer, squaredError } from 'posetape/combine';
import { adam, fit, predict, writeSafetensors } from 'posetape/fit';
import * as ops from 'posetape/ops';
import { type Pose, synthetic, type Theta } from './message-passing-data.ts';

const centers = Array.from({ length: 8 }, (_, k) => 1 + (4 * k) / 7);
const score: Scorer<Pose, Theta> = (tape, theta, { types, ligandAtoms, to, from, distances }) => {
  const d = tape.constant(distances);
  const near = ops.expandDims(ops.cosineCutoff(d, 5), -1);
  const basis = ops.mul(ops.gaussians(d, tape.constant(centers), 2), near);
  let h = ops.gather(theta.embed, tape.index(types));
  for (const k of [1, 2] as const) {
    const messages = ops.mul(ops.gather(h, tape.index(from)), ops.matmul(basis, theta[`filter${k}`]));
    const received = ops.matmul(ops.segmentSum(messages, tape.index(to), types.length), theta[`mix${k}`]);
    h = ops.add(h, ops.tanh(ops.add(received, theta[`bias${k}`])));
  }
  return ops.sum(ops.matmul(ops.slice(h, 0, ligandAtoms), theta.out));
};

const { compounds: unmeasured, hidden, start } = synthetic(25);
const scoring = { score, combination: boltzmann({ kT: 0.593 }) };
const targets = await predict({ ...scoring, compounds: unmeasured, params: hidden });
const compounds = unmeasured.map((compound, i) => ({ ...compound, target: targets[i] as number }));
const { params, epochs } = await fit({
  ...{ ...scoring, compounds: compounds.slice(0, 20), validation: compounds.slice(20), params: start },
  loss: ({ target }) => squaredError(target),
  optimiser: adam({ rate: 0.01 }),
  epochs: Number(process.argv[2] ?? 200),
});
for (const { epoch, loss, validationLoss } of epochs)
  if (epoch % 25 === 0)
    console.log(`epoch ${epoch}: loss ${loss.toFixed(5)}, validation ${validationLoss?.toFixed(5)}`);
if (process.argv[3]) writeFileSync(process.argv[3], writeSafetensors(params));
