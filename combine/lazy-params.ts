import type { Tape, Value } from '../engine/tape.ts';
import type { Tensor } from '../engine/tensor.ts';
import type { Params } from './params.ts';

/** Parameters on a small tape. Each is recorded when it is first read, so unread parameters cost nothing. */
export class LazyParams {
  readonly #read = new Map<string, Value>();
  readonly values: Record<string, Value>;

  constructor(tape: Tape, params: Params) {
    const get = (_: object, name: string | symbol) => {
      if (typeof name === 'symbol' || !Object.hasOwn(params, name)) return undefined;
      const value = this.#read.get(name) ?? tape.parameter(params[name] as Tensor, name);
      this.#read.set(name, value);
      return value;
    };
    this.values = new Proxy({ ...params }, { get }) as unknown as Record<string, Value>;
  }

  /** The parameters that were read, with their names. */
  get read(): readonly (readonly [name: string, value: Value])[] {
    return [...this.#read];
  }
}
