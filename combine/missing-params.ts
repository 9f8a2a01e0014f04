import type { Value } from '../engine/tape.ts';

/** Parameters to pass to a function of the caller. They record the missing names that it reads. */
export interface WatchedParams {
  readonly params: Record<string, Value>;
  /** Returns the note for an error of the function; empty if it read only parameters that exist. */
  readonly note: () => string;
}

/** Watches which missing parameters are read. Reading one is no error by itself, since a function may test for it. */
export function watched(params: Record<string, Value>): WatchedParams {
  const missing = new Set<string>();
  return {
    params: new Proxy(params, {
      get(target, name) {
        if (typeof name === 'string' && !(name in target)) missing.add(name);
        return target[name as string];
      },
    }),
    note: () =>
      missing.size === 0
        ? ''
        : ` (no parameter is called ${[...missing].join(', ')}; there are ${Object.keys(params).join(', ')})`,
  };
}

/**
 * Calls a function of the caller with parameters.
 *
 * @param who the name of the function, for errors
 * @throws Error naming the function and the missing parameters, if the function reads them and then throws; any
 * other error unchanged
 */
export function withParams<T>(
  who: string,
  params: Record<string, Value>,
  record: (params: Record<string, Value>) => T,
): T {
  const { params: proxied, note } = watched(params);
  try {
    return record(proxied);
  } catch (cause) {
    if (note() === '') throw cause;
    throw new Error(`${who}: ${cause instanceof Error ? cause.message : cause}${note()}`, { cause });
  }
}
