/** Names the kind of a wrong argument in an error message. It calls no method of the argument. */
export function kindOf(thing: unknown): string {
  if (typeof thing === 'number') return `the number ${thing}`;
  if (thing === undefined || thing === null) return `${thing}`;
  if (Array.isArray(thing)) return 'a list';
  return typeof thing === 'object' ? 'an object' : `a ${typeof thing}`;
}

/** A wrong argument in an error message: a number itself, or the kind of anything else. */
export function showArgument(thing: unknown): string {
  return typeof thing === 'number' ? `${thing}` : kindOf(thing);
}
