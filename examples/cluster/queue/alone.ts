// npm run alone: runs the same fit as `npm run fit`, but in one process and without a queue. It prints the same
// parameters, bit for bit.
import type { AccumulatorJSON } from 'posetape/combine';
import { fitOptions } from './options.ts';
import {
  type CompoundLoss,
  compoundsOf,
  lossOf,
  mergeStates,
  type Node,
  scoreChunk,
  startOf,
  type Theta,
  takeStep,
} from './step.ts';

const { run, ...fit } = fitOptions();

async function stateOf(node: Node, theta: Theta): Promise<AccumulatorJSON> {
  if ('chunk' in node) return scoreChunk(fit.folder, node.chunk, theta);
  const states: AccumulatorJSON[] = [];
  for (const part of node.parts) states.push(await stateOf(part, theta));
  return mergeStates(states);
}

let theta = await startOf(fit);
for (let step = 0; step < fit.steps; step++) {
  // The keys of the nodes begin with this prefix. Here nothing reads them; the queue stores results under them.
  const keyOfStep = `${run}.${step}`;
  const compounds: CompoundLoss[] = [];
  for (const { pKi, root } of await compoundsOf(fit, keyOfStep))
    compounds.push(lossOf(await stateOf(root, theta), pKi, theta));
  const next = takeStep(theta, fit.rate, compounds);
  console.log(`step ${step}: loss ${next.loss}`);
  theta = next.theta;
}
console.log(JSON.stringify(theta));
