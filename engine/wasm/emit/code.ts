import type { LaneOp, MemoryOp, PlainOp } from './opcodes.ts';

/** WebAssembly types in generated code. */
export type Type = 'i32' | 'f32' | 'f64' | 'v128';

/** A local variable of a function. */
export interface Local {
  readonly name: string;
  readonly type: Type;
}

/** An instruction with its operands, as a tree. It can be encoded to bytes and listed as text. */
export type Code =
  | { readonly kind: 'plain'; readonly op: PlainOp; readonly args: readonly Code[] }
  | {
      readonly kind: 'memory';
      readonly op: MemoryOp;
      readonly offset: number;
      readonly lane?: number;
      readonly args: readonly Code[];
    }
  | { readonly kind: 'lane'; readonly op: LaneOp; readonly lane: number; readonly args: readonly Code[] }
  | { readonly kind: 'shuffle'; readonly lanes: readonly number[]; readonly args: readonly Code[] }
  | { readonly kind: 'number'; readonly type: 'i32' | 'f32' | 'f64'; readonly number: number }
  /** Sixteen bytes. */
  | { readonly kind: 'vector'; readonly bytes: Uint8Array; readonly text: string }
  | { readonly kind: 'get'; readonly local: Local }
  | { readonly kind: 'set'; readonly local: Local; readonly value: Code }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Code[] }
  | { readonly kind: 'loop'; readonly name: string; readonly body: readonly Code[] }
  /** Jumps to the beginning of the enclosing loop of this name if the condition is not 0. */
  | { readonly kind: 'again'; readonly name: string; readonly condition: Code }
  | { readonly kind: 'if'; readonly condition: Code; readonly then: readonly Code[] };

export const op = (name: PlainOp, ...args: Code[]): Code => ({ kind: 'plain', op: name, args });
export const i32 = (number: number): Code => ({ kind: 'number', type: 'i32', number });
export const load = (name: MemoryOp, address: Code, offset = 0): Code => ({
  kind: 'memory',
  op: name,
  offset,
  args: [address],
});
export const store = (name: MemoryOp, address: Code, value: Code, offset = 0): Code => ({
  kind: 'memory',
  op: name,
  offset,
  args: [address, value],
});
export const loadLane = (address: Code, lane: number, into: Code): Code => ({
  kind: 'memory',
  op: 'v128.load32_lane',
  offset: 0,
  lane,
  args: [address, into],
});
export const storeLane = (address: Code, lane: number, value: Code, offset = 0): Code => ({
  kind: 'memory',
  op: 'v128.store32_lane',
  offset,
  lane,
  args: [address, value],
});
export const extract = (name: LaneOp, lane: number, value: Code): Code => ({
  kind: 'lane',
  op: name,
  lane,
  args: [value],
});
/**
 * A vector of four lanes picked from two vectors. In `lanes`, 0 to 3 are the lanes of the first vector, 4 to 7 those of
 * the second.
 */
export const shuffle = (a: Code, b: Code, lanes: readonly number[]): Code => ({
  kind: 'shuffle',
  lanes,
  args: [a, b],
});

/** A constant of sixteen bytes. */
export type Vector = Extract<Code, { kind: 'vector' }>;

const vector = (bytes: ArrayBuffer, text: string): Vector => ({
  kind: 'vector',
  bytes: new Uint8Array(bytes),
  text,
});

/** A number as text; −0 differs from 0. */
const signed = (number: number) => (Object.is(number, -0) ? '-0' : `${number}`);

/** A vector that holds a number four times. */
export const floats = (number: number): Vector =>
  vector(Float32Array.of(number, number, number, number).buffer, `f32x4 ${signed(number)}`);
/** A vector that holds a float64 twice. */
export const doubles = (number: number): Vector =>
  vector(Float64Array.of(number, number).buffer, `f64x2 ${signed(number)}`);
export const ints = (...numbers: readonly [number, number, number, number]): Vector =>
  vector(Int32Array.of(...numbers).buffer, `i32x4 ${numbers.join(' ')}`);

/** Builds a function: statements in order, and locals for values used more than once. */
export class FunctionBuilder {
  readonly name: string;
  readonly params: readonly Local[];
  readonly locals: Local[] = [];
  /**
   * Statements at the start that store constants and addresses in locals. Without them, V8 would create a constant
   * again at each use.
   */
  readonly #prologue: Code[] = [];
  readonly #constants = new Map<string, Code>();
  #body: Code[] = [];
  #names = new Map<string, number>();

  constructor(name: string, params: readonly Local[]) {
    this.name = name;
    this.params = params;
    for (const param of params) this.#names.set(param.name, 1);
  }

  get body(): readonly Code[] {
    return [...this.#prologue, ...this.#body];
  }

  param(which: number): Code {
    return { kind: 'get', local: this.params[which] as Local };
  }

  /** Adds a local; a repeated name gets a number. */
  local(type: Type, name: string): Local {
    const count = this.#names.get(name) ?? 0;
    this.#names.set(name, count + 1);
    const local = { name: count === 0 ? name : `${name}.${count}`, type };
    this.locals.push(local);
    return local;
  }

  add(code: Code): void {
    this.#body.push(code);
  }

  set(local: Local, value: Code): void {
    this.add({ kind: 'set', local, value });
  }

  /** Stores a value in a new local; returns code that reads the local. */
  let(type: Type, value: Code, name = 'v'): Code {
    if (value.kind === 'get') return value;
    const local = this.local(type, name);
    this.set(local, value);
    return { kind: 'get', local };
  }

  /** Code that reads a value computed once, at the start of the function. Equal keys share one local. */
  once(type: Type, value: Code, name: string, key: string = name): Code {
    const existing = this.#constants.get(key);
    if (existing) return existing;
    const local = this.local(type, name);
    this.#prologue.push({ kind: 'set', local, value });
    const get: Code = { kind: 'get', local };
    this.#constants.set(key, get);
    return get;
  }

  constant(value: Vector): Code {
    return this.once('v128', value, 'c', value.text);
  }

  /** Returns the statements that `write` adds, instead of adding them to the body. */
  captured(write: () => void): Code[] {
    const outer = this.#body;
    this.#body = [];
    write();
    const captured = this.#body;
    this.#body = outer;
    return captured;
  }

  if(condition: Code, write: () => void): void {
    const then = this.captured(write);
    if (then.length > 0) this.add({ kind: 'if', condition, then });
  }

  /**
   * Counts a local up by `step` while it is less than `end`, as signed numbers. After the loop the local holds the
   * first count that is not less. For addresses use {@link walk}, since an address may be above 2 GiB.
   */
  for(counter: Local, end: Code, step: Code, write: () => void): void {
    this.#counting(counter, step, op('i32.lt_s', { kind: 'get', local: counter }, end), write);
  }

  /** Moves an address up by `step` until it is `end`, which must be a whole number of steps away. */
  walk(address: Local, end: Code, step: Code, write: () => void): void {
    this.#counting(address, step, op('i32.ne', { kind: 'get', local: address }, end), write);
  }

  #counting(counter: Local, step: Code, condition: Code, write: () => void): void {
    const get: Code = { kind: 'get', local: counter };
    this.if(condition, () => {
      const body = this.captured(() => {
        write();
        this.set(counter, op('i32.add', get, step));
      });
      const again: Code = { kind: 'again', name: counter.name, condition };
      this.add({ kind: 'loop', name: counter.name, body: [...body, again] });
    });
  }
}
