import { StructureCache } from '../compile/cache.ts';
import { type Structure, structureOf } from '../compile/structure.ts';
import {
  DeviceLostError,
  type DeviceMemory,
  type Executor,
  liveValues,
  type RunOptions,
} from '../executor.ts';
import { Memory } from '../memory.ts';
import { sizeOf } from '../shape.ts';
import type { Value } from '../tape.ts';
import type { Tensor } from '../tensor.ts';
import { copyIndices, isComputed } from '../wanted-indices.ts';
import type { Backend, BackendName } from './backends.ts';
import { capacitiesOf } from './capacity.ts';
import { explained } from './explain.ts';
import { HeldPipeline } from './held-pipeline.ts';
import { inputLayoutOf, writeInputs } from './inputs.ts';
import { PlanPipeline } from './pipeline.ts';
import { kernelsOf } from './plan/kernels.ts';
import { withCounts } from './plan/lower.ts';

/** An {@link Executor} on a GPU. It holds device memory until {@link GpuExecutor.dispose} is called. */
export interface GpuExecutor extends Executor {
  /** The backend in use. */
  readonly backend: BackendName;
  /**
   * The reasons why `auto` rejected better backends, and why gpu.js runs the kernels of a pose one by one rather than
   * in one launch. Null if there was no fallback.
   */
  readonly fallbackReason: string | null;
  /** The number of pipelines compiled since the executor was made. */
  readonly compiled: number;
  /**
   * Memory on the device. On `webgpu` and `webgl2` the executor counts buffers and textures when they are created and
   * destroyed. On the other backends the counts are 0.
   */
  readonly device: DeviceMemory & {
    /** Number of launches since the executor was made. */
    readonly launches: number;
    /** Number of times that results were read back since the executor was made. */
    readonly readbacks: number;
  };
  /** Returns the kernels of a tape as text: the bytes that each kernel reads and stores, and its source. */
  explain(wanted: readonly Value[]): string;
  /** Frees all device memory once the current runs are over. The executor cannot be used afterwards. */
  dispose(): Promise<void>;
}

/** The most arrays that a kernel reads besides the array of inputs. A WebGPU kernel can read seven arrays in all. */
const arraysPerKernel = 6;

/** An executor on an open backend, with its compiled pipelines and the handling of a lost device. */
export class GpuJsExecutor implements GpuExecutor {
  readonly precision = 'float32';
  readonly stops = false;
  readonly backend: BackendName;
  readonly #backend: Backend;
  /** The reasons why better backends were rejected. */
  readonly #rejections: string | null;
  readonly #pipelines: StructureCache<HeldPipeline>;
  /** Evicted pipelines that are being destroyed. */
  #evicted: Promise<void>[] = [];
  /** All pipelines not yet destroyed, including dropped ones that are still running. */
  readonly #living = new Set<HeldPipeline>();
  /** The reason why the kernels of the latest pose did not run in one launch. */
  #unfusedReason: string | null = null;
  #isDisposed = false;
  #loss: DeviceLostError | undefined;
  /** Functions that make the current runs fail when the device is lost. */
  readonly #waiting = new Set<(loss: DeviceLostError) => void>();

  constructor(backend: Backend, rejections: string | null, limit: number) {
    this.backend = backend.name;
    this.#backend = backend;
    this.#rejections = rejections;
    this.#pipelines = new StructureCache(this.name, limit, evicted => this.#evicted.push(evicted.drop()));
    backend.lost.then(reason => {
      this.#loss = new DeviceLostError(this.name, reason);
      for (const fail of this.#waiting) fail(this.#loss);
      void this.#discardAll();
    });
  }

  get compiled(): number {
    return this.#pipelines.created;
  }

  get name(): string {
    return `gpu ${this.backend} float32`;
  }

  get fallbackReason(): string | null {
    return [this.#rejections, this.#unfusedReason].filter(reason => reason !== null).join('; ') || null;
  }

  get device(): GpuExecutor['device'] {
    const { buffers, textures, bytes, peakBytes, launches, readbacks } = this.#backend.meter;
    return { buffers, textures, bytes, peakBytes, launches, readbacks };
  }

  async run(wanted: readonly Value[], options: RunOptions = {}): Promise<Tensor[]> {
    if (wanted.every(isComputed)) return this.#run(wanted, options);
    const insertIndices = copyIndices(wanted);
    return insertIndices(await this.#run(wanted.filter(isComputed), options));
  }

  async #run(wanted: readonly Value[], { memory = new Memory() }: RunOptions): Promise<Tensor[]> {
    if (this.#isDisposed) throw new Error('gpu: this executor was disposed of; make another one');
    if (this.#loss) throw this.#loss;
    const [first] = wanted;
    if (!first) return [];
    const live = liveValues(wanted);
    const structure = structureOf(live, wanted, 'float32');
    const held = this.#pipelineFor(live, wanted, structure);
    held.take();
    try {
      const evicted = Promise.all(this.#evicted.splice(0));
      // Read the inputs before awaiting anything: the caller may change its arrays as soon as it has the promise.
      const running = this.#runOn(held, live, wanted, structure);
      const [tensors] = await Promise.all([this.#unlessLost(running), evicted]);
      this.#unfusedReason = held.pipeline.fallbackReason;
      return tensors;
    } catch (error) {
      await this.#discard(held);
      throw error;
    } finally {
      // Count at the end: the number of arrays that gpu.js puts between the kernels is known only after the first run.
      const bytes = first.tape.copiedBytes + held.pipeline.bytes;
      memory.take(bytes);
      memory.give(bytes);
      await held.give();
    }
  }

  /**
   * Awaits a run and returns its result. If the device is lost during the run, throws a DeviceLostError instead, even
   * if the run succeeds.
   */
  async #unlessLost<T>(run: Promise<T>): Promise<T> {
    let fail: (loss: DeviceLostError) => void = () => {};
    const loss = new Promise<never>((_, reject) => {
      fail = reject;
    });
    this.#waiting.add(fail);
    try {
      const result = await Promise.race([run, loss]);
      return this.#backend.isLost() ? await loss : result;
    } catch (error) {
      // Work on a lost device may fail before the loss is reported.
      await new Promise(resolve => setTimeout(resolve));
      if (this.#loss) throw this.#loss;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${this.name}: ${reason}`, { cause: error });
    } finally {
      this.#waiting.delete(fail);
    }
  }

  explain(values: readonly Value[]): string {
    const wanted = values.filter(isComputed);
    const live = liveValues(wanted);
    const structure = structureOf(live, wanted, 'float32');
    const capacities = capacitiesOf(live, structure.sizes);
    const plan = kernelsOf(live, wanted, structure, capacities, arraysPerKernel);
    return explained(plan, this.#backend.arithmetic);
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#discardAll();
    await Promise.all([...this.#living].map(({ gone }) => gone));
  }

  async #discardAll(): Promise<void> {
    await Promise.allSettled([...this.#pipelines.values()].map(held => this.#discard(held)));
  }

  #pipelineFor(live: readonly Value[], wanted: readonly Value[], structure: Structure): HeldPipeline {
    const capacities = capacitiesOf(live, structure.sizes);
    return this.#pipelines.get(structure, `${capacities}`, live, () => {
      const plan = kernelsOf(live, wanted, structure, capacities, arraysPerKernel);
      const layout = inputLayoutOf(plan, live, structure, capacities);
      const pipeline = new HeldPipeline(plan, layout, new PlanPipeline(this.#backend, plan, layout));
      this.#living.add(pipeline);
      void pipeline.gone.then(() => this.#living.delete(pipeline));
      return pipeline;
    });
  }

  async #discard(held: HeldPipeline): Promise<void> {
    this.#pipelines.delete(held);
    await held.drop();
  }

  async #runOn(
    { plan, layout, inputs, pipeline }: HeldPipeline,
    live: readonly Value[],
    wanted: readonly Value[],
    { sizes, starts }: Structure,
  ): Promise<Tensor[]> {
    writeInputs(plan, layout, live, sizes, inputs);
    const buffers = await pipeline.run({ inputs, sizes: withCounts(sizes, plan.counts), starts });
    return wanted.map(({ shape }, i) => {
      const numbers = buffers.get(plan.wanted[i] as number) as ArrayLike<number>;
      const data = new Float32Array(sizeOf(shape));
      for (let at = 0; at < data.length; at++) data[at] = numbers[at] as number;
      return { data, shape };
    });
  }
}
