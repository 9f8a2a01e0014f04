import type { Input } from '../compile/planned.ts';
import type { Tensor } from '../tensor.ts';
import type { LinearMemory, WebAssemblyApi } from './api.ts';
import type { Binding } from './binding.ts';

/** Inputs copied into the memory, and their addresses. */
export interface Loaded {
  readonly inputs: readonly Input[];
  readonly binding: Binding;
}

/** The inputs that a run left in the memory, with the machine and the set of shared tensors of that run. */
export interface LoadedInputs {
  readonly machine: object;
  readonly shared: ReadonlySet<Tensor>;
  readonly loaded: Loaded;
}

/** Bytes of a WebAssembly memory page. */
const page = 65536;
/** Pages of the largest memory that 32-bit addresses reach: 4 GiB. */
const mostPages = 65536;
/** Spare bytes at the end of the memory: reading a vector at the last number reads past that number. */
const slack = 64;

/** The linear memory of an executor. It grows for larger poses, and each pose overwrites the one before. */
export class Arena {
  readonly memory: LinearMemory;
  #floats: Float32Array<ArrayBuffer>;
  #ints: Int32Array<ArrayBuffer>;
  #doubles: Float64Array<ArrayBuffer>;
  /** The shared inputs that the last run left in the memory. */
  #left: LoadedInputs | undefined;

  constructor({ Memory }: WebAssemblyApi) {
    this.memory = new Memory({ initial: 1 });
    const { buffer } = this.memory;
    this.#floats = new Float32Array(buffer);
    this.#ints = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  get floats(): Float32Array<ArrayBuffer> {
    return this.#floats;
  }

  get ints(): Int32Array<ArrayBuffer> {
    return this.#ints;
  }

  get doubles(): Float64Array<ArrayBuffer> {
    return this.#doubles;
  }

  /**
   * Takes the memory for a run. Returns the inputs that the last run left there, if it had the same machine and shared
   * tensors.
   */
  take(machine: object, shared: ReadonlySet<Tensor> | undefined): LoadedInputs | undefined {
    const left = this.#left;
    this.#left = undefined;
    return left?.machine === machine && left.shared === shared ? left : undefined;
  }

  /** Records the shared inputs that a finished run leaves in the memory. */
  keep(machine: object, shared: ReadonlySet<Tensor>, { inputs, binding }: Loaded): void {
    const loaded = { inputs: inputs.map(input => (shared.has(input.tensor) ? input : notKept)), binding };
    this.#left = { machine, shared, loaded };
  }

  /**
   * Grows the memory to at least `bytes` bytes.
   *
   * @throws RangeError if the memory cannot grow to that size, or that size is more than 4 GiB
   */
  reserve(bytes: number): void {
    const current = this.memory.buffer.byteLength;
    if (bytes + slack <= current) return;
    const needed = Math.ceil((bytes + slack) / page);
    if (needed > mostPages) {
      throw new RangeError(
        `wasm: the tape needs ${inGiB(bytes)} at once, but WebAssembly memory can hold at most ${inGiB(mostPages * page)}; ${instead}`,
      );
    }
    this.#grow(bytes, needed - current / page, Math.ceil(current / page / 4));
    const { buffer } = this.memory;
    this.#floats = new Float32Array(buffer);
    this.#ints = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  /** Grows the memory by `more` pages if that is possible and more than `least`, else by `least`, enough for `bytes` bytes. */
  #grow(bytes: number, least: number, more: number): void {
    const generous = Math.min(more, mostPages - this.memory.buffer.byteLength / page);
    try {
      if (generous > least) {
        this.memory.grow(generous);
        return;
      }
    } catch {
      // The memory cannot grow that far: grow by no more than needed.
    }
    try {
      this.memory.grow(least);
    } catch (cause) {
      throw new RangeError(
        `wasm: the tape needs ${inGiB(bytes)} at once, but this machine provides no more than ${inGiB(this.memory.buffer.byteLength)}; ${instead}`,
        { cause },
      );
    }
  }
}

const instead = 'put less on one tape, or use jit({ precision: "float32" })';
const inGiB = (bytes: number) => `${bytes} bytes (${(bytes / 2 ** 30).toFixed(2)} GiB)`;

/** A placeholder for an input that is not shared. */
const notKept: Input = {
  kind: 'constant',
  tensor: { data: new Float32Array(), shape: [0] },
  rows: Number.POSITIVE_INFINITY,
};
