// Process that benchmarks measure. It repeats one step of scoring a pose, chosen by its arguments:
//   matmul <executor> <transposes, such as TN> <m> <k> <n>
//   ceiling <number of operations>
//   record|key|plan <workload> <executor>

import { jit, Tape, tensor, type Value } from 'posetape';
import { matmul } from 'posetape/ops';
import { wasm } from 'posetape/wasm';
import { structureOf } from '../engine/compile/structure.ts';
import { liveValues } from '../engine/executor.ts';
import type { MatmulForm } from '../engine/forms.ts';
import { assembled, encoded } from '../engine/wasm/emit/assembler.ts';
import { type Code, FunctionBuilder, floats, i32, op, store } from '../engine/wasm/emit/code.ts';
import { plain, relaxed } from '../engine/wasm/simd.ts';
import { engine } from '../engine/wasm/support.ts';
import { executorKeepingRuns, record, withGradient } from './loops.ts';
import { type Round, serve, timeOf, warmedUp } from './support/serve.ts';
import { spread } from './workloads/spread.ts';
import { readTask, type Task } from './workloads/tasks.ts';

/** Counts of the values that a scorer records on the tape of one pose. */
export interface TapeCounts {
  /** Number of values without those of the gradient. */
  readonly forward: number;
  /** Number of values including those of the gradient. */
  readonly values: number;
}

const [which, ...args] = process.argv.slice(2);

/** Work to repeat. */
interface Work {
  readonly run: () => unknown;
  /** Number of units, such as poses, that a run does. Default 1. */
  readonly units?: number;
}

/**
 * Returns the work of a matrix product. An operand marked T in `transposes` is read transposed, without a copy. Outside this
 * benchmark, only derivative rules record such products.
 */
function product(by: string, transposes: string, m: number, k: number, n: number): Work {
  const [transposeA, transposeB] = [transposes[0] === 'T', transposes[1] === 'T'];
  const tape = new Tape();
  const a = tape.parameter(tensor(spread(m * k, 1), transposeA ? [k, m] : [m, k]));
  const b = tape.parameter(tensor(spread(k * n, 2), transposeB ? [n, k] : [k, n]));
  // `matmul` cannot record transposed operands. So its op is taken from a dummy product, and then recorded with a form that
  // has them.
  const { op } = matmul(tape.parameter(tensor([[1]])), tape.parameter(tensor([[1]])));
  const form: MatmulForm = { kind: 'matmul', transposeA, transposeB };
  return { run: repeated(by, [tape.record(op, form, [a, b])]) };
}

/** Runs a tape once, and returns a function that repeats the run. With `wasm`, the repeated runs do not copy the inputs again. */
function repeated(by: string, wanted: readonly Value[]): () => void {
  const { executor, runs } = executorKeepingRuns(by, 'float32');
  executor.run(wanted);
  return (runs as [(typeof runs)[number]])[0].again;
}

/**
 * Returns work that reaches the processor's highest speed. It updates each of twelve independent sums of four lanes, all in
 * registers, by a million multiply-adds. A unit of this work is `operations` operations.
 */
function ceiling(operations: number): Work {
  const { api, isRelaxed } = engine();
  const { fma } = isRelaxed ? relaxed : plain;
  const f = new FunctionBuilder('ceiling', []);
  const sums = Array.from({ length: 12 }, () => f.local('v128', 'sum'));
  const factor = f.constant(floats(1 + 2 ** -20));
  const i = f.local('i32', 'i');
  // The initial values differ, because the compiler would compute equal sums only once.
  for (const [initial, sum] of sums.entries()) f.set(sum, f.constant(floats(initial)));
  f.set(i, i32(0));
  f.for(i, i32(1_000_000), i32(1), () => {
    for (const sum of sums) f.set(sum, fma({ kind: 'get', local: sum }, factor, factor));
  });
  // Stores the sums, because the compiler would remove unused ones.
  const all = sums.map((local): Code => ({ kind: 'get', local })).reduce((a, b) => op('v128.xor', a, b));
  f.add(store('v128.store', i32(0), all));
  const memory = new api.Memory({ initial: 1 });
  const module = new api.Module(assembled([encoded(f, [])], []));
  const { exports } = new api.Instance(module, { arena: { memory } });
  // A multiply-add of four lanes is 8 operations.
  return { run: exports.ceiling as () => void, units: (8 * 12 * 1_000_000) / operations };
}

/** Returns the work of one step before the loops of a run: recording, the structure key, or the plan with one run. */
function beforeLoops(task: Task, executor: string): Work {
  const { params, score, poses, precision } = task;
  const tapes = () => poses.map(pose => withGradient(record(score, params, pose)));
  const units = poses.length;
  if (which === 'record') return { run: tapes, units };
  const recorded = tapes();
  if (which === 'key')
    return { run: () => recorded.map(wanted => structureOf(liveValues(wanted), wanted, precision)), units };
  return { run: () => (executor === 'wasm' ? wasm() : jit({ precision })).run(recorded[0] ?? []) };
}

async function work(): Promise<Work> {
  const [first = '', second = '', ...lengths] = args;
  if (which === 'ceiling') return ceiling(Number(first));
  // The plan is timed with one pose, because all poses share it. Recording and structure keys are timed over 16 poses.
  if (which !== 'matmul') return beforeLoops(await readTask(first, which === 'plan' ? 1 : 16), second);
  const [m = 0, k = 0, n = 0] = lengths.map(Number);
  return product(first, second, m, k, n);
}

let timeRound: Promise<() => Promise<Round>> | undefined;
await serve({
  counts: async (): Promise<TapeCounts> => {
    const { params, score, poses } = await readTask(args[0] ?? '', 1);
    const forward = record(score, params, poses[0]);
    const { values } = forward.y.tape;
    const forwardCount = values.length;
    withGradient(forward); // appends to values
    return { forward: forwardCount, values: values.length };
  },
  /** Time of the first run, in a process that has done nothing else. */
  cold: async (): Promise<Round> => timeOf((await work()).run),
  round: async (): Promise<Round> => {
    timeRound ??= work().then(({ run, units = 1 }) => warmedUp({ units, run }));
    return (await timeRound)();
  },
});
