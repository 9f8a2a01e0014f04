import { messageOf } from '../message.ts';

/** An error in what the reader wrote, at the line it is on. */
export class SourceError extends Error {
  readonly line: number;

  constructor(message: string, line: number, options?: ErrorOptions) {
    super(message, options);
    this.line = line;
  }
}

/** A module of TypeScript as the object of its exports, with every function wrapped so that its errors have lines. */
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
  /** Names the source in stack traces. */
  readonly url: string;
}

/** The same line by line, with types gone and imports turned into calls of `require`. */
async function withoutTypes(source: string): Promise<string> {
  const { transform } = await import('sucrase');
  try {
    const options = { transforms: ['typescript' as const, 'imports' as const], disableESTransforms: true };
    return transform(source, options).code;
  } catch (cause) {
    throw new SourceError(sentence(cause), (cause as { loc?: Place }).loc?.line ?? 1, { cause });
  }
}

interface Place {
  readonly line: number;
}

/** The code as a function, loaded by a URL: WebKit tells no lines of a `Function`. Its lines are those of the code. */
async function moduleOf(code: string): Promise<Module> {
  const text = `export default (require, exports) => {${code}\n}`;
  const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  try {
    return { module: ((await import(url)) as { default: Module['module'] }).default, url };
  } catch (cause) {
    // An engine's SyntaxError does not tell where; a parser does.
    const { parse } = await import('acorn');
    try {
      parse(code, { ecmaVersion: 'latest', allowReturnOutsideFunction: true });
    } catch (error) {
      throw new SourceError(sentence(error), (error as { loc?: Place }).loc?.line ?? 1, { cause });
    }
    throw cause;
  }
}

function moduleNamed(name: string, modules: Readonly<Record<string, object>>): object {
  const module = modules[name];
  if (module) return module;
  throw new Error(`there is no module ${name} here, only ${Object.keys(modules).join(', ')}`);
}

/** Runs the reader's code; an error of it is told with the innermost of the reader's lines. */
function located<T>(url: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    const line = lineOf(cause, url);
    throw line === undefined ? cause : new SourceError(sentence(cause), line, { cause });
  }
}

/** The innermost line of a script in the stack of an error, as the engines write it; undefined if it has none. */
export function lineOf(error: unknown, url: string): number | undefined {
  const after = error instanceof Error ? error.stack?.split(`${url}:`)[1] : undefined;
  const line = Number.parseInt(after ?? '', 10);
  return Number.isNaN(line) ? undefined : line;
}

/** The message without a place at its end, as the line is told apart. */
function sentence(error: unknown): string {
  return messageOf(error)
    .replace(/^Error transforming [^:]*: /, '')
    .replace(/ \(\d+:\d+\)$/, '');
}
