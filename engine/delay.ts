import type { Tape, Value } from './tape.ts';

/**
 * The values that the backward pass through a checkpoint waits for: the values in the checkpoint, and all cotangents
 * that reach these from outside. If the pass began earlier, its copies would take the memory that the checkpoint saves.
 */
export interface Delay {
  /** The values in the checkpoint, oldest first. */
  readonly values: readonly Value[];
  readonly cotangents: ReadonlySet<Value>;
}

/** The delayed values on each tape that has any. */
const delays = new WeakMap<Tape, Map<Value, Delay>>();

/**
 * Delays a value until all values named by `by` are computed. The delayed value must be newer than all of them. A value
 * that is delayed already keeps its earlier delay.
 */
export function delay(value: Value, by: Delay): void {
  const onTape = delays.get(value.tape) ?? new Map<Value, Delay>();
  delays.set(value.tape, onTape);
  if (value.inputs.length > 0 && !onTape.has(value)) onTape.set(value, by);
}

/**
 * Returns a function from a value to the list of live values that it waits for: the newest live value of the
 * checkpoint, then the cotangents. The function returns undefined for a value that is not delayed, and the same list
 * for values that are delayed together. For a tape without checkpoints `waitsAmong` returns undefined instead of a
 * function. Executors that merge equal values or change the order of values need these lists.
 */
export function waitsAmong(
  live: readonly Value[],
): ((value: Value) => readonly Value[] | undefined) | undefined {
  const onTape = live[0] && delays.get(live[0].tape);
  if (!onTape) return undefined;
  const liveSet = new Set(live);
  const lists = new Map<Delay, readonly Value[]>();
  const listOf = ({ values, cotangents }: Delay): Value[] => {
    const newest = values.findLast(value => liveSet.has(value));
    return [...(newest ? [newest] : []), ...[...cotangents].filter(value => liveSet.has(value))];
  };
  return value => {
    const valueDelay = onTape.get(value);
    if (!valueDelay) return undefined;
    const waits = lists.get(valueDelay) ?? listOf(valueDelay);
    lists.set(valueDelay, waits);
    return waits;
  };
}
