import type { Backend } from './backends.ts';
import type { Gpu, GpuKernel, GpuPipeline } from './gpu-js.ts';
import type { InputLayout } from './inputs.ts';
import type { Kernel, KernelPlan, Pack } from './plan/kernels.ts';
import { type Argument, type Arithmetic, kernelSource, packSource, type Source } from './print.ts';

/** The data of one pose. */
export interface PoseData {
  readonly inputs: Float32Array;
  /** The length behind each size: those of the structure, then the plan's chunk counts. */
  readonly sizes: readonly number[];
  readonly starts: readonly number[];
}

/** A step and its source. */
export interface StepSource extends Source {
  /** The buffer that the step writes. */
  readonly buffer: number;
  readonly step: Kernel | Pack;
}

/** The sources of a plan's steps. */
export function stepSourcesOf({ steps, lengths }: KernelPlan, arithmetic: Arithmetic): StepSource[] {
  return steps.map(step => {
    const source = step.kind === 'pack' ? packSource(step, lengths) : kernelSource(step, arithmetic);
    return { ...source, buffer: step.buffer, step };
  });
}

/** The number of iterations after which a kernel's loop silently stops; gpu.js's default is 1000. */
const loopMaxIterations = 2 ** 31 - 1;

/**
 * A plan as a pipeline of gpu.js. A run launches the kernels, all together if gpu.js can, then reads the results back. The
 * pipeline keeps its intermediate arrays until it is destroyed.
 */
export class PlanPipeline {
  readonly #gpu: Gpu;
  readonly #backend: Backend;
  readonly #pipeline: GpuPipeline;
  readonly #wanted: readonly number[];
  /** The pipeline's arguments after the inputs. */
  readonly #scalars: readonly Scalar[];
  readonly #inputLength: number;

  constructor(backend: Backend, plan: KernelPlan, layout: InputLayout) {
    this.#backend = backend;
    this.#gpu = backend.open();
    this.#inputLength = layout.length;
    this.#wanted = [...new Set(plan.wanted)];
    for (const { source, parameters } of backend.functions) {
      const argumentTypes = Array.from({ length: parameters }, () => 'Float');
      this.#gpu.addFunction(source, { argumentTypes, returnType: 'Float' });
    }
    const calls = stepSourcesOf(plan, backend.arithmetic);
    this.#scalars = scalarsOf(calls);
    const orchestrate = this.#orchestration(calls, plan.lengths, layout);
    // gpu.js takes the number of arguments from the function's length.
    Object.defineProperty(orchestrate, 'length', { value: 1 + this.#scalars.length });
    this.#pipeline = this.#gpu.createPipeline(orchestrate, { threads: false });
  }

  /**
   * The function that gpu.js traces once. It takes the inputs and scalars, calls all kernels in order, and returns the
   * wanted buffers.
   */
  #orchestration(calls: readonly StepSource[], lengths: readonly number[], { offsets }: InputLayout) {
    const kernelOf = this.#kernels(lengths);
    const keys = this.#scalars.map(keyOf);
    return (inputs: unknown, ...scalarValues: unknown[]): unknown[] => {
      const buffers: unknown[] = [];
      const argumentValue = (argument: Argument): unknown => {
        switch (argument.kind) {
          case 'inputs':
            return inputs;
          case 'buffer':
            return buffers[argument.number];
          case 'offset':
            return offsets[argument.number];
          case 'literal':
            return argument.value;
          default:
            return scalarValues[keys.indexOf(keyOf(argument))];
        }
      };
      for (const call of calls) buffers[call.buffer] = kernelOf(call)(...call.passed.map(argumentValue));
      return this.#wanted.map(buffer => buffers[buffer]);
    };
  }

  /**
   * Makes one kernel for each pair of a text and an output length. gpu.js would mix up the results if one kernel were
   * used for two lengths.
   */
  #kernels(lengths: readonly number[]): (call: StepSource) => GpuKernel {
    const kernels = new Map<string, GpuKernel>();
    return ({ text, buffer }) => {
      const length = lengths[buffer] as number;
      const key = `${length} ${text}`;
      const existing = kernels.get(key);
      if (existing) return existing;
      const kernel = this.#gpu.createKernel(text, {
        output: [length],
        loopMaxIterations,
        returnType: 'Float',
      });
      kernels.set(key, kernel);
      return kernel;
    };
  }

  /**
   * The reason why gpu.js runs the kernels one by one on a backend that could launch them together. Null if gpu.js does
   * launch them together, or if the backend cannot.
   */
  get fallbackReason(): string | null {
    const canFuse = this.#backend.name === 'webgpu' || this.#backend.name === 'webasm';
    return canFuse ? this.#pipeline.fallbackReason : null;
  }

  /** The bytes of the inputs and of the arrays between kernels; known after a run. */
  get bytes(): number {
    // A float32 number has 4 bytes.
    const buffers = this.#pipeline.plan?.buffers ?? [];
    return buffers.reduce((total, { output }) => total + 4 * (output[0] as number), 4 * this.#inputLength);
  }

  /** Runs one pose and returns the wanted buffers, each as long as its capacity. */
  async run({ inputs, sizes, starts }: PoseData): Promise<ReadonlyMap<number, ArrayLike<number>>> {
    const scalarValues = this.#scalars.map(({ kind, number }) => (kind === 'size' ? sizes : starts)[number]);
    const results = await this.#pipeline(this.#backend.gpuJs.input(inputs, [inputs.length]), ...scalarValues);
    // A pipeline may report a GPU backend as `gpu`, without its name.
    const ran = this.#pipeline.backend === 'gpu' ? this.#backend.name : this.#pipeline.backend;
    if (ran !== this.#backend.name) {
      const reason = this.#pipeline.fallbackReason;
      throw new Error(
        `gpu: ${this.#backend.name} was requested, but gpu.js ran this on ${ran}${reason ? `: ${reason}` : ''}`,
      );
    }
    return new Map(this.#wanted.map((buffer, i) => [buffer, results[i] as ArrayLike<number>]));
  }

  async destroy(): Promise<void> {
    await this.#pipeline.destroy();
    await this.#gpu.destroy();
  }
}

/** A number that varies between poses. */
type Scalar = Extract<Argument, { kind: 'size' | 'start' }>;

/** The scalars among the arguments of the calls, each once. */
function scalarsOf(calls: readonly StepSource[]): Scalar[] {
  const scalars = new Map<string, Scalar>();
  for (const argument of calls.flatMap(({ passed }) => passed)) {
    if (argument.kind === 'size' || argument.kind === 'start') scalars.set(keyOf(argument), argument);
  }
  return [...scalars.values()];
}

function keyOf({ kind, number }: Scalar): string {
  return `${kind} ${number}`;
}
