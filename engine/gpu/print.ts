import {
  type Expr,
  isAtom,
  type LoopStatement,
  operators,
  type Path,
  type Sink,
  type Statement,
} from '../compile/ir.ts';
import { calls } from './functions.ts';
import type { Kernel, Pack, PackedBuffers } from './plan/kernels.ts';

/** An argument of a kernel, passed in the order of its parameters. */
export type Argument =
  /** All inputs of the pose, one after the other. */
  | { readonly kind: 'inputs' }
  | { readonly kind: 'buffer'; readonly number: number }
  | { readonly kind: 'size'; readonly number: number }
  | { readonly kind: 'start'; readonly number: number }
  /** The position at which an input begins in the array of inputs. */
  | { readonly kind: 'offset'; readonly number: number }
  | { readonly kind: 'literal'; readonly value: number };

/** The precision of a backend's arithmetic. The numbers in arrays are float32 on all backends. */
export type Arithmetic = 'float32' | 'float64';

/** A kernel in the language of gpu.js: a function of one thread, as source. */
export interface Source {
  readonly text: string;
  readonly passed: readonly Argument[];
}

/**
 * A kernel as source. Parameters are named by their order, so that two kernels that do the same to different arrays
 * have the same text and are compiled once. Each value has a line of its own, since gpu.js fails on deep expressions.
 */
export function kernelSource(kernel: Kernel, arithmetic: Arithmetic): Source {
  return new Printer(kernel.packed, arithmetic).kernel(kernel);
}

/** A kernel that copies arrays of known lengths into one array, one after the other. */
export function packSource({ reads }: Pack, lengths: readonly number[]): Source {
  const printer = new Printer(new Map(), 'float32');
  let from = 0;
  const lines = reads.map(buffer => {
    const begin = printer.number(from);
    from += lengths[buffer] as number;
    const array = printer.parameter({ kind: 'buffer', number: buffer });
    return `  if (t < ${printer.number(from)}) return ${array}[t - ${begin}];\n`;
  });
  return printer.source(`  const t = this.thread.x;\n${lines.join('')}  return 0;\n`);
}

const loopNames = 'ijkl';

function indexName(depth: number): string {
  return loopNames[depth] ?? `i${depth}`;
}

/** True if an expression needs no line of its own. A condition is a number, which is not 0 if the condition holds. */
function needsNoLine(expr: Expr): boolean {
  const { kind, args } = expr;
  return isAtom(expr) || kind === 'nonzero' || (kind === 'indicator' && args[0]?.kind !== 'nonzero');
}

/** The source of a number as a float: gpu.js may take 2 for an integer. */
function literal(number: number): string {
  const text = `${Math.abs(number)}`;
  const float = /[.e]/.test(text) ? text : `${text}.0`;
  return number < 0 || Object.is(number, -0) ? `(-${float})` : float;
}

/**
 * Operations whose results may need rounding to float32. `plus` and `times` are not among them: they compute positions,
 * whole numbers that float32 represents exactly.
 */
const inexact: ReadonlySet<Expr['kind']> = new Set<Expr['kind']>([
  'add',
  'sub',
  'mul',
  'div',
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
  'special',
]);

/** Writes the source of one kernel. */
class Printer {
  readonly #packed: PackedBuffers;
  readonly #arithmetic: Arithmetic;
  readonly #names = new Map<Expr, string>();
  readonly #parameters = new Map<string, { name: string; argument: Argument }>();
  /** The names of the indices of the loops inside a thread. */
  readonly #indices = new Map<string, string>();
  #lengths: readonly Expr[] = [];
  #threads: Path = [];
  #result: Sink | undefined;
  #locals = 0;
  #loops = 0;

  constructor(packed: PackedBuffers, arithmetic: Arithmetic) {
    this.#packed = packed;
    this.#arithmetic = arithmetic;
  }

  kernel({ threads, body, lengths }: Kernel): Source {
    this.#threads = threads;
    this.#lengths = lengths;
    const thread = this.#thread();
    const lines = this.#block(body, '  ');
    return this.source(`${thread}${lines}  return ${this.#text((this.#result as Sink).value)};\n`);
  }

  source(body: string): Source {
    const parameters = [...this.#parameters.values()];
    return {
      text: `function (${parameters.map(({ name }) => name).join(', ')}) {\n${body}}`,
      passed: parameters.map(({ argument }) => argument),
    };
  }

  parameter(argument: Argument): string {
    const { kind } = argument;
    const key = kind === 'inputs' ? kind : `${kind} ${kind === 'literal' ? argument.value : argument.number}`;
    const existing = this.#parameters.get(key);
    if (existing) return existing.name;
    const letter = kind === 'buffer' ? 'b' : 'n';
    const name = kind === 'inputs' ? 'x' : `${letter}${this.#parameters.size}`;
    this.#parameters.set(key, { name, argument });
    return name;
  }

  /** The name of a parameter by which a number is passed, so that kernels with other numbers have the same text. */
  number(number: number): string {
    return this.parameter({ kind: 'literal', value: number });
  }

  /** Lines that compute the index of the thread's entry. Threads beyond the last entry have nothing to compute. */
  #thread(): string {
    const sizes = this.#threads.map(size => this.#size(size));
    if (sizes.length === 0) return '';
    const lines = ['const t = this.thread.x;', `if (t >= ${sizes.join(' * ')}) return 0;`];
    let rest = 't';
    for (let axis = sizes.length - 1; axis > 0; axis--) {
      const outer = axis === 1 ? indexName(0) : `t${axis}`;
      lines.push(`const ${outer} = quotient(${rest}, ${sizes[axis]});`);
      lines.push(`const ${indexName(axis)} = ${rest} - ${outer} * ${sizes[axis]};`);
      rest = outer;
    }
    if (sizes.length === 1) lines.push('const i = t;');
    return lines.map(line => `  ${line}\n`).join('');
  }

  #block(statements: readonly Statement[], indent: string): string {
    return statements.map(statement => this.#statement(statement, indent)).join('');
  }

  #statement(statement: Statement, indent: string): string {
    switch (statement.kind) {
      case 'let': {
        const { expr } = statement;
        if (needsNoLine(expr)) return '';
        const text = this.#written(expr);
        return `${indent}const ${this.#name(expr)} = ${text};\n`;
      }
      case 'sink':
        this.#result = statement.sink;
        return '';
      case 'term': {
        const { fold, value } = statement;
        const name = this.#names.get(fold) as string;
        const text = this.#text(value);
        return `${indent}${name} = ${fold.kind === 'sum' ? `${name} + ${text}` : `larger(${name}, ${text})`};\n`;
      }
      case 'branch': {
        const body = this.#block(statement.body, `${indent}  `);
        return `${indent}if (!(${this.#text(statement.condition)} === 0)) {\n${body}${indent}}\n`;
      }
      case 'loop':
        return this.#loop(statement, indent);
    }
  }

  #loop({ path, folds, body }: LoopStatement, indent: string): string {
    // The outer loops need no source, since they become the threads.
    if (path.length <= this.#threads.length && path.every((size, i) => size === this.#threads[i])) {
      if (folds.length > 0) throw new Error('gpu: a fold may not run over an axis of the threads');
      return this.#block(body, indent);
    }
    const before = folds.map(
      fold => `${indent}let ${this.#name(fold)} = ${fold.kind === 'sum' ? '0.0' : this.number(-Infinity)};\n`,
    );
    const count = this.#length(path.at(-1) as number, indent);
    // Two loops of one kernel may not share the name of their variable.
    const index = `${indexName(path.length - 1)}${this.#loops++}`;
    this.#indices.set(`${path}`, index);
    const inside = this.#block(body, `${indent}  `);
    const loop = `${indent}for (let ${index} = 0; ${index} < ${count.name}; ${index}++) {\n${inside}${indent}}\n`;
    return `${before.join('')}${count.line}${loop}${this.#roundedSums(folds, indent)}`;
  }

  /** Rounds complete sums to float32 on a backend that adds them up in float64. */
  #roundedSums(folds: readonly Expr[], indent: string): string {
    if (this.#arithmetic === 'float32') return '';
    const sums = folds.filter(({ kind }) => kind === 'sum').map(fold => this.#text(fold));
    return sums.map(name => `${indent}${name} = Math.fround(${name});\n`).join('');
  }

  #length(size: number, indent: string): { name: string; line: string } {
    // Size −1 − i stands for the length of ragged loop i.
    if (size >= 0) return { name: this.#size(size), line: '' };
    const name = `v${this.#locals++}`;
    return { name, line: `${indent}const ${name} = ${this.#text(this.#lengths[-1 - size] as Expr)};\n` };
  }

  #name(expr: Expr): string {
    const name = `v${this.#locals++}`;
    this.#names.set(expr, name);
    return name;
  }

  #text(expr: Expr): string {
    return this.#names.get(expr) ?? this.#written(expr);
  }

  /**
   * The source of an expression, rounded to float32 if the backend computes in float64. So the number is the same
   * whether it is computed here, computed in another kernel, or read from an array, and comparisons give the same
   * result.
   */
  #written(expr: Expr): string {
    const text = this.#unrounded(expr);
    return this.#arithmetic === 'float64' && inexact.has(expr.kind) ? `Math.fround(${text})` : text;
  }

  #unrounded(expr: Expr): string {
    const [a, b, c] = expr.args as readonly [Expr, Expr, Expr];
    switch (expr.kind) {
      case 'constant': {
        const number = Math.fround(expr.value);
        return Number.isFinite(number) ? literal(number) : this.number(number);
      }
      case 'index':
        return this.#index(expr.path);
      case 'size':
        return this.#size(expr.size);
      case 'start':
        return this.parameter({ kind: 'start', number: expr.start });
      case 'load': {
        const { kind, number } = expr.array;
        if (kind === 'input') {
          const from = this.parameter({ kind: 'offset', number });
          return `${this.parameter({ kind: 'inputs' })}[${from} + ${this.#text(a)}]`;
        }
        const packed = this.#packed.get(number);
        const array = this.parameter({ kind: 'buffer', number: packed?.pack ?? number });
        const from = packed && packed.offset > 0 ? `${this.number(packed.offset)} + ` : '';
        return `${array}[${from}${this.#text(a)}]`;
      }
      case 'nonzero':
      case 'round':
        return this.#text(a);
      case 'indicator':
        return a.kind === 'nonzero' ? `(${this.#text(a)} === 0 ? 0.0 : 1.0)` : this.#text(a);
      case 'neg':
        return `-${this.#text(a)}`;
      case 'less':
        return `(${this.#text(a)} < ${this.#text(b)} ? 1.0 : 0.0)`;
      case 'equal':
        return `(${this.#text(a)} === ${this.#text(b)} ? 1.0 : 0.0)`;
      case 'select':
        // NaN counts as true. In a shader `NaN !== 0` may be false, so the test is for equality.
        return `(${this.#text(a)} === 0 ? ${this.#text(c)} : ${this.#text(b)})`;
      default: {
        const operator = operators[expr.kind];
        if (operator) return `(${this.#text(a)} ${operator} ${this.#text(b)})`;
        const call = calls.get(expr.kind === 'special' ? expr.f.name : expr.kind);
        if (!call) throw new Error(`gpu: ${expr.kind} has no text`);
        const texts = [
          ...expr.args.map(arg => this.#text(arg)),
          ...call.specials.map(special => this.number(special)),
        ];
        return `${call.name}(${texts.join(', ')})`;
      }
    }
  }

  #index(path: Path): string {
    return this.#indices.get(`${path}`) ?? indexName(path.length - 1);
  }

  #size(size: number): string {
    // Axes of length 1 have the size with number 0.
    return size === 0 ? '1' : this.parameter({ kind: 'size', number: size });
  }
}
