import type { Params } from '../combine/index.ts';

/** Parameters that stay as they are: their names, or a function that is true for the name of each. */
export type Freeze = readonly string[] | ((name: string) => boolean);

/** The names of the parameters that stay as they are. @throws RangeError for a name that no parameter has */
export function frozenOf(owner: string, freeze: Freeze | undefined, params: Params): ReadonlySet<string> {
  if (freeze === undefined) return new Set();
  if (typeof freeze === 'function') return new Set(Object.keys(params).filter(name => freeze(name)));
  const unknown = freeze.find(name => !Object.hasOwn(params, name));
  if (unknown !== undefined) throw new RangeError(`${owner}: freeze names ${unknown}, which is no parameter`);
  return new Set(freeze);
}
