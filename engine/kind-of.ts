/** How an error names what is not what was asked for. It calls nothing of the thing's own, which may be anything. */
export function kindOf(thing: unknown): string {
  if (typeof thing === 'number') return `the number ${thing}`;
  if (thing === undefined || thing === null) return `${thing}`;
  if (Array.isArray(thing)) return 'a list';
  return typeof thing === 'object' ? 'an object' : `a ${typeof thing}`;
}
