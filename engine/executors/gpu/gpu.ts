import { Memory } from '../../memory.ts';
import { sizeOf } from '../../shape.ts';
import { copiedBytes, type Value } from '../../tape.ts';
import type { Tensor } from '../../tensor.ts';
import {
  DeviceLostError,
  type DeviceMemory,
  type Executor,
  liveValues,
  type RunOptions,
} from '../executor.ts';
import { type KernelPlan, kernelsOf } from '../plan/kernels.ts';
import { withCounts } from '../plan/lower.ts';
import { type Structure, structureOf } from '../plan/structure.ts';
import { type Backend, type BackendName, backendNames, openBackend } from './backends.ts';
import { capacitiesOf } from './capacity.ts';
import { explained } from './explain.ts';
import { type InputLayout, inputLayoutOf, writeInputs } from './inputs.ts';
import { Program } from './program.ts';

/** What {@link gpu} may be told. */
export interface GpuOptions {
  /** Which of gpu.js's backends; default `auto`, the best that really works. */
  readonly mode?: BackendName | 'auto';
  /** How many pipelines are kept compiled; the one unused for longest goes first. Default 8. */
  readonly pipelines?: number;
}

/** An {@link Executor} on a GPU. It holds device memory until {@link GpuExecutor.dispose} is called. */
export interface GpuExecutor extends Executor {
  /** The backend that runs. */
  readonly backend: BackendName;
  /**
   * Why it is not a better one, or not one launch a pose: for `auto`, what was missing of the better ones; else, and then
   * too, why gpu.js runs the kernels one by one. Null where nothing fell back.
   */
  readonly fallbackReason: string | null;
  /** How many pipelines it has compiled since it was made. */
  readonly compiled: number;
  /** What lies on the device, counted as it is created and destroyed; zeros for `webasm` and `cpu`, which have none. */
  readonly device: DeviceMemory & { readonly launches: number; readonly readbacks: number };
  /** The kernels that a tape becomes, what each reads and stores in bytes, and their source. */
  explain(wanted: readonly Value[]): string;
  /** Gives all device memory back. The executor cannot be used afterwards. */
  dispose(): Promise<void>;
}

/** A kernel of WebGPU reads seven arrays; one of them is that of the inputs. */
const arraysPerKernel = 6;

interface Compiled {
  readonly plan: KernelPlan;
  readonly layout: InputLayout;
  readonly inputs: Float32Array;
  readonly program: Program;
}

/**
 * Runs a tape on a GPU through gpu.js, forward and backward of a pose in one launch where the backend can, with one
 * readback. Everything is float32.
 *
 * A pipeline is compiled once for each structure and bucket of sizes, so poses whose pair lists differ in length share a
 * few. It answers with a promise.
 *
 * @throws Error if gpu.js is not installed or the mode is not there, saying what is missing; no other mode is taken then
 * @example
 * const executor = await gpu({ mode: 'webgpu' });
 * await combinePoses({ …, executor });
 * await executor.dispose();
 */
export async function gpu({ mode = 'auto', pipelines = 8 }: GpuOptions = {}): Promise<GpuExecutor> {
  if (mode !== 'auto' && !backendNames.includes(mode)) {
    throw new RangeError(
      `gpu: there is no mode ${JSON.stringify(mode)}; there are auto, ${backendNames.join(', ')}`,
    );
  }
  if (!Number.isInteger(pipelines) || pipelines < 1) {
    throw new RangeError(`gpu: pipelines must be a whole number from 1, got ${pipelines}`);
  }
  if (mode !== 'auto') return new Executing(await working(mode), null, pipelines);
  const missing: string[] = [];
  for (const name of backendNames) {
    try {
      return new Executing(await working(name), missing.join('; ') || null, pipelines);
    } catch (error) {
      missing.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`gpu: no backend of gpu.js works here: ${missing.join('; ')}`);
}

/** Opens a backend and lets it compute something: that it is there does not say that it runs. */
async function working(name: BackendName): Promise<Backend> {
  const backend = await openBackend(name);
  const instance = backend.open();
  try {
    const double = instance.createKernel('function (x) { return x[this.thread.x] * 2.0; }', { output: [3] });
    const numbers = Float32Array.of(1, 2, 3);
    const result = (await double(backend.gpuJs.input(numbers, [3]))) as ArrayLike<number>;
    if (!numbers.every((number, i) => result[i] === 2 * number)) {
      throw new Error(`gpu: ${name} gave ${Array.from(result).join(', ')} for twice 1, 2, 3`);
    }
    return backend;
  } finally {
    await instance.destroy();
  }
}

class Executing implements GpuExecutor {
  readonly precision = 'float32';
  readonly stops = false;
  readonly backend: BackendName;
  compiled = 0;
  readonly #open: Backend;
  readonly #missing: string | null;
  readonly #limit: number;
  readonly #programs = new Map<string, Compiled>();
  #generic: string | null = null;
  #isDisposed = false;
  #loss: DeviceLostError | undefined;
  /** The runs under way, to be told when the device is lost. */
  readonly #waiting = new Set<(loss: DeviceLostError) => void>();

  constructor(backend: Backend, missing: string | null, limit: number) {
    this.backend = backend.name;
    this.#open = backend;
    this.#missing = missing;
    this.#limit = limit;
    backend.lost.then(reason => {
      this.#loss = new DeviceLostError(this.name, reason);
      for (const tell of this.#waiting) tell(this.#loss);
      void this.#drop();
    });
  }

  get name(): string {
    return `gpu ${this.backend} float32`;
  }

  get fallbackReason(): string | null {
    return [this.#missing, this.#generic].filter(reason => reason !== null).join('; ') || null;
  }

  get device(): GpuExecutor['device'] {
    const { buffers, textures, bytes, peakBytes, launches, readbacks } = this.#open.meter;
    return { buffers, textures, bytes, peakBytes, launches, readbacks };
  }

  async run(wanted: readonly Value[], { memory = new Memory() }: RunOptions = {}): Promise<Tensor[]> {
    const [first] = wanted;
    if (!first) return [];
    if (this.#isDisposed) throw new Error('gpu: this executor was disposed of; make another');
    if (this.#loss) throw this.#loss;
    const live = liveValues(wanted);
    const structure = structureOf(live, wanted, 'float32');
    const compiled = await this.#compiledFor(live, wanted, structure);
    const copied = copiedBytes(first.tape);
    let bytes = copied + compiled.program.bytes;
    memory.take(bytes);
    try {
      const tensors = await this.#unlessLost(this.#runOn(compiled, live, wanted, structure));
      // How long the arrays between kernels are is known after the first run.
      const found = copied + compiled.program.bytes;
      memory.take(found - bytes);
      bytes = found;
      this.#generic = compiled.program.fallbackReason;
      return tensors;
    } finally {
      memory.give(bytes);
    }
  }

  /** What a run comes to; where the device is lost under it, that is the error, whatever the run itself makes of it. */
  async #unlessLost<T>(run: Promise<T>): Promise<T> {
    let tell: (loss: DeviceLostError) => void = () => {};
    const loss = new Promise<never>((_, reject) => {
      tell = reject;
    });
    this.#waiting.add(tell);
    try {
      const result = await Promise.race([run, loss]);
      return this.#open.isLost() ? await loss : result;
    } catch (error) {
      // Work on a lost device may fail before the device says so.
      await new Promise(resolve => setTimeout(resolve));
      throw this.#loss ?? error;
    } finally {
      this.#waiting.delete(tell);
    }
  }

  explain(wanted: readonly Value[]): string {
    const live = liveValues(wanted);
    const structure = structureOf(live, wanted, 'float32');
    const capacities = capacitiesOf(live, structure.sizes);
    return explained(kernelsOf(live, wanted, structure, capacities, arraysPerKernel));
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#drop();
  }

  async #drop(): Promise<void> {
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    await Promise.allSettled(programs.map(({ program }) => program.destroy()));
  }

  async #compiledFor(
    live: readonly Value[],
    wanted: readonly Value[],
    structure: Structure,
  ): Promise<Compiled> {
    const capacities = capacitiesOf(live, structure.sizes);
    const key = `${capacities} ${structure.key}`;
    let compiled = this.#programs.get(key);
    if (!compiled) {
      const plan = kernelsOf(live, wanted, structure, capacities, arraysPerKernel);
      const layout = inputLayoutOf(plan, live, structure, capacities);
      compiled = {
        plan,
        layout,
        inputs: new Float32Array(layout.length),
        program: new Program(this.#open, plan, layout),
      };
      this.compiled++;
    }
    // Last in, last out: the Map keeps the order of insertion.
    this.#programs.delete(key);
    this.#programs.set(key, compiled);
    for (const [oldest, { program }] of this.#programs) {
      if (this.#programs.size <= this.#limit) break;
      this.#programs.delete(oldest);
      await program.destroy();
    }
    return compiled;
  }

  async #runOn(
    { plan, layout, inputs, program }: Compiled,
    live: readonly Value[],
    wanted: readonly Value[],
    { sizes, starts }: Structure,
  ): Promise<Tensor[]> {
    writeInputs(plan, layout, live, sizes, inputs);
    const buffers = await program.run({ inputs, sizes: withCounts(sizes, plan.counts), starts });
    return wanted.map(({ shape }, i) => {
      const numbers = buffers.get(plan.wanted[i] as number) as ArrayLike<number>;
      const data = new Float32Array(sizeOf(shape));
      for (let at = 0; at < data.length; at++) data[at] = numbers[at] as number;
      return { data, shape };
    });
  }
}
