import { type Layout, layoutOf, lengthOf } from '../compile/layout.ts';
import type { Buffer, MatmulStep, Operand, Plan } from '../compile/plan.ts';
import { type Job, type PlannedExecutor, plannedExecutor } from '../compile/planned.ts';
import type { Structure } from '../compile/structure.ts';
import { checkPrecision, type Precision } from '../executor.ts';
import { interpreter } from '../interpreter.ts';
import { checkOptions } from '../options.ts';
import type { Value } from '../tape.ts';
import type { Tensor, TensorData } from '../tensor.ts';
import { matmulSource } from './matmul.ts';
import { sourceOf } from './print.ts';

/** What {@link jit} may be told. */
export interface JitOptions {
  /**
   * Default float64. In float32 only what is stored or compared is rounded: expressions and sums into one number run in
   * float64, while a sum into many entries at once, such as that of a column, is rounded at each step.
   */
  readonly precision?: Precision;
  /** How many structures are kept compiled; the one unused for longest goes first. Default 64. */
  readonly structures?: number;
}

/** {@link jit} as an executor; its code is the loops' source. */
export type JitExecutor = PlannedExecutor;

type Arena = Float64Array | Float32Array;
type Run = (arena: Arena, layout: Layout, structure: Structure, inputs: readonly TensorData[]) => void;

interface Compiled {
  readonly plan: Plan;
  readonly run: Run;
  readonly sources: readonly string[];
  /** The layout of the sizes seen last: poses of equal sizes share it. */
  last: { sizes: readonly number[]; layout: Layout } | undefined;
}

/**
 * Fuses a tape into loops and compiles them to JavaScript: the executor to use.
 *
 * A plan and its code are made once for each structure, so poses whose pair lists differ in length share them; per pose
 * only the positions in the arena are found anew. Where code generation is forbidden (a Content-Security-Policy without
 * 'unsafe-eval'), it says so once on the console, and the interpreter serves; `name` tells which it is.
 * @example
 * await combinePoses({ …, executor: jit({ precision: 'float32' }) });
 */
export function jit(options: JitOptions = {}): JitExecutor {
  checkOptions('jit', options, ['precision', 'structures']);
  const { precision = 'float64', structures = 64 } = options;
  checkPrecision('jit', precision);
  if (!mayCompile()) return interpreterInstead(precision);
  let arena = newArena(precision, 0);

  const run = (code: Compiled, { structure, wanted, inputs, memory }: Job): Tensor[] => {
    const layout = layoutFor(code, structure.sizes);
    if (arena.length < layout.length) arena = newArena(precision, Math.ceil(layout.length * 1.25));
    const bytes = layout.length * arena.BYTES_PER_ELEMENT + (wanted[0] as Value).tape.copiedBytes;
    memory.take(bytes);
    try {
      code.run(
        arena,
        layout,
        structure,
        inputs.map(({ tensor }) => tensor.data),
      );
      return wanted.map(({ shape }, i) => {
        const buffer = code.plan.wanted[i] as number;
        const from = layout.offsets[buffer] as number;
        const length = lengthOf(
          (code.plan.buffers[buffer] as Plan['buffers'][number]).shape,
          structure.sizes,
        );
        return { data: arena.slice(from, from + length), shape };
      });
    } finally {
      memory.give(bytes);
    }
  };

  return plannedExecutor({
    name: `jit ${precision}`,
    precision,
    structures,
    compile: plan => compile(plan, precision),
    run,
    explain: (code, structure) =>
      explained(code, layoutFor(code, structure.sizes), structure, arena.BYTES_PER_ELEMENT),
  });
}

function newArena(precision: Precision, length: number): Arena {
  return precision === 'float64' ? new Float64Array(length) : new Float32Array(length);
}

function layoutFor(code: Compiled, sizes: readonly number[]): Layout {
  const { last } = code;
  if (last?.sizes.every((size, i) => size === sizes[i])) return last.layout;
  const layout = layoutOf(code.plan, sizes);
  code.last = { sizes, layout };
  return layout;
}

// Compiling.

/** Whether this page or process lets a program write a program. */
function mayCompile(): boolean {
  try {
    return new Function('return true')() as boolean;
  } catch {
    return false;
  }
}

let wasSaid = false;

function interpreterInstead(precision: Precision): JitExecutor {
  if (!wasSaid) {
    wasSaid = true;
    console.warn(
      "posetape: jit() may not generate code here (a Content-Security-Policy without 'unsafe-eval'); the interpreter runs instead, with equal results, more slowly",
    );
  }
  const instead = interpreter({ precision });
  const name = `${instead.name} (jit: code generation is forbidden here)`;
  return { ...instead, name, explain: () => name, planned: 0 };
}

/** A fresh function of a source, with a feedback of its own: one shared by arrays of several kinds is slow for all. */
function functionOf<F>(source: string): F {
  return new Function(`'use strict'; return ${source};`)() as F;
}

/** The JavaScript of each step. */
export function sourcesOf(plan: Plan, precision: Precision): string[] {
  const holdsValue = (buffer: number) => (plan.buffers[buffer] as Buffer).node.form.kind !== 'scatter';
  const isRounded = precision === 'float32' ? holdsValue : undefined;
  return plan.steps.map(step =>
    step.kind === 'loop' ? sourceOf(step, isRounded) : matmulSource(step.transposeA, step.transposeB),
  );
}

function compile(plan: Plan, precision: Precision): Compiled {
  const sources = sourcesOf(plan, precision);
  const steps = plan.steps.map((step, i) => {
    const source = sources[i] as string;
    return step.kind === 'loop'
      ? functionOf<LoopFunction>(source)
      : matmulOf(step, functionOf<MatmulFunction>(source));
  });
  const clears = plan.steps.map(step => step.clears);
  const run: Run = (arena, layout, { sizes, starts }, inputs) => {
    for (let i = 0; i < steps.length; i++) {
      for (const { buffer, number } of clears[i] as (typeof clears)[number]) {
        const from = layout.offsets[buffer] as number;
        const { shape } = plan.buffers[buffer] as Plan['buffers'][number];
        arena.fill(number, from, from + lengthOf(shape, sizes));
      }
      (steps[i] as LoopFunction)(arena, sizes, starts, layout.offsets, inputs);
    }
  };
  return { plan, run, sources, last: undefined };
}

type LoopFunction = (
  arena: Arena,
  sizes: readonly number[],
  starts: readonly number[],
  offsets: Int32Array,
  inputs: readonly TensorData[],
) => void;

// biome-ignore format: one name a number, in the order of the source
type MatmulFunction = (
  C: Arena, c: number, A: TensorData, a: number, B: TensorData, b: number,
  m: number, k: number, n: number,
) => void;

function matmulOf(step: MatmulStep, multiply: MatmulFunction): LoopFunction {
  const [target] = step.writes as readonly [number];
  return (arena, sizes, _starts, offsets, inputs) => {
    const [m, k, n] = [sizes[step.m] as number, sizes[step.k] as number, sizes[step.n] as number];
    const at = ({ kind, number }: Operand): [TensorData, number] =>
      kind === 'input' ? [inputs[number] as TensorData, 0] : [arena, offsets[number] as number];
    const [[A, a], [B, b]] = [at(step.a), at(step.b)];
    const c = offsets[target] as number;
    const batches = lengthOf(step.batch, sizes);
    for (let i = 0; i < batches; i++) {
      multiply(arena, c + i * m * n, A, a + i * m * k, B, b + i * k * n, m, k, n);
    }
  };
}

// Showing.

function explained(
  { plan, sources }: Compiled,
  layout: Layout,
  { sizes }: Structure,
  entryBytes: number,
): string {
  const bytes = (id: number) =>
    lengthOf((plan.buffers[id] as Plan['buffers'][number]).shape, sizes) * entryBytes;
  const list = (ids: readonly number[]) => ids.map(id => `b${id} (${bytes(id)} B)`).join(', ') || 'nothing';
  const steps = plan.steps.map((step, i) => {
    const what = step.kind === 'matmul' ? 'matrix product' : `loop of ${step.ops.join(', ')}`;
    const head = `// ${i}: ${what}\n//    reads ${list(step.reads)}\n//    stores ${list(step.writes)}`;
    return `${head}\n${step.kind === 'matmul' ? `// ${[step.m, step.k, step.n].map(size => sizes[size]).join(' × ')}` : sources[i]}`;
  });
  const loops = plan.steps.filter(step => step.kind === 'loop').length;
  const head = `// ${loops} loops and ${plan.steps.length - loops} matrix products in an arena of ${layout.length * entryBytes} B`;
  return [head, ...steps].join('\n\n');
}
