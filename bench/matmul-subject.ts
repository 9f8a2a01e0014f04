// A matrix product in float32, in a process of its own: 2 m k n operations on an m × k and a k × n matrix. Arguments:
// `ours`, `best` or `plain`, the case of transposes such as `TN`, then m, k and n.

import { Tape, tensor } from 'posetape';
import { matmul } from 'posetape/ops';
import type { MatmulForm } from '../engine/forms.ts';
import { jitTarget } from '../engine/jit/jit.ts';
import { blockedMultiply, nameOf, plainMultiply, tiles } from './hand/matmul.ts';
import { type Ready, readied } from './pieces.ts';
import { type Round, serve, warmedUp } from './support/serve.ts';
import { randomFrom } from './workloads/random.ts';

const [way, transposes = 'NN', ...lengths] = process.argv.slice(2);
const [m = 0, k = 0, n = 0] = lengths.map(Number);
const isTransposed = { a: transposes[0] === 'T', b: transposes[1] === 'T' };

const random = randomFrom(3);
const numbers = (length: number) => Float32Array.from({ length }, () => random.about(1));
const [A, B, C] = [numbers(m * k), numbers(k * n), new Float32Array(m * n)];

/** The implementation to time. */
export interface Choice {
  readonly name: string;
}

function ours(): () => void {
  const tape = new Tape();
  const a = tape.parameter(tensor(A, isTransposed.a ? [k, m] : [m, k]));
  const b = tape.parameter(tensor(B, isTransposed.b ? [n, k] : [k, n]));
  // As derivative rules record it: a product that reads an operand transposed, without a copy.
  const { op } = matmul(tape.parameter(tensor([[1]])), tape.parameter(tensor([[1]])));
  const form: MatmulForm = { kind: 'matmul', transposeA: isTransposed.a, transposeB: isTransposed.b };
  const product = tape.record(op, form, [a, b]);
  const [ready] = readied([[product]], jitTarget('float32')) as [Ready];
  const kinds = ready.plan.steps.map(step => step.kind);
  if (kinds.join() !== 'matmul') throw new Error(`expected one product, planned ${kinds.join(', ')}`);
  return ready.run;
}

/** Each tile is tried until it is warm; the fastest stays. */
async function best(): Promise<{ name: string; run: () => void }> {
  let fastest: { name: string; run: () => void; cpu: number } | undefined;
  for (const tile of tiles) {
    const multiply = blockedMultiply(tile, isTransposed);
    const run = () => multiply(C, A, B, m, k, n);
    const { cpu } = await (await warmedUp({ units: 1, run }))();
    if (!fastest || cpu < fastest.cpu) fastest = { name: nameOf(tile), run, cpu };
  }
  return fastest as { name: string; run: () => void };
}

const chosen =
  way === 'ours'
    ? { name: 'ours', run: ours() }
    : way === 'plain'
      ? { name: 'three loops', run: () => plainMultiply(C, A, B, m, k, n) }
      : await best();
const round = await warmedUp({ units: 1, run: chosen.run });
await serve({ name: (): Choice => ({ name: chosen.name }), round: (): Promise<Round> => round() });
