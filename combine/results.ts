import { reshaped } from '../engine/fan-out.ts';
import { showShape, sizeOf } from '../engine/shape.ts';
import { describe, isValue, type Tape, type Value } from '../engine/tape.ts';

/** Checks that a function of the user's returned a value of real numbers on its tape; an error names the function. */
export function realValue(result: unknown, tape: Tape, who: string): Value {
  if (result instanceof Promise) {
    // Nobody awaits it any more: its own failure must not end the process.
    result.catch(() => {});
    throw new TypeError(
      `${who} returned a promise, but it only records and so has nothing to wait for; load what it needs beforehand, or give the poses as an async iterable`,
    );
  }
  if (!isValue(result)) throw new TypeError(`${who} must return a value on its tape, got ${typeof result}`);
  if (result.tape !== tape)
    throw new Error(`${who} returned ${describe(result)} of another tape; record it on the tape it is given`);
  if (result.dtype !== 'real') throw wrongShape(who, 'real numbers', result);
  return result;
}

/** The same for what must be a single number; the value is of shape []. */
export function singleNumber(result: unknown, tape: Tape, who: string): Value {
  const value =
    isValue(result) && result.dtype !== 'real' && result.tape === tape
      ? result
      : realValue(result, tape, who);
  if (value.dtype !== 'real' || sizeOf(value.shape) !== 1)
    throw wrongShape(who, 'a single number (shape [] or [1])', value, '; sum it, or pick an entry');
  return reshaped(value, []);
}

function wrongShape(who: string, wanted: string, { dtype, shape }: Value, instead = ''): RangeError {
  const what = dtype === 'real' ? '' : 'index data of ';
  return new RangeError(`${who} must return ${wanted}, got ${what}shape ${showShape(shape)}${instead}`);
}
