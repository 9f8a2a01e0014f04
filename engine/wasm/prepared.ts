import type { Plan, PlanBuffer } from '../compile/ir.ts';
import { lengthOf, one } from '../compile/sizes.ts';
import { type Binding, type Extras, extraKey } from './binding.ts';
import type { Slot } from './frame.ts';
import type { CompiledPass, CompiledStep } from './module.ts';
import { productOf } from './products.ts';

/** A function of a compiled module. */
export type WasmFunction = (...args: number[]) => void;
/** Runs a step on a band of rows. */
export type RunBand = (from: number, to: number) => void;
export type ProductStep = Exclude<CompiledStep, CompiledLoop>;
type CompiledLoop = Extract<CompiledStep, { kind: 'loop' }>;

/** A pass ready to run for one memory layout. Poses of equal sizes and starts share it. */
export interface PreparedPass {
  /** The steps in order, each as a function that runs a band. */
  readonly runs: readonly RunBand[];
  /** Frame entries to set before each band. */
  readonly moved: readonly Moved[];
  /** Functions to call once, before the first band. */
  readonly before: readonly (() => void)[];
}

/**
 * A frame entry that changes from band to band, for a local buffer, which holds only one band. The entry is the address
 * at which the buffer would begin if it held all rows.
 */
export interface Moved {
  /** The position of the entry in memory, in units of four bytes. */
  readonly entry: number;
  /** Address of the band. */
  readonly at: number;
  /** Bytes of a row of the buffer. */
  readonly rowBytes: number;
}

/** Inputs for preparing a step, and the lists `moved` and `before`, to which the step adds. */
export interface Setting {
  readonly plan: Plan;
  readonly functions: Readonly<Record<string, WasmFunction>>;
  readonly binding: Binding;
  readonly starts: readonly number[];
  readonly extras: Extras;
  readonly local: ReadonlySet<number>;
  /** Address at which a tile at the edge of a product is summed. */
  readonly scratch: number;
  readonly isBanded: boolean;
  readonly frames: Int32Array;
  readonly moved: Moved[];
  readonly before: (() => void)[];
}

/** Prepares a pass: fills the frames of its loops. `frameOf` returns the position of a frame in memory. */
export function preparePass(
  { parts, local, axis }: CompiledPass,
  frameOf: (part: CompiledStep) => number,
  common: Omit<Setting, 'local' | 'isBanded' | 'moved' | 'before'>,
): PreparedPass {
  const setting: Setting = { ...common, local, isBanded: axis !== undefined, moved: [], before: [] };
  const runs = parts.map(part =>
    part.kind === 'loop' ? prepareLoop(part, frameOf(part), setting) : productOf(part, setting),
  );
  return { runs, moved: setting.moved, before: setting.before };
}

/** Fills the frame of a loop, which begins at entry `frame`. Returns a function that runs a band. */
function prepareLoop(
  part: CompiledLoop,
  frame: number,
  { plan, binding, functions, extras, local, moved, frames, starts, isBanded }: Setting,
): RunBand {
  const { sizes, inputs, buffers } = binding;
  const lengthIn = (buffer: number) => lengthOf((plan.buffers[buffer] as PlanBuffer).shape, sizes);
  const slotValue = ({ kind, number }: Slot): number => {
    switch (kind) {
      case 'size':
        return sizes[number] as number;
      case 'start':
        return starts[number] as number;
      case 'input':
        return inputs[number] as number;
      case 'offset':
        return buffers[number] as number;
      case 'sum':
        return (buffers[number] as number) / 2;
      case 'partial':
        return buffers[extras.get(extraKey('partial', number))?.id as number] as number;
      case 'length':
        return lengthIn(number);
    }
  };
  for (const [i, slot] of part.slots.entries()) {
    const value = slotValue(slot);
    frames[frame + i] = value;
    if (slot.kind === 'offset' && local.has(slot.number)) {
      const [first] = (plan.buffers[slot.number] as PlanBuffer).shape.filter(size => size !== one);
      const rowBytes = (4 * lengthIn(slot.number)) / (sizes[first as number] as number);
      moved.push({ entry: frame + i, at: value, rowBytes });
    }
  }
  const call = functions[part.name] as WasmFunction;
  const outer = part.step.body.find(statement => statement.kind === 'loop');
  if (isBanded) return (from, to) => call(4 * frame, from, to);
  const end = outer?.kind === 'loop' ? (sizes[outer.path[0] as number] as number) : 0;
  return () => call(4 * frame, 0, end);
}
