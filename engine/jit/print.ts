import {
  type Expr,
  isWholeFold,
  type LoopStatement,
  type LoopStep,
  operators,
  type Path,
  type Sink,
  type Statement,
  typeOf,
} from '../compile/ir.ts';
import { one, type Size } from '../compile/sizes.ts';
import { Uses } from '../compile/uses.ts';
import type { SpecialFunction } from '../special.ts';

/** An entry of a frame: the numbers of a step that vary between poses. The step's function reads its frame first. */
export interface Slot {
  readonly kind: 'size' | 'start' | 'offset';
  readonly number: number;
}

/** A loop as the source of a function of (A, S, f, x): arena, arena as float64, frame and inputs. */
export interface LoopSource {
  readonly text: string;
  readonly slots: readonly Slot[];
  /** The plan's inputs that the loop reads, in the order of x. */
  readonly inputs: readonly number[];
  /** The special functions that the loop calls, by name. */
  readonly specials: ReadonlyMap<string, SpecialFunction>;
}

/**
 * The source of a loop step, in readable form: a local for each shared value, and one line for each statement. Names
 * are numbered in order of use, so steps that do the same to other buffers have the same source.
 *
 * `isSummed` is true for buffers whose sums are accumulated in float64, although the arena is float32.
 */
export function sourceOf(step: LoopStep, isSummed: (buffer: number) => boolean): LoopSource {
  return new Printer(step.body, isSummed).source(step.body);
}

const loopNames = 'ijkl';

/** Operations written between their arguments. */
const infix: Partial<Record<Expr['kind'], string>> = { ...operators, less: '<', equal: '===' };

const functions: Partial<Record<Expr['kind'], string>> = {
  ...Object.fromEntries(
    [
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
      'atan2',
      'min',
      'max',
    ].map(kind => [kind, `Math.${kind}`]),
  ),
  round: 'Math.fround',
};

/** The first letter of the local of a slot. */
const letters: Record<Slot['kind'], string> = { size: 'n', start: 's', offset: 'o' };

/** Writes the source of one loop. */
class Printer {
  /** The name of the local of each expression that has one. */
  readonly #names = new Map<Expr, string>();
  readonly #uses: Uses;
  readonly #isSummed: (buffer: number) => boolean;
  readonly #slots: (Slot & { readonly name: string })[] = [];
  readonly #slotNames = new Map<string, string>();
  readonly #inputs: number[] = [];
  readonly #registers = new Map<number, string>();
  readonly #specials = new Map<string, SpecialFunction>();
  #locals = 0;

  constructor(body: readonly Statement[], isSummed: (buffer: number) => boolean) {
    this.#uses = new Uses(body);
    this.#isSummed = isSummed;
  }

  source(body: readonly Statement[]): LoopSource {
    const text = this.#block(body, '  ');
    const reads = [
      ...this.#slots.map(({ name }, i) => `  const ${name} = f[${i}];\n`),
      ...this.#inputs.map((_, i) => `  const x${i} = x[${i}];\n`),
    ];
    const slots = this.#slots.map(({ kind, number }) => ({ kind, number }));
    const source = `(A, S, f, x) => {\n${reads.join('')}${text}}`;
    return { text: source, slots, inputs: this.#inputs, specials: this.#specials };
  }

  #block(statements: readonly Statement[], indent: string): string {
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
        const body = this.#block(statement.body, `${indent}  `);
        return `${indent}if (${bare(this.#text(statement.condition))}) {\n${body}${indent}}\n`;
      }
      case 'loop':
        return this.#loop(statement, indent);
    }
  }

  #loop({ path, folds, registers, body }: LoopStatement, indent: string): string {
    const index = indexName(path);
    const length = this.#size(path.at(-1) as Size);
    const initial = (isSum: boolean) => (isSum ? '0' : '-Infinity');
    const before = [
      ...folds.map(fold => `let ${this.#name(fold)} = ${initial(fold.kind === 'sum')}`),
      ...registers.map(sink => `let ${this.#register(sink)} = ${initial(sink.kind === 'fold-sum')}`),
    ];
    const after = registers.map(sink => `A[${this.#slot('offset', sink.buffer)}] = ${this.#register(sink)}`);
    const lines = (texts: string[]) => texts.map(text => `${indent}${text};\n`).join('');
    const inside = this.#block(body, `${indent}  `);
    const loop = `${indent}for (let ${index} = 0; ${index} < ${length}; ${index}++) {\n${inside}${indent}}\n`;
    return `${lines(before)}${loop}${lines(after)}`;
  }

  /**
   * The declaration of a local for an expression that is used more than once, or in a loop deeper than its own. Other
   * expressions are printed where they are used.
   */
  #let(expr: Expr, indent: string): string {
    if (!this.#uses.needsLocal(expr)) return '';
    // Forget a local of an earlier loop: its scope has ended.
    this.#names.delete(expr);
    const text = bare(this.#text(expr));
    return `${indent}const ${this.#name(expr)} = ${text};\n`;
  }

  #name(expr: Expr): string {
    const name = `v${this.#locals++}`;
    this.#names.set(expr, name);
    return name;
  }

  #register({ buffer }: Sink): string {
    const name = this.#registers.get(buffer) ?? `r${this.#registers.size}`;
    this.#registers.set(buffer, name);
    return name;
  }

  #sink(sink: Sink): string {
    const { kind, buffer, at, value } = sink;
    const text = bare(this.#text(value));
    if (isWholeFold(sink)) return folded(this.#register(sink), kind === 'fold-sum', text);
    const entry = `${this.#isSummed(buffer) ? 'S' : 'A'}[${bare(this.#text(at[0] as Expr))}]`;
    if (kind === 'add') return `${entry} += ${text}`;
    return kind === 'largest' ? `${entry} = Math.max(${entry}, ${text})` : `${entry} = ${text}`;
  }

  #text(expr: Expr): string {
    const name = this.#names.get(expr);
    if (name) return name;
    const texts = () => expr.args.map(arg => this.#text(arg));
    switch (expr.kind) {
      case 'constant':
        return numberSource(expr.value);
      case 'index':
        return indexName(expr.path);
      case 'size':
        return this.#size(expr.size);
      case 'start':
        return this.#slot('start', expr.start);
      case 'offset':
        return this.#slot('offset', expr.buffer);
      case 'load': {
        const array = expr.array.kind === 'buffer' ? 'A' : this.#input(expr.array.number);
        return `${array}[${bare(texts()[0] as string)}]`;
      }
      case 'special': {
        const name = expr.f.name;
        this.#specials.set(name, expr.f);
        return `${name}(${bare(texts()[0] as string)})`;
      }
      case 'neg':
        return `-${texts()[0]}`;
      case 'nonzero':
        return `(${texts()[0]} !== 0)`;
      case 'indicator':
        return `(${texts()[0]} ? 1 : 0)`;
      case 'select': {
        const [condition, yes, no] = texts();
        return `(${condition} ? ${yes} : ${no})`;
      }
      default: {
        const operator = infix[expr.kind];
        if (operator) return `(${texts().join(` ${operator} `)})`;
        const call = functions[expr.kind];
        if (call) return `${call}(${texts().map(bare).join(', ')})`;
        throw new Error(`jit: ${expr.kind}, a ${typeOf(expr)}, has no text`);
      }
    }
  }

  #size(size: Size): string {
    return size === one ? '1' : this.#slot('size', size);
  }

  #slot(kind: Slot['kind'], number: number): string {
    const key = `${kind} ${number}`;
    const existing = this.#slotNames.get(key);
    if (existing) return existing;
    const count = this.#slots.filter(slot => slot.kind === kind).length;
    const name = `${letters[kind]}${count}`;
    this.#slots.push({ kind, number, name });
    this.#slotNames.set(key, name);
    return name;
  }

  #input(number: number): string {
    const at = this.#inputs.indexOf(number);
    return `x${at >= 0 ? at : this.#inputs.push(number) - 1}`;
  }
}

function indexName(path: Path): string {
  return loopNames[path.length - 1] ?? `i${path.length}`;
}

function folded(name: string, isSum: boolean, term: string): string {
  return isSum ? `${name} += ${term}` : `${name} = Math.max(${name}, ${term})`;
}

/** A text without the parentheses around all of it, if there are any. */
function bare(text: string): string {
  if (!text.startsWith('(')) return text;
  let depth = 0;
  for (let i = 0; i < text.length - 1; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return text;
  }
  return text.slice(1, -1);
}

/** @throws TypeError if `number` is not a number: nothing else may be printed into source */
function numberSource(number: unknown): string {
  if (typeof number !== 'number') throw new TypeError(`jit: a ${typeof number} is not a number`);
  const text = Object.is(number, -0) ? '-0' : `${number}`;
  return text.startsWith('-') ? `(${text})` : text;
}
