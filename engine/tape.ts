import { copyForm, copyTensor } from './copy-form.ts';
import {
  type ConstantForm,
  type Form,
  isSegmented,
  type ParameterForm,
  shapeOf,
  takesIndex,
} from './forms.ts';
import { checkRows, type Index } from './indices.ts';
import { kindOf } from './kind-of.ts';
import { frozenMap } from './map-form.ts';
import { type Shape, showShape } from './shape.ts';
import {
  isTensor,
  isTensorData,
  type NestedNumbers,
  type Tensor,
  type TensorSource,
  tensor,
} from './tensor.ts';

/**
 * One entry of a tape: an op, its inputs and the shape of the result. It holds no numbers; an executor computes them.
 *
 * Index values (`dtype` 'index') are whole numbers that pick rows; they have neither arithmetic nor gradients.
 */
export interface Value<F extends Form = Form> {
  /** The tape that the value is on. */
  readonly tape: Tape;
  /** The position of the value on the tape. The ids of its inputs are smaller. */
  readonly id: number;
  /** The op that recorded the value. */
  readonly op: Op<F>;
  /** The computation that an executor has to do. */
  readonly form: F;
  /** The values that the value is computed from. */
  readonly inputs: readonly Value[];
  /** Length of each axis; [] for a single number. */
  readonly shape: Shape;
  /** `'index'` for whole numbers that pick rows, `'real'` for all else. */
  readonly dtype: 'real' | 'index';
  /** True if a backward pass recorded the value, for example in a call of `gradient`. */
  readonly isAdjoint: boolean;
}

/** A value or a number. A number is put on the tape of the other operands as a value of shape []. */
export type Operand = Value | number;

/** A list of `N` items, or of any length if `N` is `number`. */
export type Tuple<T, N extends number, Sofar extends readonly T[] = readonly []> = number extends N
  ? readonly T[]
  : Sofar['length'] extends N
    ? Sofar
    : Tuple<T, N, readonly [...Sofar, T]>;

/**
 * A derivative rule: the cotangent of one input, recorded from the cotangent `g` of the result, the result `ans`, and the
 * op's `N` inputs. A rule may ignore broadcasting: `gradient` sums the returned value to the input's shape.
 */
export type VjpRule<F extends Form = Form, N extends number = number> = {
  // The type is that of a method, since the parameters of methods are bivariant: a rule for results of form F is also a
  // rule for results of any form. That is safe, because a rule is only called with results of its own op.
  /** Records the cotangent of an input. */
  rule(g: Value, ans: Value<F>, ...inputs: Tuple<Value, N>): Value;
}['rule'];

/**
 * The derivative rules of an op: a list with an entry for each input, its rule or `null` if the derivative is zero
 * everywhere. An op that takes any number of inputs has a function instead, which returns the rule for the input at a
 * position. The rules that it returns get the inputs as arguments only if the op's form is a map; for other forms they
 * must read `ans.inputs`.
 */
export type Vjp<F extends Form = Form, N extends number = number> =
  | Tuple<VjpRule<F, N> | null, N>
  | (number extends N ? (position: number) => VjpRule<F> : never);

/** The op that recorded a value: a name for listings and errors, and the rules that differentiate it. */
export interface Op<F extends Form = Form> {
  /** A name for listings and errors. */
  readonly name: string;
  /** Derivative rules, one for each input. */
  readonly vjp: Vjp<F>;
}

const parameterOp: Op<ParameterForm> = { name: 'parameter', vjp: [] };
const constantOp: Op<ConstantForm> = { name: 'constant', vjp: [] };
const fillOp: Op = { name: 'fill', vjp: [] };

/**
 * A Wengert list: a record of operations, in order (R. E. Wengert, Communications of the ACM 7, 463, 1964).
 *
 * Ops check the shapes of their operands and append values to the tape, so a mistake throws on the line that contains
 * it. Nothing is computed until {@link evaluate} or an executor runs the tape.
 * @example
 * const tape = new Tape();
 * const x = tape.parameter(tensor([1, 2, 3]));
 * const y = sum(square(x));
 */
export class Tape {
  /** All values recorded so far, in order. */
  readonly values: Value[] = [];
  /** The number of the backward pass under way, from 1; 0 while there is none. */
  pass = 0;
  #copiedBytes = 0;
  #passes = 0;

  /** The bytes copied from lists and numbers; an executor counts them as held while the tape runs. */
  get copiedBytes(): number {
    return this.#copiedBytes;
  }

  /**
   * Appends a parameter, with respect to whose numbers gradients can be computed. A typed array is not copied, and is
   * read when the tape runs; lists are copied.
   *
   * @throws TypeError for an Int32Array, which is index data and has no gradient
   */
  parameter(source: TensorSource, name = `parameter ${this.values.length}`): Value {
    if (typeof name !== 'string')
      throw new TypeError(`parameter: its name must be a string, got ${kindOf(name)}`);
    const original = tensor(source);
    const copy = copyTensor(name, original);
    if (copy.data instanceof Int32Array) {
      throw new TypeError(
        `${name}: index data (an Int32Array) has no gradient; give Float64Array or Float32Array`,
      );
    }
    if (!isCallersArray(source)) this.#copiedBytes += copy.data.byteLength;
    // Use the caller's own tensor object if possible: executors recognise a tensor that several poses share.
    const recorded = isPlain(original, copy.data) ? original : copy;
    return this.#append(parameterOp, { kind: 'parameter', tensor: recorded, name }, [], copy.shape);
  }

  /**
   * Appends a constant: a number, nested lists, a typed array (which gets one axis) or a tensor. An Int32Array becomes
   * index data. A typed array is not copied, and is read when the tape runs; lists are copied.
   */
  constant(source: TensorSource): Value {
    if (isTensor(source)) return this.#constant(copyTensor('constant', source), false);
    return this.#constant(tensor(source), !isTensorData(source));
  }

  /**
   * Appends an index, whole numbers that pick rows: an Int32Array, a tensor of one, or a list, which is copied to an
   * Int32Array. Ops that take an index call this method themselves. If several ops use one index, call it once, and
   * pass the value that it returns to all of them: a value is returned as it is.
   *
   * @throws TypeError naming `op` and the first entry that is not whole, RangeError for an entry of more than 32 bits
   */
  index(source: Index, op = 'index'): Value {
    if (isValue(source)) return source;
    if (source instanceof Int32Array || isTensor(source)) return this.constant(source);
    const list = tensor(source as NestedNumbers);
    const wrong = list.data.findIndex(entry => !Number.isInteger(entry));
    if (wrong >= 0) {
      const what = `an index is a list of whole numbers, got ${list.data[wrong]} at position ${wrong}`;
      throw new TypeError(`${op}: ${what}`);
    }
    const data = Int32Array.from(list.data);
    const large = data.findIndex((row, position) => row !== list.data[position]);
    if (large >= 0) {
      const what = `index ${list.data[large]} at position ${large} is out of range: an index has 32 bits`;
      throw new RangeError(`${op}: ${what}`);
    }
    return this.#constant({ data, shape: list.shape }, true);
  }

  /**
   * Appends a constant. `isCopied` is true if its array is a copy of the caller's numbers; its bytes are then counted.
   */
  #constant(tensor: Tensor, isCopied: boolean): Value {
    if (isCopied) this.#copiedBytes += tensor.data.byteLength;
    const form: ConstantForm = { kind: 'constant', tensor, rows: Number.POSITIVE_INFINITY };
    return this.#append(constantOp, form, [], tensor.shape);
  }

  /** Appends a value filled with one number. The number is part of the tape's structure. */
  fill(number: number, shape: Shape = []): Value {
    return this.record(fillOp, { kind: 'fill', number, shape }, []);
  }

  /**
   * Appends a value. This method checks the form and the types of its fields, and that the operands are on this tape
   * and fit the form. The form is copied, so later changes to the caller's object have no effect. Ops made by
   * `defineOp` call this method.
   */
  record<F extends Form>(op: Op<F>, form: F, operands: readonly Operand[]): Value<F> {
    checkOp(op, operands);
    const copy = form.kind === 'map' ? (frozenMap(form) as Form as F) : copyForm(op.name, form);
    const inputs: Value[] = [];
    const shapes: Shape[] = [];
    for (let position = 0; position < operands.length; position++) {
      const input = this.lift(operands[position] as Operand);
      if (!input || this.values[input.id] !== input) throw notOnTapeError(this, op, input, position);
      checkDtype(op, copy, input, position);
      inputs.push(input);
      shapes.push(input.shape);
    }
    const shape = shapeOf(op.name, copy, shapes);
    if (copy.kind === 'gather') checkRows(op.name, inputs[1] as Value, inputs[0]?.shape[0] as number);
    if (isSegmented(copy)) checkRows(op.name, inputs[1] as Value, copy.count);
    return this.#append(op, copy, inputs, shape);
  }

  #append<F extends Form>(op: Op<F>, form: F, inputs: readonly Value[], shape: Shape): Value<F> {
    const value: Value<F> = {
      tape: this,
      id: this.values.length,
      op,
      form,
      inputs,
      shape,
      dtype: form.kind === 'constant' && form.tensor.data instanceof Int32Array ? 'index' : 'real',
      isAdjoint: this.pass > 0,
    };
    this.values.push(value);
    return value;
  }

  /**
   * Calls `record` as a backward pass. The values that it appends are marked as adjoints. The literals in them come
   * from derivative rules, so they are part of the tape's structure.
   */
  recordAdjoints<T>(record: () => T): T {
    const outer = this.pass;
    this.pass = ++this.#passes;
    try {
      return record();
    } finally {
      this.pass = outer;
    }
  }

  /**
   * The operand as a value of this tape. A number that a scorer passes to an op is data, which may differ between
   * poses. But 0 and 1, which are usually masks and counts, and all numbers that derivative rules pass are part of the
   * tape's structure.
   */
  lift(operand: Operand): Value {
    if (typeof operand !== 'number') return operand;
    const isStructure = this.pass > 0 || Object.is(operand, 0) || operand === 1;
    if (isStructure)
      return this.#append(
        fillOp,
        { kind: 'fill', number: operand, shape: scalarShape },
        noInputs,
        scalarShape,
      );
    return this.#constant({ data: Float64Array.of(operand), shape: scalarShape }, true);
  }
}

/** The shape of a literal. */
const scalarShape: Shape = Object.freeze([]);
/** The inputs of a literal. */
const noInputs: readonly Value[] = Object.freeze([]);

/** @throws TypeError if the name of an op is not a string, or there is not one rule for each operand */
function checkOp({ name, vjp }: Op, operands: readonly Operand[]): void {
  if (typeof name !== 'string')
    throw new TypeError(`record: the name of an op must be a string, got ${kindOf(name)}`);
  if (typeof vjp !== 'function' && vjp.length !== operands.length) {
    throw new TypeError(`${name}: takes ${vjp.length} operands, got ${operands.length}`);
  }
}

/** The error for an operand that is not a value of this tape. */
function notOnTapeError(tape: Tape, op: Op, operand: unknown, position: number): Error {
  checkValue(op.name, operand, position);
  if (operand.tape !== tape) {
    return new Error(
      `${op.name}: ${describe(operand)} belongs to another tape; record everything an expression needs on one tape`,
    );
  }
  return new TypeError(`${op.name}: operand ${position + 1} is a copy of a value; give the value itself`);
}

/** True for a typed array or tensor of the caller, false for a number or list, which {@link tensor} copies. */
function isCallersArray(source: TensorSource): boolean {
  return isTensorData(source) || isTensor(source);
}

/**
 * True if the tensor's array is a plain field. If `data` is a getter instead, it could return another array the next
 * time.
 */
function isPlain(tensor: Tensor, data: Tensor['data']): boolean {
  if (plainTensors.has(tensor)) return true;
  if (Object.getOwnPropertyDescriptor(tensor, 'data')?.value !== data) return false;
  plainTensors.add(tensor);
  return true;
}

/** Tensors whose array is known to be a plain field. They are remembered, since θ is recorded again for each pose. */
const plainTensors = new WeakSet<Tensor>();

/** @throws TypeError naming the op if index data is used as real numbers, or the other way round */
function checkDtype(op: Op, form: Form, input: Value, position: number): void {
  const expected = takesIndex(form, position) ? 'index' : 'real';
  if (input.dtype === expected) return;
  throw new TypeError(
    expected === 'index'
      ? `${op.name}: its index must be whole numbers (an Int32Array or a list of them), got the real ${describe(input)}`
      : `${op.name}: ${describe(input)} is index data, which takes no arithmetic; give real numbers (a Float64Array or a list)`,
  );
}

/** The text for a value in errors and listings, such as `%3 = mul [40, 3]`. */
export function describe(value: Value): string {
  return `%${value.id} = ${value.form.kind === 'parameter' ? value.form.name : value.op.name} ${showShape(value.shape)}`;
}

/** True for a value of any tape. */
export function isValue(thing: unknown): thing is Value {
  return typeof thing === 'object' && thing !== null && 'tape' in thing && thing.tape instanceof Tape;
}

/** `position` counts from 0. @throws TypeError naming the function and the operand, unless the operand is a value */
export function checkValue(owner: string, operand: unknown, position = 0): asserts operand is Value {
  if (isValue(operand)) return;
  const how = operand === undefined ? '' : ', not a value: make one by tape.constant or stack';
  throw new TypeError(`${owner}: operand ${position + 1} is ${kindOf(operand)}${how}`);
}

/** @throws TypeError naming the function and the first of `operands` that is not a value */
export function checkValues(owner: string, operands: readonly unknown[]): void {
  for (const [position, operand] of operands.entries()) checkValue(owner, operand, position);
}

/**
 * Checks that `list` is a list. `args` is the text of the arguments of a correct call, for the error message.
 *
 * @throws TypeError naming the function if `list` is not a list
 */
export function checkList(owner: string, list: unknown, args: string): void {
  if (!Array.isArray(list)) throw new TypeError(`${owner}: pass a list of values, such as ${owner}(${args})`);
}
