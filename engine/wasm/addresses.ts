import type { Expr, Path } from '../compile/expression.ts';
import type { Statement } from '../compile/plan.ts';
import { one, type Size } from '../compile/structure.ts';
import { type Code, type FunctionBuilder, i32, ints, type Local, load, op } from './emit/code.ts';
import type { Frame } from './frame.ts';
import { type Address, type Lanes, loadAt } from './lanes.ts';

/** Whether an expression is a position or part of one. */
export function isInteger({ kind }: Expr): boolean {
  return (
    kind === 'plus' ||
    kind === 'times' ||
    kind === 'index' ||
    kind === 'size' ||
    kind === 'start' ||
    kind === 'offset'
  );
}

/** Positions as addresses: whole-number arithmetic in bytes, so that a load takes it as it is. */
export class Addresses {
  readonly #f: FunctionBuilder;
  readonly #frame: Frame;
  /** Inputs that are indices, not numbers. */
  readonly #indices = new Set<Expr>();
  /** What has a local: addresses, and products of sizes as plain numbers. */
  readonly #kept = new Map<Expr, Address>();
  readonly #products = new Map<Expr, Code>();
  /** The counters of the loops around, in bytes, by path. */
  readonly #counters = new Map<string, Code>();
  #lanes: Lanes | undefined;
  #varying = new Map<Expr, boolean>();

  constructor(f: FunctionBuilder, frame: Frame, body: readonly Statement[]) {
    this.#f = f;
    this.#frame = frame;
    this.#findIndices(body);
  }

  size(size: Size): Code {
    return size === one ? i32(1) : this.#frame.slot('size', size);
  }

  isIndex(expr: Expr): boolean {
    return this.#indices.has(expr);
  }

  /** The loop at `path` has this counter. */
  count(path: Path, counter: Local): void {
    const bytes = op('i32.shl', { kind: 'get', local: counter }, i32(2));
    this.#counters.set(`${path}`, this.#f.let('i32', bytes, `${counter.name}4`));
  }

  /** From here on, the entries of a loop are lanes. */
  enter(lanes: Lanes): void {
    this.#lanes = lanes;
    this.#varying = new Map();
    this.#counters.set(`${lanes.path}`, this.#f.let('i32', op('i32.shl', lanes.index, i32(2)), 'at4'));
  }

  leave(): void {
    this.#lanes = undefined;
  }

  keep(expr: Expr): void {
    if (isProduct(expr)) {
      this.#products.set(expr, this.#f.let('i32', this.#plain(expr), 'stride'));
      return;
    }
    this.#kept.delete(expr);
    const { kind, at } = this.place(expr);
    this.#kept.set(expr, { kind, at: this.#f.let(kind === 'lanes' ? 'v128' : 'i32', at, 'at') });
  }

  /** Where an input's entry lies. */
  ofInput({ number, args: [position] }: Expr): Address {
    const base = this.#frame.slot('input', number);
    return sum({ kind: 'same', at: base }, this.place(position as Expr), this.#asLanes);
  }

  place(expr: Expr): Address {
    const known = this.#kept.get(expr);
    if (known) return known;
    if (!this.#isVarying(expr)) return { kind: 'same', at: this.#bytes(expr) };
    const [a, b] = expr.args as readonly [Expr, Expr];
    switch (expr.kind) {
      case 'index':
        return { kind: 'next', at: this.#counter(expr) };
      case 'plus':
        return sum(this.place(a), this.place(b), this.#asLanes);
      case 'times': {
        const [position, stride] = this.#isVarying(a) ? [a, b] : [b, a];
        const lanes = this.#asLanes(this.place(position));
        return { kind: 'lanes', at: op('i32x4.mul', lanes, op('i32x4.splat', this.#plain(stride))) };
      }
      case 'input': {
        const rows = loadAt({ f: this.#f, target: undefined as never }, this.ofInput(expr), this.#lanes);
        return { kind: 'lanes', at: op('i32x4.shl', rows, i32(2)) };
      }
      default:
        throw new Error(`wasm: ${expr.kind} is no position`);
    }
  }

  /** An address that is the same for all lanes. */
  #bytes(expr: Expr): Code {
    const known = this.#kept.get(expr);
    if (known) return known.at;
    const [a, b] = expr.args as readonly [Expr, Expr];
    switch (expr.kind) {
      case 'index':
        return this.#counter(expr);
      case 'offset':
        return this.#frame.slot('offset', expr.number);
      case 'plus':
        return added(this.#bytes(a), this.#bytes(b));
      case 'times':
        if (isProduct(expr)) break;
        return isProduct(b)
          ? op('i32.mul', this.#bytes(a), this.#plain(b))
          : op('i32.mul', this.#bytes(b), this.#plain(a));
      case 'input':
        return op('i32.shl', load('i32.load', this.ofInput(expr).at), i32(2));
      case 'number':
        return i32(4 * expr.number);
      default:
    }
    return op('i32.shl', this.#plain(expr), i32(2));
  }

  /** A number of entries. */
  #plain(expr: Expr): Code {
    const known = this.#products.get(expr);
    if (known) return known;
    const [a, b] = expr.args as readonly [Expr, Expr];
    switch (expr.kind) {
      case 'number':
        return i32(expr.number);
      case 'size':
        return this.size(expr.number);
      case 'start':
        return this.#frame.slot('start', expr.number);
      case 'times':
        return op('i32.mul', this.#plain(a), this.#plain(b));
      default:
        return op('i32.shr_s', this.#bytes(expr), i32(2));
    }
  }

  #counter(expr: Expr): Code {
    return this.#counters.get(`${expr.path}`) as Code;
  }

  /** Whether an expression differs from lane to lane. */
  #isVarying(expr: Expr): boolean {
    if (!this.#lanes) return false;
    const known = this.#varying.get(expr);
    if (known !== undefined) return known;
    const isOwn = expr.kind === 'index' && `${expr.path}` === `${this.#lanes.path}`;
    const varies = isOwn || expr.args.some(arg => this.#isVarying(arg));
    this.#varying.set(expr, varies);
    return varies;
  }

  readonly #asLanes = ({ kind, at }: Address): Code => {
    if (kind === 'lanes') return at;
    const spread = op('i32x4.splat', at);
    return kind === 'same' ? spread : op('i32x4.add', spread, this.#f.constant(ints(0, 4, 8, 12)));
  };

  #findIndices(statements: readonly Statement[]): void {
    const seen = new Set<Expr>();
    const mark = (expr: Expr) => {
      if (expr.kind === 'input') this.#indices.add(expr);
      else if (isInteger(expr)) for (const arg of expr.args) mark(arg);
    };
    const visit = (expr: Expr) => {
      if (seen.has(expr)) return;
      seen.add(expr);
      if (expr.kind === 'load' || expr.kind === 'input') mark(expr.args[0] as Expr);
      for (const arg of expr.args) visit(arg);
    };
    for (const statement of statements) {
      switch (statement.kind) {
        case 'let':
          visit(statement.expr);
          break;
        case 'sink':
          mark(statement.sink.position);
          visit(statement.sink.position);
          visit(statement.sink.value);
          break;
        case 'term':
          visit(statement.value);
          break;
        case 'branch':
          visit(statement.condition);
          this.#findIndices(statement.body);
          break;
        case 'loop':
          this.#findIndices(statement.body);
      }
    }
  }
}

function added(a: Code, b: Code): Code {
  if (a.kind === 'number' && a.number === 0) return b;
  return b.kind === 'number' && b.number === 0 ? a : op('i32.add', a, b);
}

function sum(a: Address, b: Address, asLanes: (address: Address) => Code): Address {
  if (a.kind === 'same' && b.kind === 'same') return { kind: 'same', at: added(a.at, b.at) };
  const isNext = (a.kind === 'same' && b.kind === 'next') || (a.kind === 'next' && b.kind === 'same');
  return isNext
    ? { kind: 'next', at: added(a.at, b.at) }
    : { kind: 'lanes', at: op('i32x4.add', asLanes(a), asLanes(b)) };
}

/** Whether an expression is a product of sizes and numbers: a stride. */
function isProduct({ kind, args }: Expr): boolean {
  return kind === 'size' || kind === 'number' || (kind === 'times' && args.every(isProduct));
}
