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
 * The live values that each value waits for, the newest in the checkpoint first; undefined for a value that is not
 * delayed. Values delayed together have the same list. Returns undefined for a tape without checkpoints. Executors that
 * merge equal values or change their order need it.
 */
export function waitsAmong(
  live: readonly Value[],
): ((value: Value) => readonly Value[] | undefined) | undefined {
  const onTape = live[0] && delays.get(live[0].tape);
  if (!onTape) return undefined;
  const isLive = new Set(live);
  const lists = new Map<Delay, readonly Value[]>();
  const listOf = ({ values, cotangents }: Delay): Value[] => {
    const newest = values.findLast(value => isLive.has(value));
    return [...(newest ? [newest] : []), ...[...cotangents].filter(value => isLive.has(value))];
  };
  return value => {
    const by = onTape.get(value);
    if (!by) return undefined;
    const waits = lists.get(by) ?? listOf(by);
    lists.set(by, waits);
    return waits;
  };
}
