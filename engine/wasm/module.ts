import type { Plan } from '../compile/ir.ts';
import type { Size } from '../compile/sizes.ts';
import type { Structure } from '../compile/structure.ts';
import { type BandedStep, type Folds, foldsOf, type Pass, passesOf } from './bands.ts';
import { assembled, type Encoded, encoded } from './emit/assembler.ts';
import type { FunctionBuilder } from './emit/code.ts';
import type { Slot } from './frame.ts';
import { loopFunction } from './loop.ts';
import { multiply, pack } from './matmul.ts';
import type { Simd } from './simd.ts';
import { addPartial, roundSums } from './sums.ts';

const latin1 = new TextDecoder('latin1');

/** Functions of JavaScript that are called for arguments too large for the vector code. */
const imports = ['sin', 'cos'];

/** A plan compiled to a WebAssembly module. Steps with equal code share one function. */
export interface PlanModule {
  readonly plan: Plan;
  readonly passes: readonly CompiledPass[];
  /** Buffers that loops reduce into. */
  readonly folds: Folds;
  readonly functions: readonly Encoded[];
  /** The binary of the module. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A pass whose steps are compiled. */
export interface CompiledPass {
  readonly parts: readonly CompiledStep[];
  readonly axis: Size | undefined;
  readonly local: ReadonlySet<number>;
  /** Buffers whose sums are complete after the pass. */
  readonly summed: readonly number[];
}

/** A step with the name of its function, and for a loop the entries of its frame. */
export type CompiledStep = BandedStep & { readonly name: string; readonly slots: readonly Slot[] };

/** The length below which an axis is short: see {@link LoopSettings.isShort}. */
export const short = 8;

/** Compiles a plan. Equal functions are emitted once. */
export function moduleOf(plan: Plan, { sizes }: Structure, simd: Simd): PlanModule {
  const folds = foldsOf(plan);
  const functions = new Map<string, Encoded>();
  /** Adds a function unless an equal one exists, and returns the name of that function. */
  const add = (builder: FunctionBuilder): string => {
    const added = encoded(builder, imports);
    const key = latin1.decode(added.body);
    const existing = functions.get(key);
    if (existing) return existing.builder.name;
    functions.set(key, added);
    return builder.name;
  };
  const kernels = new Set<string>();
  /** Adds a function that is the same for all plans, once, and returns its name. */
  const kernel = (name: string, write: (name: string) => FunctionBuilder): string => {
    if (!kernels.has(name)) add(write(name));
    kernels.add(name);
    return name;
  };
  const partOf = (part: BandedStep): CompiledStep => {
    if (part.kind === 'loop') {
      const { builder, slots } = loopFunction(`loop${functions.size}`, part.step, {
        simd,
        isShort: size => (sizes[size] as number) < short,
        isSummed: buffer => folds.sums.has(buffer) && part.step.writes.includes(buffer),
      });
      return { ...part, name: add(builder), slots };
    }
    const { transposeA, transposeB } = part.step;
    if (transposeB || !transposeA) kernel(transposeB ? 'packT' : 'pack', name => pack(name, transposeB));
    kernel('addPartial', addPartial);
    kernel('roundSums', roundSums);
    const product = kernel(transposeA ? 'multiplyT' : 'multiply', name => multiply(name, transposeA, simd));
    return { ...part, name: product, slots: [] };
  };
  const uncompiled = passesOf(plan);
  const summed = completedSums(uncompiled, folds.sums);
  const passes = uncompiled.map((pass, i) => ({
    ...pass,
    parts: pass.parts.map(partOf),
    summed: summed[i] as number[],
  }));
  if (folds.sums.size > 0) kernel('roundSums', roundSums);
  const distinct = [...functions.values()];
  return { plan, passes, folds, functions: distinct, bytes: assembled(distinct, imports) };
}

/** For each pass, the buffers of sums that are complete after it, since no later pass adds to them. */
function completedSums(passes: readonly Pass[], sums: ReadonlySet<number>): number[][] {
  const last = new Map<number, number>();
  for (const [i, { parts }] of passes.entries())
    for (const { step } of parts) for (const buffer of step.writes) if (sums.has(buffer)) last.set(buffer, i);
  const lists = passes.map((): number[] => []);
  for (const [buffer, i] of last) lists[i]?.push(buffer);
  return lists;
}

/** Imports of {@link PlanModule.bytes} besides the memory. */
export const math: Readonly<Record<string, (x: number) => number>> = { sin: Math.sin, cos: Math.cos };
