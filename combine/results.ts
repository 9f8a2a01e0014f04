import { reshaped } from '../engine/fan-out.ts';
import { showShape, sizeOf } from '../engine/shape.ts';
import { describe, isValue, type Tape, type Value } from '../engine/tape.ts';

/**
 * Checks that `result`, returned by the function `who`, is a value of real numbers on this tape.
 *
 * @throws an error naming `who`
 */
export function realValue(result: unknown, tape: Tape, who: string): Value {
  if (result instanceof Promise) {
    // The promise is not awaited, so its failure must not become an unhandled rejection.
    result.catch(() => {});
    throw new TypeError(
      `${who} returned a promise, but it must be synchronous; load its data beforehand, or pass the poses as an async iterable`,
    );
  }
  if (!isValue(result)) throw new TypeError(`${who} must return a value on its tape, got ${typeof result}`);
  if (result.tape !== tape)
    throw new Error(
      `${who} returned ${describe(result)} of another tape; record it on the tape of its arguments`,
    );
  if (result.dtype !== 'real') throw wrongShapeError(who, 'real numbers', result);
  return result;
}

/** Checks `result` as {@link realValue} does, and that it is a single number, which it returns in shape []. */
export function singleNumber(result: unknown, tape: Tape, who: string): Value {
  // Index data of this tape is rejected below, where the error asks for a single number.
  const value =
    isValue(result) && result.dtype !== 'real' && result.tape === tape
      ? result
      : realValue(result, tape, who);
  if (value.dtype !== 'real' || sizeOf(value.shape) !== 1)
    throw wrongShapeError(who, 'a single number (shape [] or [1])', value, '; sum it, or pick an entry');
  return reshaped(value, []);
}

function wrongShapeError(who: string, wanted: string, { dtype, shape }: Value, hint = ''): RangeError {
  const what = dtype === 'real' ? '' : 'index data of ';
  return new RangeError(`${who} must return ${wanted}, got ${what}shape ${showShape(shape)}${hint}`);
}
