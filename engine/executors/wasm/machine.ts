import { lengthOf } from '../plan/layout.ts';
import type { Buffer, MatmulStep } from '../plan/plan.ts';
import type { Input } from '../plan/planned.ts';
import type { Structure } from '../plan/structure.ts';
import type { WebAssemblyApi } from './api.ts';
import type { Arena } from './arena.ts';
import {
  type Binding,
  bindingOf,
  type Extra,
  isSummedByBands,
  operandAt,
  type Room,
  roomOf,
  scratchBytes,
} from './binding.ts';
import type { Slot } from './frame.ts';
import { packedRow, panelBytes } from './matmul.ts';
import { type CompiledPart, math, type Program } from './program.ts';

type Call = (...args: number[]) => void;
type LoopPart = Extract<CompiledPart, { kind: 'loop' }>;
type MatmulPart = Exclude<CompiledPart, LoopPart>;

/** Terms of a product summed at a time: what is packed of the right operand stays in a cache. */
const depth = 128;
/** Rows of both operands of Aᵀ·B at a time: so many stay in the nearest cache while each is read again and again. */
const fewRows = 64;

/** A program in a memory: it copies inputs there, runs the passes and leaves the results. */
export class Machine {
  readonly program: Program;
  readonly #arena: Arena;
  readonly #functions: Readonly<Record<string, Call>>;
  readonly #room: Room;
  /** Where each part's frame lies, in fours of bytes. */
  readonly #frames = new Map<CompiledPart, number>();
  readonly #scratch: number;
  readonly #begin: number;
  #binding: Binding | undefined;
  #prepared: Prepared | undefined;

  constructor(program: Program, arena: Arena, { Module, Instance }: WebAssemblyApi) {
    this.program = program;
    this.#arena = arena;
    this.#room = roomOf(program);
    const { exports } = new Instance(new Module(program.bytes), { arena: { memory: arena.memory }, math });
    this.#functions = exports as unknown as Readonly<Record<string, Call>>;
    let end = 0;
    for (const { parts } of program.passes) {
      for (const part of parts) {
        this.#frames.set(part, end);
        end += part.slots.length;
      }
    }
    this.#scratch = Math.ceil(end / 16) * 64;
    this.#begin = this.#scratch + scratchBytes;
  }

  /** Where everything lies for a pose; that of sizes as before is kept. */
  bind(structure: Structure, inputs: readonly Input[]): Binding {
    const { sizes } = structure;
    if (this.#binding?.sizes.every((size, i) => size === sizes[i])) return this.#binding;
    this.#binding = bindingOf(this.program, this.#room, structure, inputs, this.#begin);
    return this.#binding;
  }

  /** Copies what is given into the memory; parameters only if they are not there. */
  load(inputs: readonly Input[], binding: Binding, keepsParameters: boolean): void {
    const { floats, ints } = this.#arena;
    for (const [i, { kind, tensor }] of inputs.entries()) {
      if (kind === 'parameter' && keepsParameters) continue;
      const at = (binding.inputs[i] as number) / 4;
      if (tensor.data instanceof Int32Array) ints.set(tensor.data, at);
      else floats.set(tensor.data, at);
    }
  }

  run(binding: Binding, { starts }: Structure): void {
    if (this.#prepared?.binding !== binding || !isSame(this.#prepared.starts, starts)) {
      this.#prepared = this.#prepare(binding, starts);
    }
    const { frames, passes } = this.#prepared;
    this.#arena.ints.set(frames);
    for (const [i, { parts, axis }] of this.program.passes.entries()) {
      const { runs, moved, whole } = passes[i] as PreparedPass;
      const extras = this.#room.extras[i] as readonly Extra[];
      this.#clear(parts, binding, extras);
      for (const pack of whole) pack();
      const rows = axis === undefined ? 1 : (binding.sizes[axis] as number);
      const band = axis === undefined ? 1 : (binding.bands[i] as number);
      for (let from = 0; from < rows; from += band) {
        const { ints } = this.#arena;
        for (const { slot, at, rowBytes } of moved) ints[slot] = at - from * rowBytes;
        const to = Math.min(rows, from + band);
        for (const run of runs) run(from, to);
        for (const { kind, buffer, id } of extras) {
          if (kind === 'partial' && isSummedByBands(this.#length(buffer, binding.sizes)))
            this.#addBand(buffer, id, binding, extras);
        }
      }
      for (const { kind, buffer, id } of extras) if (kind === 'total') this.#settle(buffer, id, binding);
    }
  }

  /** What the passes come to for one layout: poses of equal sizes share it. */
  #prepare(binding: Binding, starts: readonly number[]): Prepared {
    const frames = new Int32Array(this.#scratch / 4);
    const passes = this.program.passes.map(({ parts, local, axis }, i): PreparedPass => {
      const extras = this.#room.extras[i] as readonly Extra[];
      const [moved, whole]: [Moved[], (() => void)[]] = [[], []];
      const runs = parts.map(part =>
        part.kind === 'loop'
          ? this.#loop(part, binding, starts, extras, local, moved, frames, axis !== undefined)
          : this.#product(part, binding, extras, local, whole),
      );
      return { runs, moved, whole };
    });
    return { binding, starts, frames, passes };
  }

  /** The numbers of a wanted value, as an array of the receiver's own. */
  result(buffer: number, { buffers, sizes }: Binding): Float32Array {
    const from = (buffers[buffer] as number) / 4;
    return this.#arena.floats.slice(from, from + this.#length(buffer, sizes));
  }

  #length(buffer: number, sizes: readonly number[]): number {
    return lengthOf((this.program.plan.buffers[buffer] as Buffer).shape, sizes);
  }

  /** What buffers hold before anything is added to them. */
  #clear(parts: readonly CompiledPart[], { buffers, sizes }: Binding, extras: readonly Extra[]): void {
    const { floats } = this.#arena;
    const fill = (id: number, length: number, number: number) => {
      const from = (buffers[id] as number) / 4;
      floats.fill(number, from, from + length);
    };
    for (const { kind, buffer, id } of extras) {
      const length = this.#length(buffer, sizes);
      if (kind === 'panel' || !isSummedByBands(length)) continue;
      fill(id, (kind === 'total' ? 2 : 1) * Math.ceil(length / 4) * 4, 0);
    }
    for (const { kind, step } of parts) {
      const [first] = step.writes as readonly [number];
      if (kind === 'terms') fill(first, this.#length(first, sizes), 0);
      for (const buffer of step.writes) if (this.program.folds.maxima.has(buffer)) fill(buffer, 1, -Infinity);
      for (const { buffer, number } of step.clears) fill(buffer, this.#length(buffer, sizes), number);
    }
  }

  #addBand(buffer: number, partial: number, { buffers, sizes }: Binding, extras: readonly Extra[]): void {
    const total = extras.find(extra => extra.kind === 'total' && extra.buffer === buffer) as Extra;
    this.#functions.addBand?.(
      buffers[total.id] as number,
      buffers[partial] as number,
      this.#length(buffer, sizes),
    );
  }

  /** Adds what a pass has come to; a single number is that alone. */
  #settle(buffer: number, total: number, { buffers, sizes }: Binding): void {
    const { floats, doubles } = this.#arena;
    const length = this.#length(buffer, sizes);
    if (!isSummedByBands(length)) return;
    const [to, from] = [(buffers[buffer] as number) / 4, (buffers[total] as number) / 8];
    const isFold = this.program.folds.whole.has(buffer);
    for (let i = 0; i < length; i++)
      floats[to + i] = (isFold ? 0 : (floats[to + i] as number)) + (doubles[from + i] as number);
  }

  /** Fills a loop's frame; gives what runs a band of it. */
  #loop(
    part: LoopPart,
    binding: Binding,
    starts: readonly number[],
    extras: readonly Extra[],
    local: ReadonlySet<number>,
    moved: Moved[],
    frames: Int32Array,
    isBanded: boolean,
  ): (from: number, to: number) => void {
    const { sizes, inputs, buffers } = binding;
    const frame = this.#frames.get(part) as number;
    const entryOf = ({ kind, number }: Slot): number => {
      switch (kind) {
        case 'size':
          return sizes[number] as number;
        case 'start':
          return starts[number] as number;
        case 'input':
          return inputs[number] as number;
        case 'offset':
          return buffers[number] as number;
        default: {
          const extra = extras.find(each => each.kind === kind && each.buffer === number) as Extra;
          const isApart = kind === 'total' || isSummedByBands(this.#length(number, sizes));
          return buffers[isApart ? extra.id : number] as number;
        }
      }
    };
    for (const [i, slot] of part.slots.entries()) {
      const at = entryOf(slot);
      frames[frame + i] = at;
      if (slot.kind === 'offset' && local.has(slot.number)) {
        const [first] = (this.program.plan.buffers[slot.number] as Buffer).shape.filter(size => size !== 0);
        const rowBytes = (4 * this.#length(slot.number, sizes)) / (sizes[first as number] as number);
        moved.push({ slot: frame + i, at, rowBytes });
      }
    }
    const call = this.#functions[part.name] as Call;
    const outer = part.step.body.find(statement => statement.kind === 'loop');
    if (isBanded) return (from, to) => call(4 * frame, from, to);
    const end = outer?.kind === 'loop' ? (sizes[outer.path[0] as number] as number) : 0;
    return () => call(4 * frame, 0, end);
  }

  /** What computes a band of a matrix product; what does not change from band to band is packed at once. */
  #product(
    part: MatmulPart,
    binding: Binding,
    extras: readonly Extra[],
    local: ReadonlySet<number>,
    whole: (() => void)[],
  ): (from: number, to: number) => void {
    const { step } = part;
    const [m, k, n] = [step.m, step.k, step.n].map(size => binding.sizes[size] as number) as [
      number,
      number,
      number,
    ];
    const target = step.writes[0] as number;
    const c = binding.buffers[target] as number;
    const a = operandAt(step.a, binding, local);
    const b = operandAt(step.b, binding, local);
    const extra = extras.find(({ kind, buffer }) => kind === 'panel' && buffer === target);
    const panel = extra ? (binding.buffers[extra.id] as number) : 0;
    const { packed, multiplied } = this.#kernels(part);
    const [lda, ldb, ldc] = [4 * (step.transposeA ? m : k), 4 * (step.transposeB ? k : n), 4 * n];
    const blocks = blocksOf(k);
    switch (part.kind) {
      case 'terms':
        return (from, to) => {
          for (let row = from; row < to; row += fewRows) {
            const [left, right] = [
              a.at + (row - (a.isBand ? from : 0)) * lda,
              b.at + (row - (b.isBand ? from : 0)) * ldb,
            ];
            const terms = Math.min(fewRows, to - row);
            multiplied(c, ldc, left, lda, right, m, terms, n, 1, this.#scratch, ldb, packedRow);
          }
        };
      case 'rows': {
        whole.push(() => packAll(packed, step, panel, b.at, ldb, k, n));
        const isLocal = local.has(target);
        return (from, to) => {
          const [left, out] = [a.at + (a.isBand ? 0 : from * lda), c + (isLocal ? 0 : from * ldc)];
          for (const { l, terms, isMore } of blocks) {
            const of = panel + panelBytes(l, n);
            multiplied(out, ldc, left + 4 * l, lda, of, to - from, terms, n, isMore, this.#scratch);
          }
        };
      }
      case 'whole':
        return () => {
          const batches = lengthOf(step.batch, binding.sizes);
          for (let batch = 0; batch < batches; batch++) {
            const [left, right] = [a.at + 4 * batch * m * k, b.at + 4 * batch * k * n];
            const out = c + 4 * batch * m * n;
            if (extra) packAll(packed, step, panel, right, ldb, k, n);
            for (const { l, terms, isMore } of blocks) {
              const from = left + (step.transposeA ? l * lda : 4 * l);
              const [of, row, next] = extra
                ? [panel + panelBytes(l, n), packedRow, packedRow * terms]
                : [right + l * ldb, ldb, packedRow];
              multiplied(out, ldc, from, lda, of, m, terms, n, isMore, this.#scratch, row, next);
            }
          }
        };
    }
  }

  #kernels({ name, step }: MatmulPart): { packed: Call; multiplied: Call } {
    return {
      packed: this.#functions[step.transposeB ? 'packT' : 'pack'] as Call,
      multiplied: this.#functions[name] as Call,
    };
  }
}

/** What runs a band of each step of a pass, and what is done once before. */
interface PreparedPass {
  readonly runs: readonly ((from: number, to: number) => void)[];
  readonly moved: readonly Moved[];
  readonly whole: readonly (() => void)[];
}

interface Prepared {
  readonly binding: Binding;
  readonly starts: readonly number[];
  readonly frames: Int32Array;
  readonly passes: readonly PreparedPass[];
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

/** A frame's entry that holds where a band of a buffer would lie if the whole were there. */
interface Moved {
  readonly slot: number;
  readonly at: number;
  readonly rowBytes: number;
}

/** The terms of a sum in blocks; the first is stored, the others are added. Of no terms there is one block too: zeros. */
function blocksOf(k: number): { l: number; terms: number; isMore: number }[] {
  const count = Math.max(1, Math.ceil(k / depth));
  return Array.from({ length: count }, (_, i) => ({
    l: i * depth,
    terms: Math.min(depth, k - i * depth),
    isMore: Number(i > 0),
  }));
}

/** Packs the right operand whole, so many of the summed rows at a time. */
function packAll(
  packed: Call,
  { transposeB }: MatmulStep,
  panel: number,
  b: number,
  ldb: number,
  k: number,
  n: number,
): void {
  for (let l = 0; l < k; l += depth) {
    const from = b + (transposeB ? 4 * l : l * ldb);
    packed(panel + panelBytes(l, n), from, ldb, Math.min(depth, k - l), n);
  }
}
