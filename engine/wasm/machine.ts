import type { PlanBuffer } from '../compile/ir.ts';
import { type LayoutKey, Layouts } from '../compile/layouts.ts';
import type { Input, Machine } from '../compile/planned.ts';
import { lengthOf } from '../compile/sizes.ts';
import type { Structure } from '../compile/structure.ts';
import type { Tensor } from '../tensor.ts';
import type { WebAssemblyApi } from './api.ts';
import type { Arena, Loaded, LoadedInputs } from './arena.ts';
import { type Binding, bindingOf, type Extras, type Room, roomOf } from './binding.ts';
import { explained } from './explain.ts';
import { tileBytes } from './matmul.ts';
import { type CompiledStep, math, type PlanModule } from './module.ts';
import { type PreparedPass, preparePass, type WasmFunction } from './prepared.ts';

/** Runs a module in a memory: copies the inputs there, runs the passes and leaves the results there. */
export class WasmMachine implements Machine<WasmPose> {
  readonly module: PlanModule;
  readonly #arena: Arena;
  readonly #functions: Readonly<Record<string, WasmFunction>>;
  readonly #room: Room;
  /** The position of each part's frame in memory, in units of four bytes. */
  readonly #frames = new Map<CompiledStep, number>();
  /** Address of the memory in which a tile at the edge of a product is summed. */
  readonly #scratch: number;
  /** Address from which poses are laid out. */
  readonly #begin: number;
  readonly #layouts: Layouts<Prepared>;

  constructor(module: PlanModule, arena: Arena, { Module, Instance }: WebAssemblyApi) {
    this.module = module;
    this.#arena = arena;
    this.#room = roomOf(module);
    const { exports } = new Instance(new Module(module.bytes), { arena: { memory: arena.memory }, math });
    this.#functions = exports as unknown as Readonly<Record<string, WasmFunction>>;
    let end = 0;
    for (const { parts } of module.passes) {
      for (const part of parts) {
        this.#frames.set(part, end);
        end += part.slots.length;
      }
    }
    // Entries take 4 bytes; the address is a multiple of 64.
    this.#scratch = Math.ceil(end / 16) * 64;
    this.#begin = this.#scratch + tileBytes;
    this.#layouts = new Layouts(this.#scratch / 4 + 2 * this.#room.count);
  }

  bind(structure: Structure, inputs: readonly Input[]): WasmPose {
    const prepared = this.#layouts.get(structure, () => {
      const binding = bindingOf(this.module, this.#room, structure, inputs, this.#begin);
      return this.#prepare(binding, structure.starts);
    });
    const { binding } = prepared;
    return { bytes: binding.bytes, inputs, binding, prepared };
  }

  run(pose: WasmPose, shared?: ReadonlySet<Tensor>): void {
    this.#arena.reserve(pose.bytes);
    this.#load(pose, this.#arena.take(this, shared));
    this.again(pose);
    if (shared) this.#arena.keep(this, shared, pose);
  }

  /** Computes a pose whose inputs are in the memory already. */
  again({ prepared }: WasmPose): void {
    this.#compute(prepared);
  }

  result({ binding: { buffers, sizes } }: WasmPose, buffer: number): Float32Array {
    const from = (buffers[buffer] as number) / 4;
    return this.#arena.floats.slice(from, from + this.#length(buffer, sizes));
  }

  explain(structure: Structure): string {
    return explained(this.module, structure);
  }

  /** Copies the inputs into the memory, except shared tensors that the previous run left there. */
  #load({ inputs, binding }: Loaded, left: LoadedInputs | undefined): void {
    const { floats, ints } = this.#arena;
    for (let i = 0; i < inputs.length; i++) {
      const { tensor } = inputs[i] as Input;
      const address = binding.inputs[i] as number;
      const isLoaded = left?.loaded.inputs[i]?.tensor === tensor && left.loaded.binding.inputs[i] === address;
      if (isLoaded) continue;
      if (tensor.data instanceof Int32Array) ints.set(tensor.data, address / 4);
      else floats.set(tensor.data, address / 4);
    }
  }

  #compute({ binding, frames, passes }: Prepared): void {
    this.#arena.ints.set(frames);
    for (const [i, { parts, axis, summed }] of this.module.passes.entries()) {
      const { runs, moved, before } = passes[i] as PreparedPass;
      this.#clear(parts, binding, this.#room.extras[i] as Extras);
      for (const prepare of before) prepare();
      const rows = axis === undefined ? 1 : (binding.sizes[axis] as number);
      const band = axis === undefined ? 1 : (binding.bands[i] as number);
      for (let from = 0; from < rows; from += band) {
        const { ints } = this.#arena;
        for (const { entry, at, rowBytes } of moved) ints[entry] = at - from * rowBytes;
        const to = Math.min(rows, from + band);
        for (const run of runs) run(from, to);
      }
      for (const buffer of summed) {
        const at = binding.buffers[buffer] as number;
        this.#functions.roundSums?.(at, at, this.#length(buffer, binding.sizes));
      }
    }
  }

  #prepare(binding: Binding, starts: readonly number[]): Prepared {
    const frames = new Int32Array(this.#scratch / 4);
    const { plan, passes } = this.module;
    const common = { plan, functions: this.#functions, binding, starts, scratch: this.#scratch, frames };
    const frameOf = (part: CompiledStep) => this.#frames.get(part) as number;
    return {
      sizes: binding.sizes,
      starts,
      binding,
      frames,
      passes: passes.map((pass, i) =>
        preparePass(pass, frameOf, { ...common, extras: this.#room.extras[i] as Extras }),
      ),
    };
  }

  #length(buffer: number, sizes: readonly number[]): number {
    return lengthOf((this.module.plan.buffers[buffer] as PlanBuffer).shape, sizes);
  }

  /** Fills the buffers of sums and maxima with their initial values. */
  #clear(parts: readonly CompiledStep[], { buffers, sizes }: Binding, extras: Extras): void {
    const { floats, doubles } = this.#arena;
    const { sums, whole, maxima } = this.module.folds;
    const fill = (id: number, length: number, number: number) => {
      const isSum = sums.has(id);
      const from = (buffers[id] as number) / (isSum ? 8 : 4);
      (isSum ? doubles : floats).fill(number, from, from + length);
    };
    for (const { kind, buffer, id } of extras.values())
      if (kind === 'partial') fill(id, Math.ceil(this.#length(buffer, sizes) / 4) * 4, 0);
    for (const { kind, step } of parts) {
      const [first] = step.writes as readonly [number];
      if (kind === 'terms') fill(first, this.#length(first, sizes), 0);
      for (const buffer of step.writes) {
        if (whole.has(buffer)) fill(buffer, 1, 0);
        if (maxima.has(buffer)) fill(buffer, 1, -Infinity);
      }
      for (const { buffer, number } of step.clears) fill(buffer, this.#length(buffer, sizes), number);
    }
  }
}

/** A pose ready to run. */
export interface WasmPose extends Loaded {
  readonly bytes: number;
  readonly prepared: Prepared;
}

/** The memory layout, frames and passes of a pose, shared by all poses of equal sizes and starts. */
interface Prepared extends LayoutKey {
  readonly binding: Binding;
  readonly frames: Int32Array;
  readonly passes: readonly PreparedPass[];
}
