import { gradient, type Precision, Tape, type Tensor, type TensorData, type Value } from 'posetape';
import type { Params, Scorer } from 'posetape/combine';
import { type Layout, layoutOf, lengthOf } from '../engine/compile/layout.ts';
import { planOf } from '../engine/compile/loops.ts';
import type { MatmulStep, Operand, Plan } from '../engine/compile/plan.ts';
import { type Structure, structureOf } from '../engine/compile/structure.ts';
import { liveValues } from '../engine/executor.ts';
import { sourcesOf } from '../engine/jit/jit.ts';

// What happens to a pose on the way from a scorer to numbers, piece by piece, for the clock.

/** A prediction on a tape of its own, and the parameters that it depends on. */
export interface Recorded {
  readonly y: Value;
  readonly params: readonly Value[];
}

export function record<Pose, P extends Params>(score: Scorer<Pose, P>, params: P, pose: Pose): Recorded {
  const tape = new Tape();
  const entries = Object.entries<Tensor>(params).map(
    ([name, value]) => [name, tape.parameter(value, name)] as const,
  );
  const y = score(tape, Object.fromEntries(entries) as Parameters<typeof score>[1], pose);
  return { y, params: entries.map(([, value]) => value) };
}

/** ΔG and its gradient. */
export function withGradient({ y, params }: Recorded): Value[] {
  return [y, ...gradient(y, params)];
}

/** What is particular to one pose when loops run. */
export interface Bound {
  readonly structure: Structure;
  readonly layout: Layout;
  readonly inputs: readonly TensorData[];
}

type Floats = Float64Array | Float32Array;
type Step = (arena: Floats, bound: Bound) => void;

/** The generated loops alone, as `jit` runs them: no tape, no key, no layout, no copies. */
export class Loops {
  readonly plan: Plan;
  readonly #precision: Precision;
  readonly #key: string;
  readonly #steps: readonly Step[];
  #arena: Floats;

  /** Plans and compiles the structure of these values. */
  constructor(wanted: readonly Value[], precision: Precision) {
    const live = liveValues(wanted);
    const structure = structureOf(live, wanted, precision);
    this.plan = planOf(live, wanted, structure, { guesses: true });
    this.#precision = precision;
    this.#key = structure.key;
    const sources = sourcesOf(this.plan, precision);
    this.#steps = this.plan.steps.map((step, i) => stepOf(step, sources[i] as string));
    this.#arena = this.#arenaOf(0);
  }

  /** Prepares values of the same structure to be run. */
  bind(wanted: readonly Value[]): Bound {
    const live = liveValues(wanted);
    const structure = structureOf(live, wanted, this.#precision);
    if (structure.key !== this.#key) throw new Error('Loops.bind: another structure');
    const layout = layoutOf(this.plan, structure.sizes);
    if (this.#arena.length < layout.length) this.#arena = this.#arenaOf(layout.length);
    return { structure, layout, inputs: this.plan.inputPlaces.map(place => dataOf(live[place] as Value)) };
  }

  run(bound: Bound): void {
    for (const [i, { clears }] of this.plan.steps.entries()) {
      for (const { buffer, number } of clears) this.#arena.fill(number, ...this.#place(buffer, bound));
      (this.#steps[i] as Step)(this.#arena, bound);
    }
  }

  /** What the last run left, one array for each wanted value. */
  results(bound: Bound): Floats[] {
    return this.plan.wanted.map(buffer => this.#arena.slice(...this.#place(buffer, bound)));
  }

  #place(buffer: number, { structure, layout }: Bound): [from: number, to: number] {
    const from = layout.offsets[buffer] as number;
    const { shape } = this.plan.buffers[buffer] as Plan['buffers'][number];
    return [from, from + lengthOf(shape, structure.sizes)];
  }

  #arenaOf(length: number): Floats {
    return this.#precision === 'float64' ? new Float64Array(length) : new Float32Array(length);
  }
}

/** Values ready to be run. */
export interface Ready {
  readonly loops: Loops;
  readonly bound: Bound;
}

/** Plans and compiles once for each structure, as `jit` does: poses of one scorer have one, or a few if sizes coincide. */
export function readied(tapes: readonly (readonly Value[])[], precision: Precision): Ready[] {
  const known = new Map<string, Loops>();
  return tapes.map(wanted => {
    const { key } = structureOf(liveValues(wanted), wanted, precision);
    const loops = known.get(key) ?? new Loops(wanted, precision);
    known.set(key, loops);
    return { loops, bound: loops.bind(wanted) };
  });
}

function dataOf({ form }: Value): TensorData {
  if (form.kind !== 'parameter' && form.kind !== 'constant') throw new Error(`${form.kind} is no input`);
  return form.tensor.data;
}

function stepOf(step: Plan['steps'][number], source: string): Step {
  const run = new Function(`'use strict'; return ${source};`)();
  if (step.kind === 'matmul') return productOf(step, run);
  return (arena, { structure: { sizes, starts }, layout: { offsets }, inputs }) =>
    run(arena, sizes, starts, offsets, inputs);
}

function productOf(step: MatmulStep, multiply: (...args: unknown[]) => void): Step {
  return (arena, { structure: { sizes }, layout: { offsets }, inputs }) => {
    const [m, k, n] = [step.m, step.k, step.n].map(size => sizes[size]) as [number, number, number];
    const at = ({ kind, number }: Operand) =>
      kind === 'input' ? ([inputs[number], 0] as const) : ([arena, offsets[number] as number] as const);
    const [[A, a], [B, b]] = [at(step.a), at(step.b)];
    const c = offsets[step.writes[0] as number] as number;
    for (let i = 0; i < lengthOf(step.batch, sizes); i++) {
      multiply(arena, c + i * m * n, A, a + i * m * k, B, b + i * k * n, m, k, n);
    }
  };
}
