// Pieces of what wasm() generates, in a process of its own. Arguments: `matmul`, the case of transposes such as `TN`, then m,
// k and n; or `exp` or `softplus` and the number of entries; or `ceiling`; or `plan`.

import { gradient, Tape, type Tensor, tensor, type Value } from 'posetape';
import { exp, matmul, softplus, sum } from 'posetape/ops';
import { planOf } from '../engine/compile/plan.ts';
import { inputsOf } from '../engine/compile/planned.ts';
import { structureOf } from '../engine/compile/structure.ts';
import { liveValues } from '../engine/executor.ts';
import type { MatmulForm } from '../engine/forms.ts';
import { assembled, encoded } from '../engine/wasm/emit/assembler.ts';
import { type Code, FunctionBuilder, floats, i32, op, store } from '../engine/wasm/emit/code.ts';
import type { WasmMachine } from '../engine/wasm/machine.ts';
import { engine } from '../engine/wasm/support.ts';
import { plain, relaxed } from '../engine/wasm/target.ts';
import { wasmTarget } from '../engine/wasm/wasm.ts';
import { readied, record, withGradient } from './pieces.ts';
import { type Round, serve, warmedUp } from './support/serve.ts';
import { readNetwork, workloadFolder } from './workloads/files.ts';
import { networkOf, networkPoses } from './workloads/network.ts';
import { randomFrom } from './workloads/random.ts';

/** The module that is generated. */
export interface Module {
  readonly bytes: number;
}

const [which, ...args] = process.argv.slice(2);
const random = randomFrom(3);
const numbers = (length: number) => Float32Array.from({ length }, () => random.about(1));

function product(transposes = 'NN', ...lengths: string[]): Value[] {
  const [m = 0, k = 0, n = 0] = lengths.map(Number);
  const [transposeA, transposeB] = [transposes[0] === 'T', transposes[1] === 'T'];
  const tape = new Tape();
  const a = tape.parameter(tensor(numbers(m * k), transposeA ? [k, m] : [m, k]));
  const b = tape.parameter(tensor(numbers(k * n), transposeB ? [n, k] : [k, n]));
  // As derivative rules record it: a product that reads an operand transposed, without a copy.
  const { op: made } = matmul(tape.parameter(tensor([[1]])), tape.parameter(tensor([[1]])));
  const form: MatmulForm = { kind: 'matmul', transposeA, transposeB };
  return [tape.record(made, form, [a, b])];
}

function elementwise(count: number): Value[] {
  const x = new Tape().parameter(tensor(Float32Array.from({ length: count }, (_, i) => 4 * Math.sin(i))));
  if (which === 'exp') return [exp(x)];
  const y = softplus(x);
  return [y, ...gradient(sum(y), [x])];
}

/** A million times twelve multiply-adds of four lanes in registers: sums that do not wait for each other. */
function ceiling(): () => void {
  const { api, isRelaxed } = engine();
  const { fma } = isRelaxed ? relaxed : plain;
  const f = new FunctionBuilder('ceiling', []);
  const sums = Array.from({ length: 12 }, () => f.local('v128', 'sum'));
  const factor = f.constant(floats(1 + 2 ** -20));
  const i = f.local('i32', 'i');
  // Sums that begin alike would be computed once.
  for (const [i, sum] of sums.entries()) f.set(sum, f.constant(floats(i)));
  f.set(i, i32(0));
  f.for(i, i32(1_000_000), i32(1), () => {
    for (const sum of sums) f.set(sum, fma({ kind: 'get', local: sum }, factor, factor));
  });
  // Kept, or nothing of it would be compiled.
  const all = sums.map((local): Code => ({ kind: 'get', local })).reduce((a, b) => op('v128.xor', a, b));
  f.add(store('v128.store', i32(0), all));
  const memory = new api.Memory({ initial: 1 });
  const module = new api.Module(assembled([encoded(f, [])], []));
  const { exports } = new api.Instance(module, { arena: { memory } });
  return exports.ceiling as () => void;
}

/** Run after run without copies: what lies in the memory stays there. */
function repeated(wanted: readonly Value[]): () => void {
  const live = liveValues(wanted);
  const structure = structureOf(live, wanted, 'float32');
  const plan = planOf(live, wanted, structure, { guesses: true });
  const machine = wasmTarget(true).compile(plan, structure) as WasmMachine;
  const pose = machine.bind(structure, inputsOf(plan, live));
  machine.run(pose);
  return () => machine.again(pose);
}

/** Workload A's structure planned, generated and instantiated, as if it were new each time. */
async function plan(): Promise<() => WasmMachine> {
  const data = await readNetwork(await workloadFolder(), 1);
  const { params, score } = networkOf(data);
  const [pose] = networkPoses(data, 1);
  const wanted = withGradient(record(score, params as Record<string, Tensor>, pose as never));
  const target = wasmTarget(true);
  return () => readied([wanted], target)[0]?.machine as WasmMachine;
}

async function work(): Promise<() => unknown> {
  if (which === 'plan') return plan();
  if (which === 'ceiling') return ceiling();
  return repeated(which === 'matmul' ? product(...args) : elementwise(Number(args[0])));
}

let next: Promise<() => Promise<Round>> | undefined;
await serve({
  module: async (): Promise<Module> => ({ bytes: (await plan())().program.bytes.length }),
  round: async (): Promise<Round> => {
    next ??= work().then(run => warmedUp({ units: 1, run }));
    return (await next)();
  },
});
