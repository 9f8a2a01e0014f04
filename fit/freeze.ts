import type { Params } from '../combine/index.ts';

/** Parameters that do not change: their names, or a function that returns true for their names. */
export type Freeze = readonly string[] | ((name: string) => boolean);

/** Returns the names of the frozen parameters. @throws RangeError for a name that no parameter has */
export function frozenOf(owner: string, freeze: Freeze | undefined, params: Params): ReadonlySet<string> {
  if (freeze === undefined) return new Set();
  if (typeof freeze === 'function') return new Set(Object.keys(params).filter(name => freeze(name)));
  const unknown = freeze.find(name => !Object.hasOwn(params, name));
  if (unknown !== undefined)
    throw new RangeError(`${owner}: freeze names ${unknown}, which is not a parameter`);
  return new Set(freeze);
}
