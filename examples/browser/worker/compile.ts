import { messageOf } from '../message.ts';

/** Error in the visitor's source, with its line. */
export class SourceError extends Error {
  readonly line: number;

  constructor(message: string, line: number, options?: ErrorOptions) {
    super(message, options);
    this.line = line;
  }
}

/**
 * Compiles and runs a TypeScript module, and returns its exports. Every exported function is wrapped so that errors in the
 * source become a {@link SourceError}.
 *
 * @param modules modules that the source may import, by name
 * @throws SourceError if the source is malformed, or throws while it is loaded
 */
export async function compile(
  source: string,
  modules: Readonly<Record<string, object>>,
): Promise<Record<string, unknown>> {
  const code = await withoutTypes(source);
  const { module, url } = await moduleOf(code);
  const exports: Record<string, unknown> = {};
  located(url, () => module((name: string) => moduleNamed(name, modules), exports));
  return Object.fromEntries(
    Object.entries(exports).map(([name, value]) => [
      name,
      typeof value === 'function' ? (...args: unknown[]) => located(url, () => value(...args)) : value,
    ]),
  );
}

interface Module {
  readonly module: (require: (name: string) => object, exports: Record<string, unknown>) => void;
  /** URL that stands for the source in stack traces. */
  readonly url: string;
}

/** Removes types and turns imports into calls of `require`, without moving any line. */
async function withoutTypes(source: string): Promise<string> {
  const { transform } = await import('sucrase');
  try {
    const options = { transforms: ['typescript' as const, 'imports' as const], disableESTransforms: true };
    return transform(source, options).code;
  } catch (cause) {
    throw new SourceError(withoutPosition(cause), (cause as { loc?: Location }).loc?.line ?? 1, { cause });
  }
}

interface Location {
  readonly line: number;
}

/**
 * Turns the code into a function without moving any line. The code is imported from a URL because WebKit reports no lines for
 * `new Function`.
 */
async function moduleOf(code: string): Promise<Module> {
  const text = `export default (require, exports) => {${code}\n}`;
  const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  try {
    return { module: ((await import(url)) as { default: Module['module'] }).default, url };
  } catch (cause) {
    // The browser's SyntaxError does not tell the line. So the code is parsed again by acorn, whose error does.
    const { parse } = await import('acorn');
    try {
      parse(code, { ecmaVersion: 'latest', allowReturnOutsideFunction: true });
    } catch (error) {
      throw new SourceError(withoutPosition(error), (error as { loc?: Location }).loc?.line ?? 1, { cause });
    }
    throw cause;
  }
}

function moduleNamed(name: string, modules: Readonly<Record<string, object>>): object {
  const module = modules[name];
  if (module) return module;
  throw new Error(`cannot import ${name}: the modules are ${Object.keys(modules).join(', ')}`);
}

/** Runs code of the visitor. Its errors become a {@link SourceError} with the innermost line in the visitor's source. */
function located<T>(url: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    const line = lineOf(cause, url);
    throw line === undefined ? cause : new SourceError(withoutPosition(cause), line, { cause });
  }
}

/** Returns the innermost line of a script in the stack of an error, or undefined if the script is not in the stack. */
export function lineOf(error: unknown, url: string): number | undefined {
  const after = error instanceof Error ? error.stack?.split(`${url}:`)[1] : undefined;
  const line = Number.parseInt(after ?? '', 10);
  return Number.isNaN(line) ? undefined : line;
}

/** Returns the message of an error without the prefix of sucrase and the position. The line is shown separately. */
function withoutPosition(error: unknown): string {
  return messageOf(error)
    .replace(/^Error transforming [^:]*: /, '')
    .replace(/ \(\d+:\d+\)$/, '');
}
