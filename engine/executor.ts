import { entryOutside } from './indices.ts';
import type { Memory } from './memory.ts';
import { sizeOf } from './shape.ts';
import { describe, type Value } from './tape.ts';
import { isTensorData, type Tensor } from './tensor.ts';

/** The precision in which an executor computes and answers. */
export type Precision = 'float64' | 'float32';

/** @throws RangeError naming the executor, for what is no precision */
export function checkPrecision(owner: string, precision: unknown): void {
  if (precision === 'float64' || precision === 'float32') return;
  throw new RangeError(`${owner}: precision is 'float64' or 'float32', got ${JSON.stringify(precision)}`);
}

/** Options of a run. */
export interface RunOptions {
  /** Counts the bytes held during the run; afterwards it holds as many as before, whatever happened. */
  readonly memory?: Memory;
  /**
   * Tensors that hold the same numbers in all runs that are given this same set, such as θ while poses go by: an executor
   * that copies what it reads need not copy these again.
   */
  readonly shared?: ReadonlySet<Tensor>;
  /**
   * Asked with the first wanted value as soon as it is known, by executors whose `stops` is true. Where it answers
   * false, nothing more is computed and only that value is returned.
   */
  readonly proceed?: (first: Tensor) => boolean;
  /**
   * Told each value as soon as it is known and before any array is given back, by executors that go value by value;
   * fused ones have nothing to tell. The numbers are the executor's own: to be read now, not kept.
   */
  readonly onValue?: (value: Value, tensor: Tensor) => void;
}

/** The memory held on an executor's own device: buffers and textures, now and at most. */
export interface DeviceMemory {
  readonly buffers: number;
  readonly textures: number;
  readonly bytes: number;
  readonly peakBytes: number;
}

/** The device of an executor went away in the middle of its work: a driver was reset, or a page lost its context. */
export class DeviceLostError extends Error {
  /** The name of the executor that lost it. */
  readonly executor: string;

  constructor(executor: string, reason: string) {
    super(
      `${executor}: the device was lost (${reason}); make another executor, or let combinePoses go on with one by its option onDeviceLost`,
    );
    this.name = 'DeviceLostError';
    this.executor = executor;
  }
}

/**
 * Turns a tape into numbers: values in, as many tensors out. It keeps nothing from one run to the next but
 * what it has compiled.
 */
export interface Executor {
  /** A name for reports: `interpreter float64`. */
  readonly name: string;
  readonly precision: Precision;
  /** True if it can stop after the first wanted value; one that runs forward and backward as one cannot. */
  readonly stops: boolean;
  /** The memory it holds on a device of its own, if it has one. */
  readonly device?: DeviceMemory | undefined;
  /** @throws DeviceLostError where the device went away */
  run(wanted: readonly Value[], options?: RunOptions): Tensor[] | Promise<Tensor[]>;
  /**
   * Computes `wanted`, then of each target, a single number, the gradient with respect to each of `wrt`, as if `gradient` had
   * recorded them: for executors that need not have adjoints recorded which they know already. It is not enumerable where it
   * is there, so that a copy with another `run` is asked by that.
   */
  runGradients?(
    wanted: readonly Value[],
    targets: readonly Value[],
    wrt: readonly Value[],
    options?: RunOptions,
  ): Tensor[] | Promise<Tensor[]>;
}

/** An executor that answers at once. */
export interface SyncExecutor extends Executor {
  run(wanted: readonly Value[], options?: RunOptions): Tensor[];
  runGradients?(
    wanted: readonly Value[],
    targets: readonly Value[],
    wrt: readonly Value[],
    options?: RunOptions,
  ): Tensor[];
}

/**
 * The values that `wanted` depend on, oldest first. All others on the tape are dead and cost nothing.
 *
 * Every executor calls it first, so it also checks what may have changed since it was recorded: the length of each array,
 * and that index entries lie within their rows.
 *
 * @throws Error naming the value, for an array of another length, RangeError for an index outside its rows
 */
export function liveValues(wanted: readonly Value[]): Value[] {
  const [first] = wanted;
  if (!first) return [];
  const { values } = first.tape;
  const isLive = new Uint8Array(values.length);
  let newest = 0;
  for (const value of wanted) {
    if (value.tape !== first.tape) throw new Error('evaluate: the wanted values lie on different tapes');
    isLive[value.id] = 1;
    newest = Math.max(newest, value.id);
  }
  for (let id = newest; id >= 0; id--) {
    if (!isLive[id]) continue;
    const { inputs } = values[id] as Value;
    for (let i = 0; i < inputs.length; i++) isLive[(inputs[i] as Value).id] = 1;
  }
  const live: Value[] = [];
  for (let id = 0; id <= newest; id++) {
    if (!isLive[id]) continue;
    const value = values[id] as Value;
    if (value.inputs.length === 0) checkData(value);
    live.push(value);
  }
  return live;
}

function checkData(value: Value): void {
  const { form, shape } = value;
  if (form.kind !== 'parameter' && form.kind !== 'constant') return;
  const { data } = form.tensor;
  const size = sizeOf(shape);
  if (!isTensorData(data) || data.length !== size) {
    const now = `its array has ${data?.length} entries in place of ${size}`;
    throw new Error(`${describe(value)}: ${now}: it was detached, resized or replaced after it was recorded`);
  }
  if (form.kind === 'parameter' || form.rows === Number.POSITIVE_INFINITY) return;
  const outside = entryOutside(data as Int32Array, form.rows);
  if (outside) throw new RangeError(`${describe(value)}: ${outside}; it changed after it was recorded`);
}
