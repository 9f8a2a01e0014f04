/** The kind of a wrong argument, for an error message. The function calls no method of the argument. */
export function kindOf(thing: unknown): string {
  if (typeof thing === 'number') return `the number ${thing}`;
  if (thing === undefined || thing === null) return `${thing}`;
  if (Array.isArray(thing)) return 'a list';
  return typeof thing === 'object' ? 'an object' : `a ${typeof thing}`;
}

/** A wrong argument, for an error message: a number is shown as it is, anything else by its kind. */
export function showArgument(thing: unknown): string {
  return typeof thing === 'number' ? `${thing}` : kindOf(thing);
}
