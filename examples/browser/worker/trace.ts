import { type Form, gradient, interpreter, jit, Memory, Tape, type Tensor, type Value } from 'posetape';
import { boltzmann } from 'posetape/combine';
import { score } from '../../../program/vina/score.ts';
import { recordWeights } from '../../vina/score.ts';
import { formulaOf } from '../formula.ts';
import type { Context } from './tasks.ts';

/** One value of a tape, as it is shown. */
export interface Entry {
  readonly id: number;
  readonly op: string;
  readonly kind: Form['kind'];
  readonly adjoint: boolean;
  readonly formula: string;
  readonly inputs: readonly number[];
  readonly shape: readonly number[];
  /** Bytes of its array; 0 where it shares another's, or the caller's own. */
  readonly bytes: number;
  /** The first few of its numbers, and how far all of them reach. */
  readonly numbers: readonly number[];
  readonly least: number;
  readonly largest: number;
  /** The step that computes it; −1 for one that is never an array of its own. */
  readonly step: number;
  /** The step after which its array is given back; the number of steps for a result. */
  readonly lastUse: number;
}

/** A pose's tape, and what happened as it ran. */
export interface Trace {
  readonly pose: number;
  readonly entries: readonly Entry[];
  readonly steps: number;
  /** The first step of the backward pass. */
  readonly backward: number;
  /** Bytes held during each step, and after it; nothing after the last. */
  readonly held: readonly number[];
  readonly kept: readonly number[];
  readonly peak: number;
  /** Bytes of what the tape itself copied: its literals and lists, held to the end. */
  readonly copies: number;
  /** The ids of ΔG and of ∂ΔG/∂w by name. */
  readonly results: readonly { readonly name: string; readonly id: number }[];
  /** State that is kept of any number of poses once their tapes are gone, for Boltzmann's average. */
  readonly stateBytes: number;
  /** Loops that jit makes of the same tape, and their source. */
  readonly fused: string;
}

const fusing = jit();

/** Number of entries of a value that are shown. */
const shown = 6;

/** Records one pose's tape with its gradient, runs it value by value, and tells what was seen. */
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
      adjoint: value.adjoint,
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
    backward: watch.order.findIndex(({ adjoint }) => adjoint),
    held: watch.held,
    kept: [...watch.kept, 0],
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

/** A memory that looks at each value while it is there. */
class Watch extends Memory {
  readonly order: Value[] = [];
  readonly seen = new Map<Value, Seen>();
  /** Bytes held at each step while its inputs are still there, and after those used last are given back. */
  readonly held: number[] = [];
  readonly kept: number[] = [];
  /** Bytes that the tape copied: taken first, and held to the end. */
  copies = Number.NaN;

  override take(bytes: number): void {
    if (Number.isNaN(this.copies)) this.copies = bytes;
    else this.#settle();
    super.take(bytes);
  }

  see(value: Value, { data }: Tensor): void {
    this.#settle();
    const step = this.order.length;
    const before = step === 0 ? this.copies : (this.kept[step - 1] as number);
    this.order.push(value);
    this.held.push(this.live);
    this.seen.set(value, {
      step,
      bytes: this.live - before,
      numbers: [...data.subarray(0, shown)],
      ...rangeOf(data),
    });
  }

  /** Before the next step takes, the last one has given back all it will. */
  #settle(): void {
    const { length } = this.order;
    if (length > this.kept.length) this.kept.push(this.live);
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

/** For each value, the step after which nobody needs its array: a reshape of it needs it too, and a result stays. */
function lastUses({ values }: Tape, wanted: readonly Value[], order: readonly Value[]): Map<Value, number> {
  const steps = new Map(order.map((value, step) => [value, step]));
  const last = new Map<Value, number>(wanted.map(value => [value, order.length]));
  for (const value of [...values].reverse()) {
    // A value without a step is laid straight into the sum that uses it.
    const use = steps.get(value) ?? last.get(value) ?? -1;
    const until = value.form.kind === 'reshape' ? Math.max(use, last.get(value) ?? -1) : use;
    for (const input of value.inputs) last.set(input, Math.max(last.get(input) ?? -1, until));
  }
  return last;
}
