import type { ArrayRef, MatmulStep } from '../compile/ir.ts';
import { type Lifetimes, layoutOf, lifetimesOf } from '../compile/layout.ts';
import type { Input } from '../compile/planned.ts';
import { lengthOf, type Size } from '../compile/sizes.ts';
import type { Structure } from '../compile/structure.ts';
import type { Slot } from './frame.ts';
import { panelBytes } from './matmul.ts';
import type { CompiledPart, CompiledPass, Program } from './program.ts';

/** Working memory of one pass, beside the plan's buffers. */
export interface Extra {
  readonly kind: 'total' | 'partial' | 'panel';
  /** The buffer that is summed into; for a panel, the buffer of the product. */
  readonly buffer: number;
  readonly id: number;
  /** The first part that needs it. */
  readonly part: CompiledPart;
}

/** Lifetimes of a program's buffers in passes, with the working memory of the passes. */
export interface Room {
  readonly lifetimes: Lifetimes;
  /** Number of buffers, including the working memory of the passes. */
  readonly count: number;
  /** By pass. */
  readonly extras: readonly Extras[];
}

/** The working memory of one pass, by kind and buffer: see {@link extraKey}. */
export type Extras = ReadonlyMap<string, Extra>;

export function extraKey(kind: Extra['kind'], buffer: number): string {
  return `${kind} ${buffer}`;
}

export function roomOf({ plan, passes, folds }: Program): Room {
  let count = plan.buffers.length;
  const extras = passes.map(({ parts }) => {
    const needed = parts.flatMap(part => extrasOf(part, buffer => folds.sums.has(buffer)));
    // Steps of one pass that add to the same buffer share its working memory.
    const extras = new Map<string, Extra>();
    for (const extra of needed) {
      const key = extraKey(extra.kind, extra.buffer);
      if (!extras.has(key)) extras.set(key, { ...extra, id: count++ });
    }
    return extras;
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

function extrasOf(part: CompiledPart, isSummed: (buffer: number) => boolean): Omit<Extra, 'id'>[] {
  if (part.kind !== 'loop') {
    const { transposeA, transposeB, writes } = part.step;
    return transposeA && !transposeB ? [] : [{ kind: 'panel', buffer: writes[0] as number, part }];
  }
  const uses = (kind: Slot['kind'], buffer: number) =>
    part.slots.some(slot => slot.kind === kind && slot.number === buffer);
  return part.step.writes
    .filter(isSummed)
    .flatMap((buffer): Omit<Extra, 'id'>[] => [
      { kind: 'total', buffer, part },
      ...(uses('partial', buffer) ? [{ kind: 'partial', buffer, part } as const] : []),
    ]);
}

/**
 * True if a buffer of so many numbers is summed band by band, and the bands' sums are added in float64. In a longer
 * buffer each sum has fewer terms, and adding up the bands would cost as much as the terms.
 */
export const isSummedByBands = (length: number): boolean => length <= 1024;

/** Memory layout of one pose, in bytes from the beginning of the memory, and the rows in a band of each pass. */
export interface Binding {
  readonly sizes: readonly number[];
  readonly inputs: readonly number[];
  readonly buffers: readonly number[];
  readonly bands: readonly number[];
  /** End of the layout. */
  readonly bytes: number;
}

const up = (number: number, to: number) => Math.ceil(number / to) * to;
/** Numbers in a band of one buffer, few enough that the bands of a few buffers stay in the cache. */
const bandNumbers = 16384;

/** Lays out one pose. The inputs begin at `begin` or just after it. */
export function bindingOf(
  program: Program,
  room: Room,
  { sizes }: Structure,
  given: readonly Input[],
  begin: number,
): Binding {
  const { plan, passes } = program;
  let end = up(begin, 64);
  const inputs = new Array<number>(given.length);
  // Parameters first: their addresses stay the same when other inputs change size.
  for (const wanted of ['parameter', 'constant'] as const) {
    for (let i = 0; i < given.length; i++) {
      const { kind, tensor } = given[i] as Input;
      if (kind !== wanted) continue;
      inputs[i] = end;
      end = up(end + 4 * tensor.data.length, 16);
    }
  }
  const bands = passes.map(pass => bandOf(program, pass, sizes));
  const lengths = new Array<number>(room.count);
  for (const { id, shape } of plan.buffers) lengths[id] = lengthOf(shape, sizes);
  for (const [i, { axis, local }] of passes.entries()) {
    const n = axis === undefined ? 1 : (sizes[axis] as number);
    for (const buffer of local) {
      lengths[buffer] = n === 0 ? 0 : ((lengths[buffer] as number) / n) * Math.min(n, bands[i] as number);
    }
  }
  for (const extras of room.extras) {
    for (const { kind, buffer, id, part } of extras.values()) {
      lengths[id] =
        kind === 'panel'
          ? panelLength(part, sizes)
          : isSummedByBands(lengths[buffer] as number)
            ? (kind === 'total' ? 2 : 1) * up(lengths[buffer] as number, 4)
            : 0;
    }
  }
  const arena = up(end, 64);
  for (let id = 0; id < lengths.length; id++) lengths[id] = up(lengths[id] as number, 4);
  const { offsets, length } = layoutOf(room.lifetimes, lengths);
  const buffers = lengths.map((_, id) => arena + 4 * (offsets[id] as number));
  return { sizes, inputs, buffers, bands, bytes: arena + 4 * length };
}

function panelLength({ step }: CompiledPart, sizes: readonly number[]): number {
  const { k, n } = step as MatmulStep;
  return panelBytes(sizes[k] as number, sizes[n] as number) / 4;
}

/** Rows in a band of a pass: as many as the cache holds, in whole vectors and whole tiles. */
function bandOf({ plan }: Program, { parts, axis }: CompiledPass, sizes: readonly number[]): number {
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
      if (shape.find(size => size !== 0) === axis) width = Math.max(width, lengthOf(shape, sizes) / rows);
    }
  }
  return Math.min(1020, Math.max(36, 12 * Math.floor(bandNumbers / width / 12)));
}

/** Address of an operand, and whether it holds only a band. */
export function operandAt(
  { kind, number }: ArrayRef,
  { inputs, buffers }: Binding,
  local: ReadonlySet<number>,
): { at: number; isBand: boolean } {
  return kind === 'input'
    ? { at: inputs[number] as number, isBand: false }
    : { at: buffers[number] as number, isBand: local.has(number) };
}
