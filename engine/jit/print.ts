import { type Expr, infix, type Path } from '../compile/expression.ts';
import type { LoopStep, Sink, Statement } from '../compile/plan.ts';
import { sinksOf } from '../compile/statements.ts';
import { Uses } from '../compile/uses.ts';

/**
 * A loop step as the source of a JavaScript function (A, n, s, o, x): the arena, the sizes, the starts, the offsets of
 * buffers, and the inputs. Written to be read: a local for each shared value, one line a statement.
 *
 * In float32, `isRounded` tells the buffers whose entries are the numbers of a value. What is stored there is rounded for
 * those as well that use it at once, and what is compared is rounded: else the largest number, read back from the arena,
 * would equal none of those it was found among.
 */
export function sourceOf(step: LoopStep, isRounded?: (buffer: number) => boolean): string {
  const printer = new Printer(step.body, isRounded);
  const body = printer.block(step.body, '  ');
  return `(A, n, s, o, x) => {\n${printer.prologue()}${body}}`;
}

const loopNames = 'ijkl';

const functions = new Set([
  'abs',
  'sign',
  'floor',
  'exp',
  'expm1',
  'log',
  'log1p',
  'sqrt',
  'pow',
  'sin',
  'cos',
  'tanh',
]);

class Printer {
  /** Values that have a local, and what it is called. */
  readonly #names = new Map<Expr, string>();
  readonly #uses: Uses;
  /** What the function takes out of its arguments, once. */
  readonly #prologue = new Map<string, string>();
  #locals = 0;
  readonly #isSingle: boolean;
  /** Values that are rounded, as they are stored so. */
  readonly #rounded = new Set<Expr>();

  constructor(body: readonly Statement[], isRounded: ((buffer: number) => boolean) | undefined) {
    this.#uses = new Uses(body);
    this.#isSingle = isRounded !== undefined;
    for (const { kind, buffer, value } of isRounded ? sinksOf(body) : []) {
      if (kind === 'store' && isRounded?.(buffer)) this.#rounded.add(value);
    }
  }

  prologue(): string {
    const lines = [...this.#prologue].map(([name, text]) => `  const ${name} = ${text};\n`);
    return lines.sort().join('');
  }

  block(statements: readonly Statement[], indent: string): string {
    return statements.map(statement => this.#statement(statement, indent)).join('');
  }

  #statement(statement: Statement, indent: string): string {
    switch (statement.kind) {
      case 'let':
        return this.#let(statement.expr, indent);
      case 'sink':
        return `${indent}${this.#sink(statement.sink)};\n`;
      case 'term': {
        const { fold, value } = statement;
        return `${indent}${folded(this.#names.get(fold) as string, fold.kind === 'sum', this.#text(value))};\n`;
      }
      case 'branch': {
        const body = this.block(statement.body, `${indent}  `);
        return `${indent}if (${this.#condition(statement.condition)}) {\n${body}${indent}}\n`;
      }
      case 'loop': {
        const index = indexName(statement.path);
        const length = this.#size(statement.path.at(-1) as number);
        const before = [
          ...statement.folds.map(
            fold => `let ${this.#name(fold)} = ${fold.kind === 'sum' ? 0 : '-Infinity'}`,
          ),
          ...statement.registers.map(
            sink => `let ${registerName(sink)} = ${sink.kind === 'fold-sum' ? 0 : '-Infinity'}`,
          ),
        ];
        const after = [
          ...statement.folds
            .filter(fold => this.#rounded.has(fold))
            .map(fold => `${this.#names.get(fold)} = Math.fround(${this.#names.get(fold)})`),
          ...statement.registers.map(sink => `A[${this.#offset(sink.buffer)}] = ${registerName(sink)}`),
        ];
        const lines = (texts: string[]) => texts.map(text => `${indent}${text};\n`).join('');
        const body = this.block(statement.body, `${indent}  `);
        const loop = `${indent}for (let ${index} = 0; ${index} < ${length}; ${index}++) {\n${body}${indent}}\n`;
        return `${lines(before)}${loop}${lines(after)}`;
      }
    }
  }

  /** A local for what is used more than once, or inside a deeper loop; all else is written where it is used. */
  #let(expr: Expr, indent: string): string {
    if (!this.#uses.needsLocal(expr)) return '';
    // A loop written before may have had it under another name, which ended with that loop.
    this.#names.delete(expr);
    const text = isCondition(expr)
      ? this.#condition(expr)
      : this.#rounded.has(expr)
        ? this.#roundedText(expr)
        : this.#text(expr);
    return `${indent}const ${this.#name(expr)} = ${text};\n`;
  }

  #name(expr: Expr): string {
    const name = `v${this.#locals++}`;
    this.#names.set(expr, name);
    return name;
  }

  #sink({ kind, buffer, position, value }: Sink): string {
    const text = this.#text(value);
    if (kind === 'fold-sum' || kind === 'fold-largest') {
      return folded(registerName({ buffer }), kind === 'fold-sum', text);
    }
    const place = `A[${this.#text(position)}]`;
    if (kind === 'add') return `${place} += ${text}`;
    if (kind === 'largest') return `${place} = Math.max(${place}, ${text})`;
    return `${place} = ${text}`;
  }

  #text(expr: Expr): string {
    const name = this.#names.get(expr);
    if (name) return isCondition(expr) ? `(${name} ? 1 : 0)` : name;
    const [a, b, c] = expr.args as readonly [Expr, Expr, Expr];
    switch (expr.kind) {
      case 'number':
        return numberText(expr.number);
      case 'index':
        return indexName(expr.path);
      case 'size':
        return this.#size(expr.number);
      case 'start':
        return this.#taken(`s${expr.number}`, `s[${expr.number}]`);
      case 'offset':
        return this.#offset(expr.number);
      case 'load':
        return `A[${this.#text(a)}]`;
      case 'input':
        return `${this.#taken(`x${expr.number}`, `x[${expr.number}]`)}[${this.#text(a)}]`;
      case 'neg':
        return `-${this.#text(a)}`;
      case 'min':
      case 'max':
        return `Math.${expr.kind}(${this.#text(a)}, ${this.#text(b)})`;
      case 'less':
      case 'equal':
        return `(${this.#condition(expr)} ? 1 : 0)`;
      case 'select':
        return `(${this.#condition(a)} ? ${this.#text(b)} : ${this.#text(c)})`;
      default: {
        const operator = infix[expr.kind];
        if (operator) return `(${this.#text(a)} ${operator} ${this.#text(b)})`;
        if (functions.has(expr.kind))
          return `Math.${expr.kind}(${expr.args.map(arg => this.#text(arg)).join(', ')})`;
        throw new Error(`jit: ${expr.kind} has no text`);
      }
    }
  }

  /** An expression where a truth is wanted. */
  #condition(expr: Expr): string {
    const name = this.#names.get(expr);
    if (!isCondition(expr)) return `${name ?? this.#text(expr)} !== 0`;
    if (name) return name;
    const [a, b] = expr.args.map(arg => (this.#isSingle ? this.#roundedText(arg) : this.#text(arg)));
    return expr.kind === 'less' ? `${a} < ${b}` : `${a} === ${b}`;
  }

  /** An expression as a float32 number. */
  #roundedText(expr: Expr): string {
    if (expr.kind === 'number') return numberText(Math.fround(expr.number));
    const text = this.#text(expr);
    const isSingle = expr.kind === 'load' || (this.#rounded.has(expr) && this.#names.has(expr));
    return isSingle || isCondition(expr) ? text : `Math.fround(${text})`;
  }

  #size(size: number): string {
    return size === 0 ? '1' : this.#taken(`n${size}`, `n[${size}]`);
  }

  #offset(buffer: number): string {
    return this.#taken(`o${buffer}`, `o[${buffer}]`);
  }

  #taken(name: string, text: string): string {
    this.#prologue.set(name, text);
    return name;
  }
}

function indexName(path: Path): string {
  return loopNames[path.length - 1] ?? `i${path.length}`;
}

function registerName({ buffer }: Pick<Sink, 'buffer'>): string {
  return `r${buffer}`;
}

function folded(name: string, isSum: boolean, term: string): string {
  return isSum ? `${name} += ${term}` : `${name} = Math.max(${name}, ${term})`;
}

function isCondition({ kind }: Expr): boolean {
  return kind === 'less' || kind === 'equal';
}

function numberText(number: number): string {
  return number < 0 || Object.is(number, -0) ? `(${Object.is(number, -0) ? '-0' : number})` : `${number}`;
}
