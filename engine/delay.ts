import type { Tape, Value } from './tape.ts';

/**
 * Values that the backward pass through a checkpoint waits for: those in the checkpoint, and all cotangents that come for them
 * from elsewhere. If it began earlier, its copies would take the memory that they are to save.
 */
export interface Delay {
  /** The values in the checkpoint, oldest first. */
  readonly of: readonly Value[];
  readonly cotangents: ReadonlySet<Value>;
}

/** The delayed values on each tape that has any. */
const delays = new WeakMap<Tape, Map<Value, Delay>>();

/** Notes that a value, which is newer than all it waits for, is delayed. One within another is delayed by that alone. */
export function delay(value: Value, by: Delay): void {
  const onTape = delays.get(value.tape) ?? new Map<Value, Delay>();
  delays.set(value.tape, onTape);
  if (value.inputs.length > 0 && !onTape.has(value)) onTape.set(value, by);
}

/**
 * For executors that merge equal values or change their order: the live values that each waits for, the newest in the
 * checkpoint first; undefined for one that is not delayed. Those delayed together have the same list. Nothing for a tape
 * without checkpoints.
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
