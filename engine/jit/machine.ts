import type { ArrayRef, MatmulStep, Plan } from '../compile/ir.ts';
import { type Layout, type Lifetimes, layoutOf, lifetimesOf } from '../compile/layout.ts';
import { type LayoutKey, Layouts } from '../compile/layouts.ts';
import type { Input, Machine } from '../compile/planned.ts';
import { lengthOf } from '../compile/sizes.ts';
import type { Structure } from '../compile/structure.ts';
import type { Precision } from '../executor.ts';
import type { TensorData } from '../tensor.ts';
import { matmulSource } from './matmul.ts';
import { type LoopSource, type Slot, sourceOf } from './print.ts';

/**
 * The memory of an executor: one array, which each run overwrites. It grows for a large pose, and shrinks again later.
 */
export class Arena {
  readonly precision: Precision;
  readonly entryBytes: number;
  #numbers: Float64Array | Float32Array;
  /** The same memory as float64, in which the sums of a float32 arena are accumulated. */
  #sums: Float64Array;
  #runs = 0;
  /** The largest number of entries that a run needed since the size was last reviewed. */
  #largest = 0;

  constructor(precision: Precision) {
    this.precision = precision;
    this.entryBytes = precision === 'float64' ? 8 : 4;
    [this.#numbers, this.#sums] = this.#views(0);
  }

  get numbers(): Float64Array | Float32Array {
    return this.#numbers;
  }

  get sums(): Float64Array {
    return this.#sums;
  }

  /** Makes room for `length` entries. The contents may be lost. */
  reserve(length: number): void {
    this.#largest = Math.max(this.#largest, length);
    // At a review, the arena shrinks if its length is above four times the most entries that a run needed since the
    // last review, plus 1024.
    const isDue = ++this.#runs % runsPerReview === 0;
    const isTooLarge = isDue && this.#numbers.length > 4 * this.#largest + 1024;
    if (isDue) this.#largest = length;
    if (this.#numbers.length >= length && !isTooLarge) return;
    [this.#numbers, this.#sums] = this.#views(Math.ceil(length * 1.25));
  }

  #views(length: number): [Float64Array | Float32Array, Float64Array] {
    if (this.precision === 'float64') {
      const numbers = new Float64Array(length);
      return [numbers, numbers];
    }
    const buffer = new ArrayBuffer(8 * Math.ceil(length / 2));
    return [new Float32Array(buffer), new Float64Array(buffer)];
  }
}

/** The number of runs after which an arena shrinks if it is far larger than any of these runs needed. */
const runsPerReview = 64;

/** Runs a step of a plan. Takes the arena, the arena as float64, the frame of the step, and its inputs. */
type LoopFunction = (
  A: Float64Array | Float32Array,
  S: Float64Array,
  f: readonly number[],
  x: readonly TensorData[],
) => void;

// biome-ignore format: a line for the arrays with their offsets, and one for the lengths
type MatmulFunction = (
  C: TensorData, c: number, A: TensorData, a: number, B: TensorData, b: number,
  m: number, k: number, n: number,
) => void;

/** A compiled step. */
interface CompiledStep {
  readonly run: LoopFunction;
  readonly slots: readonly Slot[];
  /** The plan's inputs that it reads. */
  readonly inputs: readonly number[];
}

/** The layout and the frames of a pose, shared by all poses of equal sizes and starts. */
interface Prepared extends LayoutKey {
  /** The number of entries of each buffer. */
  readonly counts: readonly number[];
  readonly layout: Layout;
  /** For each step, its frame: the sizes, starts and offsets that it needs. */
  readonly frames: readonly (readonly number[])[];
}

/** A pose ready to run. */
export interface JitPose {
  readonly bytes: number;
  readonly prepared: Prepared;
  /** The arrays of the pose that each step reads. */
  readonly inputs: readonly (readonly TensorData[])[];
}

/** A plan as JavaScript functions. */
export class JitMachine implements Machine<JitPose> {
  readonly #plan: Plan;
  readonly #arena: Arena;
  readonly #lifetimes: Lifetimes;
  /** Buffers whose sums are accumulated in float64, although the arena is float32. */
  readonly #summed: ReadonlySet<number>;
  /** For each step, the sums that are complete after it. */
  readonly #lastAdds: readonly (readonly number[])[];
  readonly #sources: readonly (LoopSource | string)[];
  readonly #compiledSteps: readonly CompiledStep[];
  readonly #layouts: Layouts<Prepared>;

  constructor(plan: Plan, arena: Arena) {
    this.#plan = plan;
    this.#arena = arena;
    this.#lifetimes = lifetimesOf(plan);
    this.#summed = arena.precision === 'float32' ? summedIn(plan) : new Set();
    this.#lastAdds = lastAddsOf(plan, this.#summed);
    this.#sources = sourcesOf(plan, this.#summed);
    this.#compiledSteps = compiledStepsOf(plan, this.#sources);
    const slots = this.#compiledSteps.reduce((total, step) => total + step.slots.length, 0);
    this.#layouts = new Layouts(slots + 2 * plan.buffers.length);
  }

  bind(structure: Structure, inputs: readonly Input[]): JitPose {
    const prepared = this.#layouts.get(structure, () => this.#prepare(structure));
    const arrays = this.#compiledSteps.map(step =>
      step.inputs.map(number => (inputs[number] as Input).tensor.data),
    );
    return { bytes: prepared.layout.length * this.#arena.entryBytes, prepared, inputs: arrays };
  }

  #prepare({ sizes, starts }: Structure): Prepared {
    const counts = this.#plan.buffers.map(({ shape }) => lengthOf(shape, sizes));
    // In a float32 arena, a float64 sum takes two entries and begins at an even offset, so all lengths are even.
    const lengths =
      this.#summed.size === 0
        ? counts
        : counts.map((count, id) => (this.#summed.has(id) ? 2 * count : count + (count % 2)));
    const layout = layoutOf(this.#lifetimes, lengths);
    const frames = this.#compiledSteps.map(({ slots }, at) =>
      slots.map(({ kind, number }) => {
        if (kind === 'offset') return this.#offset(layout, number, at);
        return (kind === 'size' ? sizes : starts)[number] as number;
      }),
    );
    return { sizes, starts, counts, layout, frames };
  }

  /** Offset of a buffer at step `at`. It counts float64 entries if the step adds to float64 sums in the buffer. */
  #offset({ offsets }: Layout, buffer: number, at: number): number {
    const isAdding = this.#summed.has(buffer) && this.#plan.steps[at]?.writes.includes(buffer);
    return (offsets[buffer] as number) / (isAdding ? 2 : 1);
  }

  run({ prepared, inputs }: JitPose): void {
    const { counts, layout, frames } = prepared;
    this.#arena.reserve(layout.length);
    const { numbers, sums } = this.#arena;
    const { steps } = this.#plan;
    for (let at = 0; at < steps.length; at++) {
      for (const { buffer, number } of (steps[at] as Plan['steps'][number]).clears) {
        const isSummed = this.#summed.has(buffer);
        const from = (layout.offsets[buffer] as number) / (isSummed ? 2 : 1);
        (isSummed ? sums : numbers).fill(number, from, from + (counts[buffer] as number));
      }
      const { run } = this.#compiledSteps[at] as CompiledStep;
      run(numbers, sums, frames[at] as readonly number[], inputs[at] as readonly TensorData[]);
      for (const buffer of this.#lastAdds[at] as readonly number[]) {
        // Rounding in place is safe: float32 entry i lies within or before float64 sum i, which has been read by then.
        const from = layout.offsets[buffer] as number;
        const count = counts[buffer] as number;
        for (let i = 0; i < count; i++) numbers[from + i] = sums[from / 2 + i] as number;
      }
    }
  }

  result({ prepared: { counts, layout } }: JitPose, buffer: number): TensorData {
    const from = layout.offsets[buffer] as number;
    return this.#arena.numbers.slice(from, from + (counts[buffer] as number));
  }

  explain(structure: Structure): string {
    const { sizes } = structure;
    const { counts, layout } = this.#prepare(structure);
    const { entryBytes } = this.#arena;
    const list = (ids: readonly number[]) =>
      ids.map(id => `b${id} (${(counts[id] as number) * entryBytes} B)`).join(', ') || 'nothing';
    const steps = this.#plan.steps.map((step, at) => {
      const what = step.kind === 'matmul' ? 'matrix product' : `loop of ${step.ops.join(', ')}`;
      const head = `// ${at}: ${what}\n//    reads ${list(step.reads)}\n//    stores ${list(step.writes)}`;
      if (step.kind === 'matmul')
        return `${head}\n// ${[step.m, step.k, step.n].map(size => sizes[size]).join(' × ')}`;
      const { text, slots, inputs } = this.#sources[at] as LoopSource;
      return `${head}${namesOf(slots, inputs)}\n${text}`;
    });
    const loops = this.#plan.steps.filter(step => step.kind === 'loop').length;
    const head = `// ${loops} loops and ${steps.length - loops} matrix products in an arena of ${layout.length * entryBytes} B`;
    return [head, ...steps].join('\n\n');
  }
}

/** The buffers in which loops accumulate sums entry by entry. */
function summedIn({ steps }: Plan): Set<number> {
  const sinks = steps.flatMap(step => (step.kind === 'loop' ? step.sinks : []));
  return new Set(sinks.filter(({ kind }) => kind === 'add').map(({ buffer }) => buffer));
}

/** For each step, the buffers of sums that are complete after it. */
function lastAddsOf({ steps }: Plan, summed: ReadonlySet<number>): number[][] {
  const last = new Map<number, number>();
  for (const [at, { writes }] of steps.entries())
    for (const buffer of writes) if (summed.has(buffer)) last.set(buffer, at);
  const complete = steps.map((): number[] => []);
  for (const [buffer, at] of last) complete[at]?.push(buffer);
  return complete;
}

/** The source of each step: a loop's with its slots and inputs, a matrix product's as text. */
function sourcesOf({ steps }: Plan, summed: ReadonlySet<number>): (LoopSource | string)[] {
  return steps.map(step => {
    if (step.kind === 'matmul') return matmulSource(step.transposeA, step.transposeB);
    const isAdded = (buffer: number) => summed.has(buffer) && step.writes.includes(buffer);
    return sourceOf(step, isAdded);
  });
}

/** Compiles the sources. Equal sources that read arrays of the same types share one function. */
function compiledStepsOf({ steps, inputs }: Plan, sources: readonly (LoopSource | string)[]): CompiledStep[] {
  const functions = new Map<string, unknown>();
  // A function that is called with several types of arrays is slow for all of them.
  const typeOf = (number: number) => `${inputs[number]?.ref.type} ${inputs[number]?.isDouble}`;
  const compiled = <F>(
    source: string,
    inputNumbers: readonly number[],
    specials: LoopSource['specials'] = new Map(),
  ): F => {
    const key = `${inputNumbers.map(typeOf)} ${source}`;
    const make = () =>
      new Function(...specials.keys(), `'use strict'; return ${source};`)(
        ...[...specials.values()].map(({ of }) => of),
      );
    const compiledFunction = functions.get(key) ?? make();
    functions.set(key, compiledFunction);
    return compiledFunction as F;
  };
  return steps.map((step, at) => {
    const source = sources[at] as LoopSource | string;
    if (typeof source !== 'string') {
      const { text, slots, specials } = source;
      return { run: compiled<LoopFunction>(text, source.inputs, specials), slots, inputs: source.inputs };
    }
    const { a, b } = step as MatmulStep;
    const operands = [a, b].flatMap(({ kind, number }) => (kind === 'input' ? [number] : []));
    return productOf(step as MatmulStep, compiled<MatmulFunction>(source, operands), operands);
  });
}

/**
 * A compiled matrix product. Its frame holds m, k, n, the leading lengths, and the offsets of C and of those operands
 * that are buffers.
 */
function productOf(step: MatmulStep, multiply: MatmulFunction, inputs: readonly number[]): CompiledStep {
  const { a, b, m, k, n, batch, writes } = step;
  const size = (number: number): Slot => ({ kind: 'size', number });
  const buffers = [
    writes[0] as number,
    ...[a, b].flatMap(ref => (ref.kind === 'buffer' ? [ref.number] : [])),
  ];
  const slots = [
    ...[m, k, n, ...batch].map(size),
    ...buffers.map((number): Slot => ({ kind: 'offset', number })),
  ];
  const run: LoopFunction = (A, _, f, x) => {
    const [m, k, n] = f as [number, number, number];
    let batches = 1;
    for (let i = 0; i < batch.length; i++) batches *= f[3 + i] as number;
    let [slot, nextInput] = [3 + batch.length, 0];
    const c = f[slot++] as number;
    const operand = ({ kind }: ArrayRef): [TensorData, number] =>
      kind === 'input' ? [x[nextInput++] as TensorData, 0] : [A, f[slot++] as number];
    const [left, fromA] = operand(a);
    const [right, fromB] = operand(b);
    for (let i = 0; i < batches; i++) {
      multiply(A, c + i * m * n, left, fromA + i * m * k, right, fromB + i * k * n, m, k, n);
    }
  };
  return { run, slots, inputs };
}

/** A comment that explains the names in a source: the plan's sizes, starts, buffers and inputs. */
function namesOf(slots: readonly Slot[], inputs: readonly number[]): string {
  const counts = { size: 0, start: 0, offset: 0 };
  const names = slots.map(({ kind, number }) => {
    const name = `${{ size: 'n', start: 's', offset: 'o' }[kind]}${counts[kind]++}`;
    return `${name} = ${{ size: 'length', start: 'start', offset: 'start of b' }[kind]}${kind === 'offset' ? '' : ' '}${number}`;
  });
  const inputNames = inputs.map((number, i) => `x${i} = input ${number}`);
  const all = [...names, ...inputNames];
  return all.length > 0 ? `\n//    where ${all.join(', ')}` : '';
}
