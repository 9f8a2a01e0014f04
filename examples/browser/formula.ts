import type { Form, Scalar, Value } from 'posetape';

/** A piece of a formula, and how tightly its outermost operation binds. */
interface Term {
  readonly text: string;
  readonly binds: number;
}

const [choice, comparison, sum, product, power, atom] = [0, 1, 2, 3, 4, 5] as const;

/** `term`, in parentheses if it binds less tightly than `least`. */
function wrapped({ text, binds }: Term, least: number): string {
  return binds < least ? `(${text})` : text;
}

function infix(a: Term, sign: string, b: Term, binds: number, binding = binds): Term {
  return { text: `${wrapped(a, binds)} ${sign} ${wrapped(b, binding)}`, binds };
}

function call(name: string, ...terms: Term[]): Term {
  return { text: `${name}(${terms.map(({ text }) => text).join(', ')})`, binds: atom };
}

/** The algebra of elementwise expressions, read as a formula: the same source that executors compute and compile. */
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
 * How a value is computed, in the names that a listing gives its inputs.
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
      return 'given numbers';
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
      return `${a} laid into zeros`;
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

/** Explanation of each form, for someone who sees it for the first time. */
export const explanations: Readonly<Record<Form['kind'], string>> = {
  parameter: 'A number the gradient is wanted for.',
  constant: 'Numbers of this pose: coordinates, radii, pair lists.',
  fill: 'One number everywhere, part of the program itself.',
  map: 'One number out of one number of each input, entry by entry.',
  reduce: 'Adds up (or takes the largest) along an axis.',
  broadcast: 'Repeats its input: backward, what a sum needs.',
  reshape: 'The same numbers under another shape: no copy, no bytes.',
  transpose: 'Exchanges axes.',
  slice: 'Cuts out a box.',
  pad: 'Lays its input into zeros: backward, what a slice needs.',
  concat: 'One after the other.',
  gather: 'Picks rows by an index: the atoms of each pair.',
  'segment-max': 'Takes the largest of rows by an index, entry by entry: of the pairs of each atom.',
  'segment-sum': 'Adds rows up by an index: the pairs of each atom.',
  matmul: 'A matrix product.',
  accumulate: 'A value used several times: the cotangents of its uses, added.',
};
