import type { Form, Scalar, Value } from 'posetape';

/** Part of a formula. */
interface Term {
  readonly text: string;
  /** Precedence of the outermost operation. */
  readonly binds: number;
}

/** Precedences of operations, lowest first. */
const [choice, comparison, sum, product, power, atom] = [0, 1, 2, 3, 4, 5] as const;

/** Returns the text of a term, in parentheses if its precedence is below `least`. */
function wrapped({ text, binds }: Term, least: number): string {
  return binds < least ? `(${text})` : text;
}

/** Returns `a sign b`. The term `b` gets parentheses if its precedence is below `leastOfB`. */
function infix(a: Term, sign: string, b: Term, binds: number, leastOfB = binds): Term {
  return { text: `${wrapped(a, binds)} ${sign} ${wrapped(b, leastOfB)}`, binds };
}

function call(name: string, ...terms: Term[]): Term {
  return { text: `${name}(${terms.map(({ text }) => text).join(', ')})`, binds: atom };
}

/** Operations that turn an op's elementwise expression into text. Executors compute or compile the same expression. */
const formulas: Scalar<Term> = {
  constant: value => ({ text: `${value}`.replace('-', '−'), binds: value < 0 ? sum : atom }),
  add: (a, b) => infix(a, '+', b, sum),
  sub: (a, b) => infix(a, '−', b, sum, product),
  mul: (a, b) =>
    a.text === b.text ? { text: `${wrapped(a, atom)}²`, binds: power } : infix(a, '·', b, product),
  div: (a, b) => infix(a, '/', b, product, power),
  neg: a => ({ text: `−${wrapped(a, product)}`, binds: sum }),
  abs: a => ({ text: `|${a.text}|`, binds: atom }),
  sign: a => call('sign', a),
  floor: a => ({ text: `⌊${a.text}⌋`, binds: atom }),
  exp: a => call('exp', a),
  expm1: a => call('expm1', a),
  log: a => call('ln', a),
  log1p: a => call('log1p', a),
  sqrt: a => ({ text: `√${wrapped(a, atom)}`, binds: atom }),
  pow: (a, b) => ({ text: `${wrapped(a, atom)}^${wrapped(b, atom)}`, binds: power }),
  sin: a => call('sin', a),
  cos: a => call('cos', a),
  atan2: (y, x) => call('atan2', y, x),
  tanh: a => call('tanh', a),
  special: (f, a) => call(f.name, a),
  min: (a, b) => call('min', a, b),
  max: (a, b) => call('max', a, b),
  less: (a, b) => infix(a, '<', b, comparison, sum),
  equal: (a, b) => infix(a, '=', b, comparison, sum),
  select: (condition, yes, no) => ({
    text: `${wrapped(condition, comparison)} ? ${wrapped(yes, comparison)} : ${wrapped(no, choice)}`,
    binds: choice,
  }),
};

/**
 * Returns the formula of a value, in terms of its inputs, each named `%` and its id.
 * @example
 * formulaOf(exp(neg(square(x)))); // 'exp(%2)'
 */
export function formulaOf({ form, inputs }: Value): string {
  const names = inputs.map(({ id }) => `%${id}`);
  const [a = '', b = ''] = names;
  switch (form.kind) {
    case 'parameter':
      return `the parameter ${form.name}`;
    case 'constant':
      return 'fixed numbers';
    case 'fill':
      return `${form.number}`;
    case 'map':
      return form.expression(formulas, ...names.map(text => ({ text, binds: atom }))).text;
    case 'reduce':
      return `${form.reducer === 'sum' ? 'Σ' : 'max'} ${a} over axis ${form.axes.join(', ')}`;
    case 'broadcast':
    case 'reshape':
      return `${a} as [${form.shape.join(', ')}]`;
    case 'transpose':
      return `${a} with axes ${form.permutation.join(', ')}`;
    case 'slice':
      return `${a} from ${form.start.join(', ')} on`;
    case 'pad':
      return `${a} padded with zeros`;
    case 'concat':
      return `(${names.join(', ')})`;
    case 'gather':
      return `${a}[${b}]`;
    case 'segment-max':
      return `max ${a} by ${b}`;
    case 'segment-sum':
      return `Σ ${a} by ${b}`;
    case 'matmul':
      return `${a}${form.transposeA ? 'ᵀ' : ''} ${b}${form.transposeB ? 'ᵀ' : ''}`;
    case 'accumulate':
      return names.join(' + ');
  }
}

/** Explanation of each form for newcomers. */
export const explanations: Readonly<Record<Form['kind'], string>> = {
  parameter: 'An input that the gradient is taken with respect to.',
  constant: 'Fixed numbers of this pose: coordinates, radii, pair lists.',
  fill: 'An array filled with one number.',
  map: 'Computes each entry from the same entry of every input.',
  reduce: 'The sum or the maximum along an axis.',
  broadcast: 'Repeats its input. In the backward pass, the adjoint of a sum.',
  reshape: 'The same numbers in another shape, without a copy.',
  transpose: 'Permutes axes.',
  slice: 'Cuts out a block.',
  pad: 'Puts zeros around its input. In the backward pass, the adjoint of a slice.',
  concat: 'Joins its inputs end to end.',
  gather: 'Picks rows by an index, such as the atoms of each pair.',
  'segment-max': 'The largest of the rows with the same index, entry by entry.',
  'segment-sum': 'Adds the rows with the same index, such as the pairs of each atom.',
  matmul: 'A matrix product.',
  accumulate: 'Sum of the cotangents from all uses of a value.',
};
