import type { Params, ParamValues } from '../combine/index.ts';
import { type Executor, gradient, jit, Tape, type Value } from '../engine/index.ts';
import { checkOptions } from '../engine/options.ts';
import type { Objective } from './optimiser.ts';

/**
 * Turns a function that records a number on a tape into one that returns the number and its gradient, for {@link minimise}.
 * Each call records a new tape. The default executor, a `jit()`, plans only the first of them.
 *
 * @throws RangeError unless `record` returns a single number
 */
export function recorded<P extends Params>(
  record: (tape: Tape, params: ParamValues<P>) => Value,
  options: { readonly executor?: Executor } = {},
): Objective<P> {
  checkOptions('recorded', options, ['executor']);
  const { executor = jit() } = options;
  return async params => {
    const tape = new Tape();
    const names = Object.keys(params);
    const values = names.map(name => tape.parameter(params[name] as Params[string], name));
    const output = record(
      tape,
      Object.fromEntries(names.map((name, k) => [name, values[k]])) as ParamValues<P>,
    );
    const [value, ...slopes] = await executor.run([output, ...gradient(output, values)]);
    const entries = names.map((name, k) => [name, slopes[k]]);
    return { value: value?.data[0] as number, gradient: Object.fromEntries(entries) as Params };
  };
}
