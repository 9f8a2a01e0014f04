import { gradient, Tape, type Tensor, tensor, type Value } from 'posetape';
import * as ops from 'posetape/ops';

/*
 * Programs as plain data, which pytorch.py also reads. The leaves, and after them the steps, are numbered consecutively
 * from 0. README.md describes the format.
 */

/** Name of an exported op. */
export type OpName = keyof typeof ops;

/** Number in JSON: NaN, the infinities and −0 are strings. */
export type Written = number | 'nan' | 'inf' | '-inf' | '-0';

/** Operand: the number of a value, a literal as a string, or `null` if the operand is left out. */
export type Operand = number | string | null;

export interface Leaf {
  /** Kind of leaf. `rows` is an index that is not on the tape: ops receive the array itself. */
  readonly is: 'parameter' | 'constant' | 'fill' | 'index' | 'rows';
  readonly shape: readonly number[];
  /** Entries in row-major order; a single entry for a fill. */
  readonly data: readonly Written[];
  /** True if the array is a Float32Array. */
  readonly float32?: true;
}

export interface Step {
  readonly op: OpName;
  readonly of: readonly Operand[];
  /** Other arguments of the op, by name. */
  readonly with?: Attributes;
}

export interface Attributes {
  readonly axis?: number | readonly number[];
  readonly keepDims?: boolean;
  readonly shape?: readonly number[];
  readonly axes?: readonly number[];
  readonly start?: number | readonly number[];
  readonly end?: number | readonly number[];
  readonly widths?: readonly (readonly [number, number])[];
  readonly count?: number;
  readonly centers?: readonly number[];
  readonly epsilon?: number;
  readonly ddof?: number;
  readonly parts?: number | readonly number[];
  readonly part?: number;
  readonly times?: number | readonly number[];
  readonly rows?: number;
  readonly columns?: number;
  readonly step?: number | readonly number[];
  readonly rate?: number;
  readonly seed?: number;
  readonly specification?: string;
}

export interface Program {
  readonly leaves: readonly Leaf[];
  readonly steps: readonly Step[];
  /** Numbers of the wanted values. A value may be wanted twice. */
  readonly want: readonly number[];
  /** Number of the value to differentiate, which has one entry. */
  readonly y?: number;
  /** Numbers of the values to differentiate by. */
  readonly wrt: readonly number[];
  /**
   * Answers of the program. 0: `want`. 1: also the gradient of `y`. 2: also the gradient of that gradient's squared norm.
   */
  readonly order: 0 | 1 | 2;
}

/** Wanted tensor as computed by PyTorch. */
export interface Answer {
  readonly is?: 'index';
  readonly shape: readonly number[];
  readonly data: readonly Written[];
}

export function written(entry: number): Written {
  if (Number.isNaN(entry)) return 'nan';
  if (!Number.isFinite(entry)) return entry > 0 ? 'inf' : '-inf';
  return Object.is(entry, -0) ? '-0' : entry;
}

export function read(entry: Written | string): number {
  if (entry === 'inf') return Number.POSITIVE_INFINITY;
  if (entry === '-inf') return Number.NEGATIVE_INFINITY;
  return Number(entry);
}

/** Tensor of a leaf or an answer. */
export function tensorOf({ shape, data, ...leaf }: Answer | Leaf): Tensor {
  const numbers = data.map(read);
  if ('is' in leaf && (leaf.is === 'index' || leaf.is === 'rows'))
    return tensor(Int32Array.from(numbers), shape);
  if ('float32' in leaf && leaf.float32) return tensor(Float32Array.from(numbers), shape);
  return tensor(Float64Array.from(numbers), shape);
}

/** Records the program on a new tape, and returns the wanted values, then the gradients. */
export function record(program: Program): Value[] {
  const values = recordSteps(program);
  const at = (id: number) => values[id] as Value;
  const wanted = program.want.map(at);
  if (program.y === undefined || program.order === 0) return wanted;
  const wrt = program.wrt.map(at);
  const slopes = gradient(at(program.y), wrt);
  if (program.order === 1) return [...wanted, ...slopes];
  const squares = slopes.map(slope => ops.sum(ops.square(slope)));
  const curved = squares.reduce((total, each) => ops.add(total, each));
  return [...wanted, ...slopes, ...gradient(curved, wrt)];
}

/** Records leaves and steps on a new tape. The result has `undefined` for each leaf that is not on the tape. */
export function recordSteps({ leaves, steps }: Pick<Program, 'leaves' | 'steps'>): (Value | undefined)[] {
  const tape = new Tape();
  const values = leaves.map((leaf, id) => leafOn(tape, leaf, id));
  const arrays = leaves.map(leaf => (leaf.is === 'rows' ? tensorOf(leaf) : undefined));
  for (const step of steps) values.push(call(step, id => values[id] ?? arrays[id]));
  return values;
}

function leafOn(tape: Tape, leaf: Leaf, id: number): Value | undefined {
  switch (leaf.is) {
    case 'parameter':
      return tape.parameter(tensorOf(leaf), `p${id}`);
    case 'constant':
    case 'index':
      return tape.constant(tensorOf(leaf));
    case 'fill':
      return tape.fill(read(leaf.data[0] as Written), leaf.shape);
    case 'rows':
      return undefined;
  }
}

const exported: Readonly<Record<OpName, unknown>> = ops;

type AlongAxes = (a: Value, axis: Attributes['axis'], keepDims?: boolean) => Value;

/** Ops of one value and axes. All other ops take only operands, or have a case in {@link call}. */
const alongAxes: ReadonlySet<string> = new Set([
  ...['sum', 'mean', 'prod', 'max', 'min', 'logSumExp', 'norm', 'softmax', 'logSoftmax'],
  ...['squeeze', 'flip', 'cumsum', 'cumprod', 'sort', 'argsort', 'argmax', 'argmin'],
]);

function call(
  { op, of, with: attributes = {} }: Step,
  at: (id: number) => Value | Tensor | undefined,
): Value {
  const operands = of.map(each => {
    if (typeof each === 'number') return at(each);
    return each === null ? undefined : read(each);
  });
  const [a, b, c] = operands as [Value, Value, Value];
  switch (op) {
    case 'broadcastTo':
      return ops.broadcastTo(a, attributes.shape as number[]);
    case 'reshape':
      return ops.reshape(a, attributes.shape as number[]);
    case 'expandDims':
      return ops.expandDims(a, attributes.axis as number);
    case 'transpose':
      return ops.transpose(a, attributes.axes);
    case 'slice':
      return ops.slice(a, attributes.start as number, attributes.end, attributes.step);
    case 'pad':
      return ops.pad(a, attributes.widths as [number, number][]);
    case 'concat':
      return ops.concat(operands as Value[], attributes.axis as number | undefined);
    case 'gather':
      return ops.gather(a, b, attributes.axis as number | undefined);
    case 'segmentSum':
      return ops.segmentSum(a, b, attributes.count as number, attributes.axis as number | undefined);
    case 'segmentMean':
      return ops.segmentMean(a, b, attributes.count as number, attributes.axis as number | undefined);
    case 'takeAlongAxis':
      return ops.takeAlongAxis(a, b, attributes.axis as number);
    case 'stack':
      return ops.stack(operands as Value[], attributes.axis as number | undefined);
    case 'split':
      return ops.split(a, attributes.parts as number, attributes.axis as number)[
        attributes.part as number
      ] as Value;
    case 'topK':
      return ops.topK(a, attributes.count as number, attributes.axis as number)[attributes.part as 0 | 1];
    case 'tile':
      return ops.tile(a, attributes.times as number);
    case 'eye':
      return ops.eye(a.tape, attributes.rows as number, attributes.columns);
    case 'arange':
      return ops.arange(
        a.tape,
        attributes.start as number,
        attributes.end as number,
        attributes.step as number,
      );
    case 'variance':
      return ops.variance(a, attributes.axis, attributes.keepDims, attributes.ddof);
    case 'std':
      return ops.std(a, attributes.axis, attributes.keepDims, attributes.ddof);
    case 'einsum':
      return ops.einsum(attributes.specification as string, ...(operands as Value[]));
    case 'dropout':
      return ops.dropout(a, { rate: attributes.rate as number, seed: attributes.seed as number });
    case 'noise':
      return ops.noise(a.tape, attributes.shape as number[], { seed: attributes.seed as number });
    case 'segmentMax':
    case 'segmentMin':
    case 'segmentSoftmax':
      return (exported[op] as typeof ops.segmentSum)(a, b, attributes.count as number);
    case 'gaussians':
      return ops.gaussians(a, attributes.centers ?? c, b);
    case 'layerNorm': {
      const { axis, epsilon } = attributes;
      return ops.layerNorm(a, {
        ...(b !== undefined && { gain: b }),
        ...(c !== undefined && { bias: c }),
        ...(axis !== undefined && { axis }),
        ...(epsilon !== undefined && { epsilon }),
      });
    }
    default:
      if (alongAxes.has(op)) return (exported[op] as AlongAxes)(a, attributes.axis, attributes.keepDims);
      return (exported[op] as (...operands: unknown[]) => Value)(...operands);
  }
}
