import type { ArrayRef, MatmulStep } from '../compile/ir.ts';
import { type Lifetimes, layoutOf, lifetimesOf } from '../compile/layout.ts';
import type { Input } from '../compile/planned.ts';
import { lengthOf, one, type Size } from '../compile/sizes.ts';
import type { Structure } from '../compile/structure.ts';
import { panelBytes } from './matmul.ts';
import type { CompiledPass, CompiledStep, PlanModule } from './module.ts';

/** Working memory of one pass, in addition to the plan's buffers. */
export interface Extra {
  /**
   * `panel` is a product's packed right operand, `total` its float64 sums if it has many terms, and `partial` a loop's
   * float32 sums of a few rows.
   */
  readonly kind: 'panel' | 'total' | 'partial';
  /** The buffer of the product or of the sums. */
  readonly buffer: number;
  readonly id: number;
  /** The first part that needs this memory. */
  readonly part: CompiledStep;
}

/** The buffers that a module needs memory for, including the working memory of its passes. */
export interface Room {
  /** The lifetimes of the buffers, in passes. */
  readonly lifetimes: Lifetimes;
  /** Number of buffers. */
  readonly count: number;
  /** The working memory of each pass. */
  readonly extras: readonly Extras[];
}

/** The working memory of one pass, by kind and buffer: see {@link extraKey}. */
export type Extras = ReadonlyMap<string, Extra>;

/** The key of working memory in {@link Extras}. */
export function extraKey(kind: Extra['kind'], buffer: number): string {
  return `${kind} ${buffer}`;
}

/** The buffers of a module and of its passes, with their lifetimes. */
export function roomOf({ plan, passes }: PlanModule): Room {
  let count = plan.buffers.length;
  const extras = passes.map(({ parts }) => {
    // Steps of one pass that add to the same buffer share its working memory.
    const extrasOfPass = new Map<string, Extra>();
    for (const extra of parts.flatMap(extrasOf)) {
      const key = extraKey(extra.kind, extra.buffer);
      if (!extrasOfPass.has(key)) extrasOfPass.set(key, { ...extra, id: count++ });
    }
    return extrasOfPass;
  });
  const steps = passes.map(({ parts }, i) => ({
    reads: parts.flatMap(({ step }) => step.reads),
    writes: [
      ...parts.flatMap(({ step }) => step.writes),
      ...[...(extras[i] as Extras).values()].map(({ id }) => id),
    ],
  }));
  return { lifetimes: lifetimesOf({ steps, wanted: plan.wanted }), count, extras };
}

/** The working memory that a step needs. */
function extrasOf(part: CompiledStep): Omit<Extra, 'id'>[] {
  if (part.kind === 'loop') {
    return part.slots
      .filter(({ kind }) => kind === 'partial')
      .map(({ number }) => ({ kind: 'partial', buffer: number, part }));
  }
  const { transposeA, transposeB, writes } = part.step;
  const [buffer] = writes as readonly [number];
  const total = { kind: 'total', buffer, part } as const;
  return transposeA && !transposeB ? [total] : [{ kind: 'panel', buffer, part }, total];
}

/**
 * The largest number of terms of a product that are added up in float32, block by block. Sums of more terms are
 * float64.
 */
export const mostTerms = 512;

/** The memory layout of one pose. Addresses are in bytes. */
export interface Binding {
  readonly sizes: readonly number[];
  /** The address of each input. */
  readonly inputs: readonly number[];
  /** The address of each buffer. */
  readonly buffers: readonly number[];
  /** The number of rows in a band of each pass. */
  readonly bands: readonly number[];
  /** The address at which the layout ends. */
  readonly bytes: number;
}

/** Rounds a number up to a multiple of `unit`. */
const roundUp = (number: number, unit: number) => Math.ceil(number / unit) * unit;
/** The most numbers in a band of one buffer, so that the bands of several buffers stay in the cache. */
const bandNumbers = 16384;
/** The unit of the number of rows in a band: a multiple of the lanes of a vector and of the rows of a tile. */
const rowUnit = 12;
/** The fewest and the most rows in a band. */
const [fewestRows, mostRows] = [3 * rowUnit, 85 * rowUnit];

/** Lays out one pose. The inputs begin at `begin` or just after it. */
export function bindingOf(
  module: PlanModule,
  room: Room,
  { sizes }: Structure,
  inputs: readonly Input[],
  begin: number,
): Binding {
  const { plan, passes } = module;
  let end = roundUp(begin, 64);
  const addresses = new Array<number>(inputs.length);
  // Parameters come first, so that their addresses stay the same when constants change size.
  for (const placed of ['parameter', 'constant'] as const) {
    for (let i = 0; i < inputs.length; i++) {
      const { kind, tensor } = inputs[i] as Input;
      if (kind !== placed) continue;
      addresses[i] = end;
      end = roundUp(end + 4 * tensor.data.length, 16);
    }
  }
  const bands = passes.map(pass => bandOf(module, pass, sizes));
  const lengths = new Array<number>(room.count);
  for (const { id, shape } of plan.buffers) lengths[id] = lengthOf(shape, sizes);
  for (const [i, { axis, local }] of passes.entries()) {
    const n = axis === undefined ? 1 : (sizes[axis] as number);
    for (const buffer of local) {
      lengths[buffer] = n === 0 ? 0 : ((lengths[buffer] as number) / n) * Math.min(n, bands[i] as number);
    }
  }
  for (const [i, extras] of room.extras.entries()) {
    for (const { kind, buffer, id, part } of extras.values()) {
      if (kind === 'panel') lengths[id] = panelLength(part, sizes);
      else if (kind === 'total') lengths[id] = totalLength(part, sizes, bands[i] as number);
      else lengths[id] = lengths[buffer] as number;
    }
  }
  const buffersBegin = roundUp(end, 64);
  // A float64 sum takes as much memory as two float32 numbers.
  for (let id = 0; id < lengths.length; id++)
    lengths[id] = roundUp(lengths[id] as number, 4) * (module.folds.sums.has(id) ? 2 : 1);
  const { offsets, length } = layoutOf(room.lifetimes, lengths);
  const buffers = lengths.map((_, id) => buffersBegin + 4 * (offsets[id] as number));
  return { sizes, inputs: addresses, buffers, bands, bytes: buffersBegin + 4 * length };
}

/** The length of a packed right operand, in float32 numbers. */
function panelLength({ step }: CompiledStep, sizes: readonly number[]): number {
  const { k, n } = step as MatmulStep;
  return panelBytes(sizes[k] as number, sizes[n] as number) / 4;
}

/**
 * The length of the float64 sums of a product, in float32 numbers. They are the sums of one band of rows, or of one
 * product of a batch. A product of few terms needs no float64 sums, so their length is 0.
 */
function totalLength({ kind, step }: CompiledStep, sizes: readonly number[], band: number): number {
  const { m, k, n } = step as MatmulStep;
  if ((sizes[k] as number) <= mostTerms) return 0;
  const rows = Math.min(sizes[m] as number, kind === 'rows' ? band : Number.POSITIVE_INFINITY);
  return 2 * roundUp(rows * (sizes[n] as number), 4);
}

/**
 * The number of rows in a band of a pass. The longer the rows, the fewer a band has, so that a band of each buffer
 * stays in the cache. The number is a multiple of {@link rowUnit}.
 */
function bandOf({ plan }: PlanModule, { parts, axis }: CompiledPass, sizes: readonly number[]): number {
  if (axis === undefined) return 1;
  const length = (size: Size) => sizes[size] as number;
  const rows = Math.max(1, length(axis));
  let width = 1;
  for (const { kind, step } of parts) {
    if (step.kind === 'matmul') {
      width = Math.max(width, length(kind === 'terms' ? step.m : step.k), length(step.n));
      continue;
    }
    for (const buffer of [...step.reads, ...step.writes]) {
      const { shape } = plan.buffers[buffer] as (typeof plan.buffers)[number];
      if (shape.find(size => size !== one) === axis) width = Math.max(width, lengthOf(shape, sizes) / rows);
    }
  }
  return Math.min(mostRows, Math.max(fewestRows, rowUnit * Math.floor(bandNumbers / width / rowUnit)));
}

/** The address of an operand; `isBand` is true if its memory holds only one band. */
export function operandAt(
  { kind, number }: ArrayRef,
  { inputs, buffers }: Binding,
  local: ReadonlySet<number>,
): { at: number; isBand: boolean } {
  return kind === 'input'
    ? { at: inputs[number] as number, isBand: false }
    : { at: buffers[number] as number, isBand: local.has(number) };
}
