import type { Expr, ExprOf, Path } from '../compile/ir.ts';
import { one, type Size } from '../compile/sizes.ts';
import { type Code, type FunctionBuilder, i32, ints, type Local, load, op } from './emit/code.ts';
import type { Frame } from './frame.ts';
import { type Address, type Lanes, loadAt } from './lanes.ts';

/** Turns positions into addresses: integer arithmetic in bytes, ready for a load. */
export class Addresses {
  readonly #f: FunctionBuilder;
  readonly #frame: Frame;
  /** Addresses, and products of sizes, that are kept in locals. */
  readonly #kept = new Map<Expr, Address>();
  readonly #products = new Map<Expr, Code>();
  /** Counters of the enclosing loops, in bytes, by path. */
  readonly #counters = new Map<string, Code>();
  #lanes: Lanes | undefined;
  #varying = new Map<Expr, boolean>();

  constructor(f: FunctionBuilder, frame: Frame) {
    this.#f = f;
    this.#frame = frame;
  }

  size(size: Size): Code {
    return size === one ? i32(1) : this.#frame.slot('size', size);
  }

  /** Sets the counter of the loop at `path`. */
  count(path: Path, counter: Local): void {
    const bytes = op('i32.shl', { kind: 'get', local: counter }, i32(2));
    this.#counters.set(`${path}`, this.#f.let('i32', bytes, `${counter.name}4`));
  }

  /** Begins code in which the lanes are entries of a loop. */
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

  /** Address of an entry of an array. Positions in a buffer count from the beginning of the arena. */
  ofLoad({ of, args: [position] }: ExprOf<'load'>): Address {
    const place = this.place(position as Expr);
    if (of.kind === 'buffer') return place;
    return sum({ kind: 'same', at: this.#frame.slot('input', of.number) }, place, this.#asLanes);
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
      case 'load': {
        const rows = loadAt({ f: this.#f, simd: undefined as never }, this.ofLoad(expr), this.#lanes);
        return { kind: 'lanes', at: op('i32x4.shl', rows, i32(2)) };
      }
      default:
        throw new Error(`wasm: ${expr.kind} is no position`);
    }
  }

  /** An address equal in all lanes. */
  #bytes(expr: Expr): Code {
    const known = this.#kept.get(expr);
    if (known) return known.at;
    const [a, b] = expr.args as readonly [Expr, Expr];
    switch (expr.kind) {
      case 'index':
        return this.#counter(expr);
      case 'offset':
        return this.#frame.slot('offset', expr.buffer);
      case 'plus':
        return added(this.#bytes(a), this.#bytes(b));
      case 'times':
        if (isProduct(expr)) break;
        return isProduct(b)
          ? op('i32.mul', this.#bytes(a), this.#plain(b))
          : op('i32.mul', this.#bytes(b), this.#plain(a));
      case 'load':
        return op('i32.shl', load('i32.load', this.ofLoad(expr).at), i32(2));
      case 'constant':
        return i32(4 * expr.value);
      default:
    }
    return op('i32.shl', this.#plain(expr), i32(2));
  }

  /** A size or product of sizes as a number of entries. */
  #plain(expr: Expr): Code {
    const known = this.#products.get(expr);
    if (known) return known;
    const [a, b] = expr.args as readonly [Expr, Expr];
    switch (expr.kind) {
      case 'constant':
        return i32(expr.value);
      case 'size':
        return this.size(expr.size);
      case 'start':
        return this.#frame.slot('start', expr.start);
      case 'times':
        return op('i32.mul', this.#plain(a), this.#plain(b));
      default:
        return op('i32.shr_s', this.#bytes(expr), i32(2));
    }
  }

  #counter(expr: Expr): Code {
    return this.#counters.get(`${expr.path}`) as Code;
  }

  /** True if an expression differs from lane to lane. */
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

/** True if an expression is a product of sizes and numbers: a stride. */
function isProduct({ kind, args }: Expr): boolean {
  return kind === 'size' || kind === 'constant' || (kind === 'times' && args.every(isProduct));
}
