import type { Tape, Value } from './tape.ts';

/**
 * Values that the backward pass through a checkpoint waits for: those in the checkpoint, and all cotangents that reach
 * them from outside. If it began earlier, its copies would take the memory that the checkpoint is meant to save.
 */
export interface Delay {
  /** The values in the checkpoint, oldest first. */
  readonly of: readonly Value[];
  readonly cotangents: ReadonlySet<Value>;
}

/** The delayed values on each tape that has any. */
const delays = new WeakMap<Tape, Map<Value, Delay>>();

/**
 * Marks a value as delayed; it must be newer than all it waits for. A value that is delayed already keeps its delay.
 */
export function delay(value: Value, by: Delay): void {
  const onTape = delays.get(value.tape) ?? new Map<Value, Delay>();
  delays.set(value.tape, onTape);
  if (value.inputs.length > 0 && !onTape.has(value)) onTape.set(value, by);
}

/**
 * The live values that each value waits for, the newest in the checkpoint first; undefined for a value that is not
 * delayed. Values delayed together have the same list. Undefined for a tape without checkpoints. It is for executors
 * that merge equal values or change their order.
 */
export function waitsAmong(
  live: readonly Value[],
): ((value: Value) => readonly Value[] | undefined) | undefined {
  const onTape = live[0] && delays.get(live[0].tape);
  if (!onTape) return undefined;
  const isLive = new Set(live);
  const known = new Map<Delay, readonly Value[]>();
  const listOf = ({ of, cotangents }: Delay): Value[] => {
    const newest = of.findLast(value => isLive.has(value));
    return [...(newest ? [newest] : []), ...[...cotangents].filter(value => isLive.has(value))];
  };
  return value => {
    const by = onTape.get(value);
    if (!by) return undefined;
    const waits = known.get(by) ?? listOf(by);
    known.set(by, waits);
    return waits;
  };
}
