import { evaluate } from './evaluate.ts';
import type { SyncExecutor } from './executor.ts';
import type { Form } from './forms.ts';
import { checkOptions } from './options.ts';
import { showShape, sizeOf } from './shape.ts';
import type { Tape, Value } from './tape.ts';
import type { Tensor } from './tensor.ts';

/** Options of {@link inspect}. */
export interface InspectOptions {
  /** True to run the tape for all its values and show their numbers. Default false. */
  readonly values?: boolean;
  /** The executor that runs the tape. Default `interpreter()`. */
  readonly executor?: SyncExecutor;
}

/**
 * A tape as plain text. Each value has a line with its id, expression, shape, bytes in float64, and on request its
 * numbers. A reshape takes no bytes: its line says `alias` instead. The adjoints that `gradient` appended begin after a line
 * `-- adjoints --`, and values recorded after them begin after a line `-- recorded --`.
 * @example
 * console.log(inspect(tape, { values: true }));
 * // %0  x               [3]   24 B  1 2 3
 * // %1  square(%0)      [3]   24 B  1 4 9
 * // %2  sum(%1) axes 0  [1]    8 B  14
 * // %3  reshape(%2)     []   alias  14
 */
export function inspect(tape: Tape, options: InspectOptions = {}): string {
  checkOptions('inspect', options, ['values', 'executor']);
  const { values = false, executor } = options;
  const tensors = values ? evaluate(tape.values, executor && { executor }) : [];
  const rows = tape.values.map((value, n) => [
    `%${value.id}`,
    expressionOf(value),
    showShape(value.shape),
    bytesOf(value),
    ...(values ? [showNumbers(tensors[n] as Tensor)] : []),
  ]);
  const widths = [0, 1, 2, 3].map(column =>
    rows.reduce((widest, row) => Math.max(widest, (row[column] as string).length), 0),
  );
  const lines: string[] = [];
  let wasAdjoint = false;
  for (const [n, [id = '', expression = '', shape = '', bytes = '', numbers = '']] of rows.entries()) {
    const isAdjoint = (tape.values[n] as Value).isAdjoint;
    if (isAdjoint !== wasAdjoint) lines.push(isAdjoint ? '-- adjoints --' : '-- recorded --');
    wasAdjoint = isAdjoint;
    const [w0, w1, w2, w3] = widths as [number, number, number, number];
    const columns = [id.padEnd(w0), expression.padEnd(w1), shape.padEnd(w2), bytes.padStart(w3), numbers];
    lines.push(columns.join('  ').trimEnd());
  }
  return lines.join('\n');
}

function expressionOf({ op, form, inputs }: Value): string {
  if (form.kind === 'parameter') return form.name;
  if (form.kind === 'fill') return `fill ${form.number}`;
  if (inputs.length === 0) return op.name;
  return `${op.name}(${inputs.map(input => `%${input.id}`).join(', ')})${detailOf(form)}`;
}

/** The fields of a form, besides its shapes. */
function detailOf(form: Form): string {
  switch (form.kind) {
    case 'reduce':
      return ` axes ${form.axes.join(', ')}`;
    case 'transpose':
      return ` axes ${form.permutation.join(', ')}`;
    case 'slice':
    case 'pad':
      return ` from ${form.start.join(', ')}`;
    case 'concat':
      return ` axis ${form.axis}`;
    case 'matmul':
      return `${form.transposeA ? ' Aᵀ' : ''}${form.transposeB ? ' Bᵀ' : ''}`;
    default:
      return '';
  }
}

function bytesOf({ form, dtype, shape }: Value): string {
  if (form.kind === 'reshape') return 'alias';
  return `${sizeOf(shape) * (dtype === 'index' ? 4 : 8)} B`;
}

/** The most numbers shown of a value. */
const mostShown = 4;

function showNumbers({ data }: Tensor): string {
  const numbers = Array.from(data.subarray(0, mostShown), number => `${Number(number.toPrecision(6))}`);
  return data.length > mostShown ? `${numbers.join(' ')} …` : numbers.join(' ');
}
