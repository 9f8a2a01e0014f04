/** An error in what the reader wrote, at the line it is on. */
export class SourceError extends Error {
  readonly line: number;

  constructor(message: string, line: number, options?: ErrorOptions) {
    super(message, options);
    this.line = line;
  }
}

/** Name of the source in stack traces. */
const fileName = 'score.ts';

/** A Function's text begins with two lines that are not the reader's. */
const head = 2;

/** A module of TypeScript as the object of its exports, with every function wrapped so that its errors have lines. */
export async function compile(
  source: string,
  modules: Readonly<Record<string, object>>,
): Promise<Record<string, unknown>> {
  const code = await withoutTypes(source);
  const module = await functionOf(code);
  const exports: Record<string, unknown> = {};
  located(() => module((name: string) => moduleNamed(name, modules), exports));
  return Object.fromEntries(
    Object.entries(exports).map(([name, value]) => [
      name,
      typeof value === 'function' ? (...args: unknown[]) => located(() => value(...args)) : value,
    ]),
  );
}

type Module = (require: (name: string) => object, exports: Record<string, unknown>) => void;

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

async function functionOf(code: string): Promise<Module> {
  try {
    return new Function('require', 'exports', `${code}\n//# sourceURL=${fileName}`) as Module;
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
function located<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    const line = lineOf(cause);
    throw line === undefined ? cause : new SourceError(sentence(cause), line, { cause });
  }
}

function lineOf(error: unknown): number | undefined {
  const stack = error instanceof Error ? error.stack : undefined;
  const place = stack?.match(new RegExp(`${fileName.replace('.', '\\.')}:(\\d+)`));
  return place ? Number(place[1]) - head : undefined;
}

/** The message without a place at its end, as the line is told apart. */
function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^Error transforming [^:]*: /, '').replace(/ \(\d+:\d+\)$/, '');
}
