import { type Form, gradient, interpreter, jit, Memory, Tape, type Tensor, type Value } from 'posetape';
import { boltzmann } from 'posetape/combine';
import { score } from '../../../program/vina/score.ts';
import { recordWeights } from '../../vina/score.ts';
import { formulaOf } from '../formula.ts';
import type { Context } from './tasks.ts';

/** Value of a tape, for display. */
export interface Entry {
  readonly id: number;
  readonly op: string;
  readonly kind: Form['kind'];
  readonly isAdjoint: boolean;
  readonly formula: string;
  /** Ids of the values that it reads. */
  readonly inputs: readonly number[];
  readonly shape: readonly number[];
  /** Bytes of its array; 0 if it shares the array of another value or of the caller. */
  readonly bytes: number;
  /** First entries of its array, at most {@link shownNumbers}. */
  readonly numbers: readonly number[];
  /** Least of all its numbers. */
  readonly least: number;
  /** Largest of all its numbers. */
  readonly largest: number;
  /** Step that computes it; −1 if it never has an array. */
  readonly step: number;
  /** Step after which its array is freed. For a result, which is kept until the end, it is the number of steps. */
  readonly lastUse: number;
}

/** Record of running the tape of one pose. */
export interface Trace {
  /** Index of the pose. */
  readonly pose: number;
  readonly entries: readonly Entry[];
  /** Number of steps. Each computes one value. */
  readonly steps: number;
  /** First step of the backward pass. */
  readonly backward: number;
  /** Bytes held during each step. */
  readonly held: readonly number[];
  /** Bytes held after each step; 0 after the last. */
  readonly heldAfter: readonly number[];
  /** Most bytes held at once. */
  readonly peak: number;
  /** Bytes of the tape's own copies of literals and lists, which are held until the end. */
  readonly copies: number;
  /** Ids of ΔG and of each ∂ΔG/∂w, with names. */
  readonly results: readonly { readonly name: string; readonly id: number }[];
  /** Bytes of the state of a Boltzmann average. They do not depend on the number of poses. */
  readonly stateBytes: number;
  /** Source that jit generates for the same tape. */
  readonly fused: string;
}

const fusing = jit();

/** Maximum number of entries of a value that the page shows. */
const shownNumbers = 6;

/** Records the tape of one pose with its gradient, runs it value by value, and returns a record of the run. */
export function trace(context: Context, index: number): Trace {
  const tape = new Tape();
  const weights = recordWeights(tape);
  const energy = score(tape, weights, context.poseAt(index));
  const slopes = gradient(energy, Object.values(weights));
  const wanted = [energy, ...slopes];

  const watch = new Watch();
  const [value, ...numbers] = interpreter().run(wanted, {
    memory: watch,
    onValue: (value, tensor) => watch.see(value, tensor),
  });
  const accumulator = boltzmann().accumulator();
  const byName = Object.keys(weights).map((name, k) => [name, numbers[k] as Tensor]);
  accumulator.add(value?.data[0] as number, Object.fromEntries(byName));
  const lastUse = lastUses(tape, wanted, watch.order);

  const entries = tape.values.map((value): Entry => {
    const seen = watch.seen.get(value);
    return {
      id: value.id,
      op: value.form.kind === 'parameter' ? value.form.name : value.op.name,
      kind: value.form.kind,
      isAdjoint: value.isAdjoint,
      formula: formulaOf(value),
      inputs: value.inputs.map(({ id }) => id),
      shape: value.shape,
      bytes: seen?.bytes ?? 0,
      numbers: seen?.numbers ?? [],
      least: seen?.least ?? Number.NaN,
      largest: seen?.largest ?? Number.NaN,
      step: seen?.step ?? -1,
      lastUse: lastUse.get(value) ?? -1,
    };
  });
  const names = ['ΔG', ...Object.keys(weights).map(name => `∂ΔG/∂${name}`)];
  return {
    pose: index,
    entries,
    steps: watch.order.length,
    backward: watch.order.findIndex(({ isAdjoint }) => isAdjoint),
    held: watch.held,
    heldAfter: [...watch.heldAfter, 0],
    peak: watch.peak,
    copies: watch.copies,
    results: wanted.map(({ id }, k) => ({ name: names[k] as string, id })),
    stateBytes: accumulator.bytes,
    fused: fusing.explain(wanted),
  };
}

interface Seen {
  readonly step: number;
  readonly bytes: number;
  readonly numbers: readonly number[];
  readonly least: number;
  readonly largest: number;
}

/** Memory count that also records the bytes and numbers of each value while its array exists. */
class Watch extends Memory {
  /** Values in the order of their steps. */
  readonly order: Value[] = [];
  readonly seen = new Map<Value, Seen>();
  /** Bytes held during each step, including those of the step's inputs. */
  readonly held: number[] = [];
  /** Bytes held after each step, when inputs that no later step uses have been freed. */
  readonly heldAfter: number[] = [];
  /** Bytes of the tape's own copies of literals and lists. They are counted first, and held until the end. */
  copies = Number.NaN;

  override take(bytes: number): void {
    if (Number.isNaN(this.copies)) this.copies = bytes;
    else this.#settle();
    super.take(bytes);
  }

  see(value: Value, { data }: Tensor): void {
    this.#settle();
    const step = this.order.length;
    const before = step === 0 ? this.copies : (this.heldAfter[step - 1] as number);
    this.order.push(value);
    this.held.push(this.live);
    this.seen.set(value, {
      step,
      bytes: this.live - before,
      numbers: [...data.subarray(0, shownNumbers)],
      ...rangeOf(data),
    });
  }

  /** Records the bytes held after the previous step. By the time of this call, that step has freed its inputs. */
  #settle(): void {
    const { length } = this.order;
    if (length > this.heldAfter.length) this.heldAfter.push(this.live);
  }
}

function rangeOf(data: Tensor['data']): { least: number; largest: number } {
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const entry of data) {
    least = Math.min(least, entry);
    largest = Math.max(largest, entry);
  }
  return { least, largest };
}

/** Returns the last step that needs the array of each value. A reshape shares the array; a result's array is never freed. */
function lastUses({ values }: Tape, wanted: readonly Value[], order: readonly Value[]): Map<Value, number> {
  const steps = new Map(order.map((value, step) => [value, step]));
  const last = new Map<Value, number>(wanted.map(value => [value, order.length]));
  for (const value of [...values].reverse()) {
    // A value without a step has no array: it is added directly to the sum that uses it. Its inputs are read at that use.
    const use = steps.get(value) ?? last.get(value) ?? -1;
    const until = value.form.kind === 'reshape' ? Math.max(use, last.get(value) ?? -1) : use;
    for (const input of value.inputs) last.set(input, Math.max(last.get(input) ?? -1, until));
  }
  return last;
}
