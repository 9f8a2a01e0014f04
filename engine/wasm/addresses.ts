import type { Expr, ExprOf, Path } from '../compile/ir.ts';
import { one, type Size } from '../compile/sizes.ts';
import { type Code, type FunctionBuilder, i32, ints, type Local, load, op } from './emit/code.ts';
import type { Frame } from './frame.ts';
import { type Address, type Lanes, loadAt } from './lanes.ts';

/** Writes code that computes the byte addresses of positions. */
export class Addresses {
  readonly #f: FunctionBuilder;
  readonly #frame: Frame;
  /** Addresses held in locals. */
  readonly #addresses = new Map<Expr, Address>();
  /** Products of sizes held in locals. */
  readonly #products = new Map<Expr, Code>();
  /** Counters of the enclosing loops, in bytes, by path. */
  readonly #counters = new Map<string, Code>();
  /** The lanes of the current vectorized loop. */
  #lanes: Lanes | undefined;
  /** For expressions in the vectorized loop, true if they differ from lane to lane. */
  #varying = new Map<Expr, boolean>();

  constructor(f: FunctionBuilder, frame: Frame) {
    this.#f = f;
    this.#frame = frame;
  }

  size(size: Size): Code {
    return size === one ? i32(1) : this.#frame.slot('size', size);
  }

  /** Sets the counter of the loop at `path`. */
  setCounter(path: Path, counter: Local): void {
    const bytes = op('i32.shl', { kind: 'get', local: counter }, i32(2));
    this.#counters.set(`${path}`, this.#f.let('i32', bytes, `${counter.name}4`));
  }

  /** Begins code in which the lanes are four entries of a loop. */
  enter(lanes: Lanes): void {
    this.#lanes = lanes;
    this.#varying = new Map();
    this.#counters.set(`${lanes.path}`, this.#f.let('i32', op('i32.shl', lanes.index, i32(2)), 'at4'));
  }

  /** Ends the code begun by {@link enter}. */
  leave(): void {
    this.#lanes = undefined;
  }

  /** Computes an expression once and holds it in a local. */
  hold(expr: Expr): void {
    if (isProduct(expr)) {
      this.#products.set(expr, this.#f.let('i32', this.#plain(expr), 'stride'));
      return;
    }
    this.#addresses.delete(expr);
    const { kind, at } = this.addressOf(expr);
    this.#addresses.set(expr, { kind, at: this.#f.let(kind === 'lanes' ? 'v128' : 'i32', at, 'at') });
  }

  /** The address of a loaded entry. Positions in buffers count from the beginning of the memory. */
  ofLoad({ array, args: [position] }: ExprOf<'load'>): Address {
    const offset = this.addressOf(position as Expr);
    if (array.kind === 'buffer') return offset;
    return sum({ kind: 'same', at: this.#frame.slot('input', array.number) }, offset, this.#asLanes);
  }

  /** Four times a position: an address in the memory, or an offset from the beginning of an input. */
  addressOf(expr: Expr): Address {
    const held = this.#addresses.get(expr);
    if (held) return held;
    if (!this.#isVarying(expr)) return { kind: 'same', at: this.#bytes(expr) };
    const [a, b] = expr.args as readonly [Expr, Expr];
    switch (expr.kind) {
      case 'index':
        return { kind: 'next', at: this.#counter(expr) };
      case 'plus':
        return sum(this.addressOf(a), this.addressOf(b), this.#asLanes);
      case 'times': {
        const [position, stride] = this.#isVarying(a) ? [a, b] : [b, a];
        const lanes = this.#asLanes(this.addressOf(position));
        return { kind: 'lanes', at: op('i32x4.mul', lanes, op('i32x4.splat', this.#plain(stride))) };
      }
      case 'load': {
        const rows = loadAt({ f: this.#f, simd: undefined as never }, this.ofLoad(expr), this.#lanes);
        return { kind: 'lanes', at: op('i32x4.shl', rows, i32(2)) };
      }
      default:
        throw new Error(`wasm: ${expr.kind} is not a position`);
    }
  }

  /** Code for an address that is equal in all lanes. */
  #bytes(expr: Expr): Code {
    const held = this.#addresses.get(expr);
    if (held) return held.at;
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

  /** A position or stride that is equal in all lanes, as a number of entries instead of bytes. */
  #plain(expr: Expr): Code {
    const held = this.#products.get(expr);
    if (held) return held;
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
    const earlier = this.#varying.get(expr);
    if (earlier !== undefined) return earlier;
    const isLaneIndex = expr.kind === 'index' && `${expr.path}` === `${this.#lanes.path}`;
    const varies = isLaneIndex || expr.args.some(arg => this.#isVarying(arg));
    this.#varying.set(expr, varies);
    return varies;
  }

  /** The addresses of the four lanes, as a vector. Adjacent numbers are 4 bytes apart. */
  readonly #asLanes = ({ kind, at }: Address): Code => {
    if (kind === 'lanes') return at;
    const spread = op('i32x4.splat', at);
    return kind === 'same' ? spread : op('i32x4.add', spread, this.#f.constant(ints(0, 4, 8, 12)));
  };
}

/** The sum of two numbers, simplified if either is 0. */
function added(a: Code, b: Code): Code {
  if (a.kind === 'number' && a.number === 0) return b;
  return b.kind === 'number' && b.number === 0 ? a : op('i32.add', a, b);
}

/** The sum of two addresses. */
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
