// A piece of what runs a pose, in a process of its own. Arguments: `matmul`, whose it is, the case of transposes such as `TN`,
// and its m, k and n; `exp` or `softplus` and the number of entries; `ceiling` and the number of operations; or `plan`.

import { gradient, Tape, tensor, type Value } from 'posetape';
import { exp, matmul, softplus, sum } from 'posetape/ops';
import { inputsOf } from '../engine/compile/planned.ts';
import type { MatmulForm } from '../engine/forms.ts';
import { assembled, encoded } from '../engine/wasm/emit/assembler.ts';
import { type Code, FunctionBuilder, floats, i32, op, store } from '../engine/wasm/emit/code.ts';
import type { WasmMachine } from '../engine/wasm/machine.ts';
import { engine } from '../engine/wasm/support.ts';
import { plain, relaxed } from '../engine/wasm/target.ts';
import { wasmTarget } from '../engine/wasm/wasm.ts';
import { blockedMultiply, nameOf, plainMultiply, tiles } from './hand/matmul.ts';
import { planned, record, recorder, withGradient } from './loops.ts';
import { type Round, serve, warmedUp } from './support/serve.ts';
import { readTask } from './workloads/ingredients.ts';
import { randomFrom } from './workloads/random.ts';

/** Bytes of a module that is generated. */
export interface Module {
  readonly bytes: number;
}

const [which, ...args] = process.argv.slice(2);
const random = randomFrom(3);
const numbers = (length: number) => Float32Array.from({ length }, () => random.about(1));

/** Work that is repeated, and its share of what was asked for. */
interface Work {
  readonly run: () => unknown;
  readonly share?: number;
  readonly name?: string;
}

async function product(by: string, transposes: string, m: number, k: number, n: number): Promise<Work> {
  const isTransposed = { a: transposes[0] === 'T', b: transposes[1] === 'T' };
  const [A, B] = [numbers(m * k), numbers(k * n)];
  if (by === 'jit' || by === 'wasm') {
    const tape = new Tape();
    const a = tape.parameter(tensor(A, isTransposed.a ? [k, m] : [m, k]));
    const b = tape.parameter(tensor(B, isTransposed.b ? [n, k] : [k, n]));
    // As derivative rules record it: a product that reads an operand transposed, without a copy.
    const made = matmul(tape.parameter(tensor([[1]])), tape.parameter(tensor([[1]])));
    const form: MatmulForm = { kind: 'matmul', transposeA: isTransposed.a, transposeB: isTransposed.b };
    return { run: repeated(by, [tape.record(made.op, form, [a, b])]) };
  }
  const C = new Float32Array(m * n);
  if (by === 'plain') return { run: () => plainMultiply(C, A, B, m, k, n) };
  // Each tile is tried until it is warm; the fastest stays.
  let best: (Work & { readonly cpu: number }) | undefined;
  for (const tile of tiles) {
    const multiply = blockedMultiply(tile, isTransposed);
    const run = () => multiply(C, A, B, m, k, n);
    const { cpu } = await (await warmedUp({ units: 1, run }))();
    if (!best || cpu < best.cpu) best = { name: nameOf(tile), run, cpu };
  }
  return best as Work;
}

/** Run after run of one tape; by `wasm` without copies: what lies in the memory stays there. */
function repeated(by: string, wanted: readonly Value[]): () => void {
  if (by === 'wasm') {
    const { live, structure, plan } = planned(wanted, 'float32');
    const machine = wasmTarget(true).compile(plan, structure) as WasmMachine;
    const pose = machine.bind(structure, inputsOf(plan, live));
    machine.run(pose);
    return () => machine.again(pose);
  }
  const { executor, runs } = recorder(by, 'float32');
  executor.run(wanted);
  const [first] = runs as [(typeof runs)[number]];
  const kinds = first.plan.steps.map(({ kind }) => kind);
  if (kinds.join() !== 'matmul') throw new Error(`expected one product, planned ${kinds.join(', ')}`);
  return first.run;
}

function elementwise(count: number): Work {
  const x = new Tape().parameter(tensor(Float32Array.from({ length: count }, (_, i) => 4 * Math.sin(i))));
  if (which === 'exp') return { run: repeated('wasm', [exp(x)]) };
  const y = softplus(x);
  return { run: repeated('wasm', [y, ...gradient(sum(y), [x])]) };
}

/** A million times twelve multiply-adds of four lanes in registers: sums that do not wait for each other. */
function ceiling(operations: number): Work {
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
  return { run: exports.ceiling as () => void, share: (8 * 12 * 1_000_000) / operations };
}

/** Workload A's structure planned, generated and instantiated, as if it were new each time. */
async function plan(): Promise<() => WasmMachine> {
  const { params, score, poses } = await readTask('network', 1);
  const wanted = withGradient(record(score, params, poses[0]));
  return () => {
    const { structure, plan } = planned(wanted, 'float32');
    return wasmTarget(true).compile(plan, structure) as WasmMachine;
  };
}

async function work(): Promise<Work> {
  const [first = '', second = '', ...lengths] = args;
  if (which === 'plan') return { run: await plan() };
  if (which === 'ceiling') return ceiling(Number(first));
  if (which !== 'matmul') return elementwise(Number(first));
  const [m = 0, k = 0, n = 0] = lengths.map(Number);
  return product(first, second, m, k, n);
}

let chosen: Promise<Work> | undefined;
let next: Promise<() => Promise<Round>> | undefined;
const made = () => {
  chosen ??= work();
  return chosen;
};
await serve({
  module: async (): Promise<Module> => ({ bytes: (await plan())().program.bytes.length }),
  name: async () => ({ name: (await made()).name }),
  round: async (): Promise<Round> => {
    next ??= made().then(({ run, share = 1 }) => warmedUp({ units: share, run }));
    return (await next)();
  },
});
