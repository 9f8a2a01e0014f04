import { entryOutside } from './indices.ts';
import type { Memory } from './memory.ts';
import { sizeOf } from './shape.ts';
import { describe, type Value } from './tape.ts';
import { isTensorData, type Tensor } from './tensor.ts';

/** The precision of an executor's numbers and results. */
export type Precision = 'float64' | 'float32';

/** @throws RangeError naming the executor, if `precision` is neither 'float64' nor 'float32' */
export function checkPrecision(owner: string, precision: unknown): void {
  if (precision === 'float64' || precision === 'float32') return;
  throw new RangeError(`${owner}: precision is 'float64' or 'float32', got ${JSON.stringify(precision)}`);
}

/** Options of a run. */
export interface RunOptions {
  /**
   * Counts the bytes held during the run. After the run, even after an error, the count is what it was before the run.
   */
  readonly memory?: Memory;
  /**
   * Tensors whose numbers are the same in all runs that get this same Set object, such as θ for all poses. An executor
   * that copies its inputs to a device need not copy these again in later runs.
   */
  readonly shared?: ReadonlySet<Tensor>;
  /**
   * Called with the first wanted value as soon as it is computed, by executors whose `stops` is true. If it returns
   * false, nothing more is computed and only that value is returned.
   */
  readonly proceed?: (first: Tensor) => boolean;
  /**
   * Called with each value as soon as it is computed, by executors that compute value by value; executors that fuse
   * values don't call it. The array belongs to the executor: read it during the call, and don't keep it.
   */
  readonly onValue?: (value: Value, tensor: Tensor) => void;
}

/** The memory that an executor holds on its device, in buffers and textures. */
export interface DeviceMemory {
  /** Number of buffers held now. */
  readonly buffers: number;
  /** Number of textures held now. */
  readonly textures: number;
  /** Bytes of all buffers and textures held now. */
  readonly bytes: number;
  /** The most bytes held at any one time. */
  readonly peakBytes: number;
}

/** The error of an executor whose device was lost during a run: a driver was reset, or a page lost its context. */
export class DeviceLostError extends Error {
  /** The name of the executor. */
  readonly executor: string;

  constructor(executor: string, reason: string) {
    super(
      `${executor}: the device was lost (${reason}); make another executor, or let combinePoses go on with one by its option onDeviceLost`,
    );
    this.name = 'DeviceLostError';
    this.executor = executor;
  }
}

/** Computes wanted values of a tape and returns a tensor for each. The results do not depend on earlier runs. */
export interface Executor {
  /** A name for reports, such as `interpreter float64`. */
  readonly name: string;
  /** Precision of its arithmetic and its results. */
  readonly precision: Precision;
  /** True if it can stop after the first wanted value. An executor that fuses forward and backward pass cannot. */
  readonly stops: boolean;
  /** Memory held on its device; undefined if it has none. */
  readonly device?: DeviceMemory | undefined;
  /** @throws DeviceLostError if the device was lost */
  run(wanted: readonly Value[], options?: RunOptions): Tensor[] | Promise<Tensor[]>;
  /**
   * Computes `wanted`, then the gradient of each target (a single number) with respect to each of `wrt`. The results
   * are those of tapes on which `gradient` has recorded the gradients. An executor has this method only if it can
   * compute gradients without recording the adjoints on every tape. Define the method as not enumerable: a copy of the
   * executor with another `run`, made by spreading, then lacks the method.
   */
  runGradients?(
    wanted: readonly Value[],
    targets: readonly Value[],
    wrt: readonly Value[],
    options?: RunOptions,
  ): Tensor[] | Promise<Tensor[]>;
}

/** An executor that returns its results at once, not as a promise. */
export interface SyncExecutor extends Executor {
  run(wanted: readonly Value[], options?: RunOptions): Tensor[];
  runGradients?(
    wanted: readonly Value[],
    targets: readonly Value[],
    wrt: readonly Value[],
    options?: RunOptions,
  ): Tensor[];
}

/** A {@link SyncExecutor} that plans and compiles each structure once, and can list the plan of a tape. */
export interface PlannedExecutor extends SyncExecutor {
  /** The number of structures planned and compiled since the executor was made. */
  readonly planned: number;
  /**
   * Returns the steps of a tape's plan as text: the bytes that each step reads and stores, and its code. If `passes` is
   * true, the text begins with the output of each pass of the planner; docs/plan.md explains the passes.
   */
  explain(wanted: readonly Value[], options?: { readonly passes?: boolean }): string;
}

/**
 * The values that `wanted` depend on, oldest first. All others on the tape are dead and cost nothing.
 *
 * Every executor calls this function first. So it also checks the arrays that the caller may have changed since the
 * tape was recorded: each must still have its length, and each index must still be within its rows.
 *
 * @throws Error naming the value if its array has another length now, RangeError if an entry of an index is outside its rows
 */
export function liveValues(wanted: readonly Value[]): Value[] {
  const [first] = wanted;
  if (!first) return [];
  const { values } = first.tape;
  const liveFlags = new Uint8Array(values.length);
  let newest = 0;
  for (const value of wanted) {
    if (value.tape !== first.tape) throw new Error('evaluate: the wanted values are on different tapes');
    liveFlags[value.id] = 1;
    newest = Math.max(newest, value.id);
  }
  for (let id = newest; id >= 0; id--) {
    if (!liveFlags[id]) continue;
    const { inputs } = values[id] as Value;
    for (let i = 0; i < inputs.length; i++) liveFlags[(inputs[i] as Value).id] = 1;
  }
  const live: Value[] = [];
  for (let id = 0; id <= newest; id++) {
    if (!liveFlags[id]) continue;
    const value = values[id] as Value;
    if (value.inputs.length === 0) checkData(value);
    live.push(value);
  }
  return live;
}

/** Checks that the array of a leaf still has its length, and that the entries of an index are still within its rows. */
function checkData(value: Value): void {
  const { form, shape } = value;
  if (form.kind !== 'parameter' && form.kind !== 'constant') return;
  const { data } = form.tensor;
  const size = sizeOf(shape);
  if (!isTensorData(data) || data.length !== size) {
    const now = `its array has ${data?.length} entries instead of ${size}`;
    throw new Error(`${describe(value)}: ${now}: it was detached, resized or replaced after it was recorded`);
  }
  if (form.kind === 'parameter' || form.rows === Number.POSITIVE_INFINITY) return;
  const outside = entryOutside(data as Int32Array, form.rows);
  if (outside) throw new RangeError(`${describe(value)}: ${outside}; it changed after it was recorded`);
}
