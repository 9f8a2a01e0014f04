// npm run alone: the same fit in one process, without a queue. It prints the same bits.
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
  const compounds: CompoundLoss[] = [];
  for (const { pKi, root } of await compoundsOf(fit, `${run}.${step}`))
    compounds.push(lossOf(await stateOf(root, theta), pKi, theta));
  const next = takeStep(theta, fit.rate, compounds);
  console.log(`step ${step}: loss ${next.loss}`);
  theta = next.theta;
}
console.log(JSON.stringify(theta));
