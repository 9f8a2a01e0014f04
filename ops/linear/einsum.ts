import { broadcastShapes } from '../../engine/shape.ts';
import { mul } from '../arithmetic/mul.ts';
import { checkValues, kindOf, type Shape, showShape, sizeOf, type Value } from '../op.ts';
import { sum } from '../reduce/sum.ts';
import { moveAxes } from '../shape/moveAxes.ts';
import { pad } from '../shape/pad.ts';
import { reshape } from '../shape/reshape.ts';
import { slice } from '../shape/slice.ts';
import { transpose } from '../shape/transpose.ts';
import { matmul } from './matmul.ts';

/**
 * Products summed over axes that are named by letters, by NumPy's rules. The product is summed over the letters that
 * are missing in the result. If a letter occurs twice in one operand, the diagonal is taken. `...` stands for any axes,
 * which broadcast. Without `->` the result has the letters that occur only once, in alphabetical order.
 *
 * Operands are multiplied from left to right, two at a time: by `matmul` if they share letters that are summed over, else
 * elementwise.
 *
 * @throws RangeError or TypeError naming the part of the specification that does not fit the operands
 * @example
 * einsum('nf,fg->ng', features, weights);       // a matrix product
 * einsum('bi,bij,bj->b', a, b, c);              // Σ aᵢbᵢⱼcⱼ for each matrix of a batch
 * einsum('...ii->...', a);                      // traces
 */
export function einsum(specification: string, ...operands: readonly Value[]): Value {
  const { inputs, output } = parsed(specification, operands);
  const [first, ...terms] = operands.map((value, i) => termOf(value, inputs[i] as string[])) as [
    Term,
    ...Term[],
  ];
  let sofar = first;
  for (const [i, next] of terms.entries()) {
    const kept = new Set([...output, ...terms.slice(i + 1).flatMap(({ labels }) => labels)]);
    const left = summedBut([...kept, ...next.labels], sofar);
    sofar = multiplied(left, summedBut([...kept, ...left.labels], next), kept);
  }
  return arranged(summedBut(output, sofar), output);
}

/** A value with a label for each of its axes. All labels are different. */
interface Term {
  readonly value: Value;
  readonly labels: readonly string[];
}

/**
 * The labels of each operand and of the result. The label of a named axis is its letter. The label of an axis under an
 * ellipsis is a number, counted from the last of these axes.
 */
function parsed(specification: string, operands: readonly Value[]): { inputs: string[][]; output: string[] } {
  if (typeof specification !== 'string')
    throw new TypeError(`einsum: a specification is a string, got ${kindOf(specification)}`);
  const fail = (what: string) => new RangeError(`einsum: '${specification}': ${what}`);
  checkValues('einsum', operands);
  const [left, right, ...more] = specification.replaceAll(' ', '').split('->') as [string, ...string[]];
  if (more.length > 0) throw fail('has more than one ->');
  const parts = left.split(',');
  const strange = [...parts, right ?? ''].find(part => !/^[A-Za-z]*(?:\.{3})?[A-Za-z]*$/.test(part));
  if (strange !== undefined) throw fail(`${strange} is not letters and at most one ...`);
  if (parts.length !== operands.length) throw fail(`names ${parts.length} operands, got ${operands.length}`);

  const lengths = new Map<string, number>();
  let ellipsisShape: Shape = [];
  const inputs = parts.map((part, i) => {
    const { shape } = operands[i] as Value;
    const unnamedAxes = shape.length - lettersOf(part).length;
    if (unnamedAxes < 0 || (unnamedAxes > 0 && !part.includes('...')))
      throw fail(`${part} does not name the axes of operand ${i + 1}, ${showShape(shape)}`);
    const labels = labelsOf(part, unnamedAxes);
    for (const [axis, label] of labels.entries()) {
      const [length, earlier] = [shape[axis] as number, lengths.get(label)];
      if (isUnderEllipsis(label)) continue;
      if (earlier !== undefined && earlier !== length)
        throw fail(`${label} names axes of length ${earlier} and ${length}`);
      lengths.set(label, length);
    }
    const under = shape.filter((_, axis) => isUnderEllipsis(labels[axis] as string));
    const both = broadcastShapes([ellipsisShape, under]);
    if (!both)
      throw fail(`the axes under ... do not broadcast: ${showShape(ellipsisShape)} and ${showShape(under)}`);
    ellipsisShape = both;
    return labels;
  });

  if (right === undefined) {
    const letters = parts.flatMap(lettersOf);
    const single = letters.filter(letter => letters.indexOf(letter) === letters.lastIndexOf(letter));
    return { inputs, output: [...labelsOf('...', ellipsisShape.length), ...single.sort()] };
  }
  const resultLetters = lettersOf(right);
  const unknown = resultLetters.find(letter => !lengths.has(letter));
  if (unknown) throw fail(`the result has ${unknown}, but no operand has`);
  const twice = resultLetters.find((letter, i) => resultLetters.indexOf(letter) !== i);
  if (twice) throw fail(`the result has ${twice} twice`);
  if (ellipsisShape.length > 0 && !right.includes('...'))
    throw fail('operands have axes under ..., which the result lacks');
  return { inputs, output: labelsOf(right, ellipsisShape.length) };
}

const lettersOf = (part: string): string[] => [...part.replace('...', '')];
const isUnderEllipsis = (label: string): boolean => /\d/.test(label);

/** A label for each axis; `ellipsisAxes` of them are under the ellipsis. */
function labelsOf(part: string, ellipsisAxes: number): string[] {
  const at = part.indexOf('...');
  if (at < 0) return [...part];
  const numbers = Array.from({ length: ellipsisAxes }, (_, i) => `${ellipsisAxes - i}`);
  return [...part.slice(0, at), ...numbers, ...part.slice(at + 3)];
}

/** The term of an operand: repeated labels become a diagonal, and axes of length 1 under an ellipsis are dropped. */
function termOf(value: Value, labels: readonly string[]): Term {
  const single = labels.findIndex((label, axis) => isUnderEllipsis(label) && value.shape[axis] === 1);
  if (single >= 0)
    return termOf(reshape(value, value.shape.toSpliced(single, 1)), labels.toSpliced(single, 1));
  const second = labels.findIndex((label, axis) => labels.indexOf(label) < axis);
  if (second < 0) return { value, labels };
  const first = labels.indexOf(labels[second] as string);
  return termOf(diagonal(value, first, second), [
    ...labels.toSpliced(second, 1).toSpliced(first, 1),
    labels[second] as string,
  ]);
}

/** The diagonal of two axes of length n, as the last axis: every (n + 1)-th entry of the flattened axes. */
function diagonal(value: Value, first: number, second: number): Value {
  const { length: rank } = value.shape;
  const last = moveAxes(moveAxes(value, second, 1, rank - 1), first, 1, rank - 1);
  const n = last.shape.at(-1) as number;
  const leading = last.shape.slice(0, -2);
  const zeros = leading.map(() => 0);
  const flat = pad(reshape(last, [...leading, n * n]), [...zeros.map(() => [0, 0] as const), [0, n]]);
  const column = slice(reshape(flat, [...leading, n, n + 1]), [...zeros, 0, 0], [...leading, n, 1]);
  return reshape(column, [...leading, n]);
}

/** The term summed over all labels that are not in `kept`. */
function summedBut(kept: readonly string[], { value, labels }: Term): Term {
  const axes = labels.flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
  return { value: sum(value, axes), labels: labels.filter(label => kept.includes(label)) };
}

/** The product, summed over shared labels that are not in `kept`. */
function multiplied(a: Term, b: Term, kept: ReadonlySet<string>): Term {
  const shared = a.labels.filter(label => b.labels.includes(label));
  const leading = shared.filter(label => kept.has(label));
  const inner = shared.filter(label => !kept.has(label));
  const rows = a.labels.filter(label => !shared.includes(label));
  const columns = b.labels.filter(label => !shared.includes(label));
  const labels = [...leading, ...rows, ...columns];
  if (inner.length === 0) return { value: mul(arranged(a, labels), arranged(b, labels)), labels };
  const lengthsOf = (names: readonly string[]) =>
    names.map(label => (a.labels.includes(label) ? lengthIn(a, label) : lengthIn(b, label)));
  const flatLength = (names: readonly string[]) => sizeOf(lengthsOf(names));
  const front = leading.length > 0 ? [flatLength(leading)] : [];
  const left = reshape(arranged(a, [...leading, ...rows, ...inner]), [
    ...front,
    flatLength(rows),
    flatLength(inner),
  ]);
  const right = reshape(arranged(b, [...leading, ...inner, ...columns]), [
    ...front,
    flatLength(inner),
    flatLength(columns),
  ]);
  return { value: reshape(matmul(left, right), lengthsOf(labels)), labels };
}

const lengthIn = ({ value, labels }: Term, label: string) => value.shape[labels.indexOf(label)] as number;

/** The value with its axes in the order of these labels; missing ones get length 1. */
function arranged(term: Term, labels: readonly string[]): Value {
  const present = labels.filter(label => term.labels.includes(label));
  const order = present.map(label => term.labels.indexOf(label));
  const isOrdered = order.every((axis, i) => axis === i);
  const value = isOrdered ? term.value : transpose(term.value, order);
  return reshape(
    value,
    labels.map(label => (present.includes(label) ? lengthIn(term, label) : 1)),
  );
}
