import type { Tape, Value } from './tape.ts';

/**
 * The values that the backward pass through a checkpoint waits for: those in the checkpoint, and all cotangents that
 * reach them from outside. If the pass began earlier, its copies would take the memory that the checkpoint saves.
 */
export interface Delay {
  /** The values in the checkpoint, oldest first. */
  readonly values: readonly Value[];
  readonly cotangents: ReadonlySet<Value>;
}

/** The delayed values on each tape that has any. */
const delays = new WeakMap<Tape, Map<Value, Delay>>();

/**
 * Delays a value, which must be newer than all values it waits for. A value that is delayed already keeps its delay.
 */
export function delay(value: Value, by: Delay): void {
  const onTape = delays.get(value.tape) ?? new Map<Value, Delay>();
  delays.set(value.tape, onTape);
  if (value.inputs.length > 0 && !onTape.has(value)) onTape.set(value, by);
}

/**
 * Returns a function from a value to the live values that it waits for, the newest value of the checkpoint first; to
 * undefined if the value is not delayed. Values delayed together share one list. For a tape without checkpoints there is
 * no function, but undefined. Executors that merge equal values or change their order need these lists.
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
