import type { Input } from '../compile/planned.ts';
import type { Tensor } from '../tensor.ts';
import type { LinearMemory, WebAssemblyApi } from './api.ts';
import type { Binding } from './binding.ts';

/** Inputs copied into the memory, and their addresses. */
export interface Loaded {
  readonly inputs: readonly Input[];
  readonly binding: Binding;
}

/** The inputs in the memory, the machine that loaded them, and the set of shared tensors. */
export interface LoadedInputs {
  readonly machine: object;
  readonly shared: ReadonlySet<Tensor>;
  readonly loaded: Loaded;
}

/** Bytes of a WebAssembly memory page. */
const page = 65536;
/** Pages of the largest memory that 32-bit addresses reach: 4 GiB. */
const mostPages = 65536;
/** Bytes after the last number, since a vector read at it goes past it. */
const slack = 64;

/** The linear memory of an executor. It grows for larger poses, and each pose overwrites the one before. */
export class Arena {
  readonly memory: LinearMemory;
  #floats: Float32Array<ArrayBuffer>;
  #ints: Int32Array<ArrayBuffer>;
  #doubles: Float64Array<ArrayBuffer>;
  #kept: LoadedInputs | undefined;

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

  /** Takes the memory for a run. Returns the inputs there if machine and shared tensors are the same as before. */
  take(machine: object, shared: ReadonlySet<Tensor> | undefined): LoadedInputs | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    return kept?.machine === machine && kept.shared === shared ? kept : undefined;
  }

  /** Records the shared inputs that a finished run leaves in the memory. */
  keep(machine: object, shared: ReadonlySet<Tensor>, { inputs, binding }: Loaded): void {
    const loaded = { inputs: inputs.map(input => (shared.has(input.tensor) ? input : nothing)), binding };
    this.#kept = { machine, shared, loaded };
  }

  /**
   * Makes room for so many bytes. The earlier contents may or may not be kept.
   *
   * @throws RangeError if the memory cannot grow so far: it holds 4 GiB at most
   */
  reserve(bytes: number): void {
    const have = this.memory.buffer.byteLength;
    if (bytes + slack <= have) return;
    const needed = Math.ceil((bytes + slack) / page);
    if (needed > mostPages) {
      throw new RangeError(
        `wasm: the tape needs ${inGiB(bytes)} at once, and WebAssembly memory ends at ${inGiB(mostPages * page)}; ${instead}`,
      );
    }
    this.#grow(bytes, needed - have / page, Math.ceil(have / page / 4));
    const { buffer } = this.memory;
    this.#floats = new Float32Array(buffer);
    this.#ints = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
  }

  /** Grows the memory by at least `least` and at most `more` pages. */
  #grow(bytes: number, least: number, more: number): void {
    const most = Math.min(more, mostPages - this.memory.buffer.byteLength / page);
    try {
      if (most > least) {
        this.memory.grow(most);
        return;
      }
    } catch {
      // Then grow by no more than needed.
    }
    try {
      this.memory.grow(least);
    } catch (cause) {
      throw new RangeError(
        `wasm: the tape needs ${inGiB(bytes)} at once, and this machine gives the memory no more than ${inGiB(this.memory.buffer.byteLength)}; ${instead}`,
        { cause },
      );
    }
  }
}

const instead = 'put less on one tape, or use jit({ precision: "float32" })';
const inGiB = (bytes: number) => `${bytes} bytes (${(bytes / 2 ** 30).toFixed(2)} GiB)`;

const nothing: Input = {
  kind: 'constant',
  tensor: { data: new Float32Array(), shape: [0] },
  rows: Number.POSITIVE_INFINITY,
};
