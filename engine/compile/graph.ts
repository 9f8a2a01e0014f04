import { waitsAmong } from '../delay.ts';
import type { MapForm } from '../forms.ts';
import type { Scalar } from '../scalar.ts';
import type { Value } from '../tape.ts';
import { costOf, numberText } from './algebra.ts';
import { exchange } from './guesses.ts';
import { baseOf, type Make, type Node, type Placement } from './node.ts';
import { type Size, sameSizes } from './sizes.ts';
import { expressionNumber, type Structure } from './structure.ts';

/** A leaf of the tape. */
export interface GraphInput {
  /** Index among the live values. */
  readonly liveIndex: number;
  readonly type: 'real' | 'whole';
  readonly isDouble: boolean;
}

/** The live part of a tape, with equal values and reshapes of reshapes merged. A node comes after its inputs. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly wanted: readonly Node[];
  readonly inputs: readonly GraphInput[];
}

/**
 * Builds the graph of the live values, which are given oldest first. {@link exchange} is applied only if `mayExchange`
 * is true.
 */
export function graphOf(
  live: readonly Value[],
  wanted: readonly Value[],
  { sizes }: Structure,
  mayExchange: boolean,
): Graph {
  const sizeNumbers = new Map(sizes.map((length, size) => [length, size]));
  const nodes: Node[] = [];
  const graphInputs: GraphInput[] = [];
  const nodesByText = new Map<string, Node>();
  const nodeOf = new Map<Value, Node>();
  const uses = useCounts(live, wanted);
  const waitsOf = waitsAmong(live);
  let name = '';
  let after: readonly Node[] | undefined;
  let afterText = '';
  let previousWaits: readonly Value[] | undefined;
  let nextStart = 0;

  const make: Make = (form, inputs, shape, key) => {
    const text = key && `${form.kind} ${key} ${inputs.map(input => input.id)} ${shape}${afterText}`;
    const existing = text && nodesByText.get(text);
    if (existing) return existing;
    const node: Node = { id: nodes.length, form, inputs, shape, name, ...(after && { after }) };
    nodes.push(node);
    if (text) nodesByText.set(text, node);
    return node;
  };
  const mapped = (expression: MapForm['expression'], inputs: readonly Node[], shape: readonly Size[]) => {
    const text = `${expressionNumber(expression, inputs.length)}`;
    const cost = costOf(expression, inputs.length);
    return make({ kind: 'map', expression, cost, text }, inputs, shape, text);
  };

  /** The nodes of each list of values that other values wait for. */
  const nodesAwaited = new Map<readonly Value[], readonly Node[]>();

  for (const [liveIndex, value] of live.entries()) {
    const { form, shape: lengths } = value;
    const from = value.inputs.map(input => nodeOf.get(input) as Node);
    const [first, second] = from as [Node, Node];
    const shape = lengths.map(length => sizeNumbers.get(length) as Size);
    name = value.op.name;
    const waits = waitsOf?.(value);
    if (waits !== previousWaits) {
      previousWaits = waits;
      after = waits && (nodesAwaited.get(waits) ?? waits.map(value => nodeOf.get(value) as Node));
      if (waits && after) nodesAwaited.set(waits, after);
      afterText = after ? ` after ${after.map(({ id }) => id)}` : '';
    }
    const build = (): Node => {
      switch (form.kind) {
        case 'parameter':
        case 'constant': {
          const { data } = form.tensor;
          const type = data instanceof Int32Array ? 'whole' : 'real';
          graphInputs.push({ liveIndex, type, isDouble: data instanceof Float64Array });
          return make({ kind: 'leaf', input: graphInputs.length - 1 }, [], shape, undefined);
        }
        case 'fill':
          return make({ kind: 'fill', number: form.number }, [], shape, numberText(form.number));
        case 'map':
          return mapped(form.expression, from, shape);
        case 'reduce': {
          const terms = (mayExchange && exchange(form, first, make)) || first;
          return make(form, [terms], shape, `${form.reducer}${form.axes}`);
        }
        case 'broadcast':
          return make({ kind: 'broadcast' }, from, shape, 'broadcast');
        case 'reshape':
          return reshaped(first, shape, make);
        case 'transpose':
          return make(form, from, shape, `${form.permutation}`);
        case 'slice':
          return make({ kind: 'slice', starts: form.start.map(() => nextStart++) }, from, shape, undefined);
        case 'pad': {
          const placements: Placement[] = [{ kind: 'box', starts: form.start.map(() => nextStart++) }];
          return make({ kind: 'scatter', placements, overlaps: true }, from, shape, undefined);
        }
        case 'concat': {
          const placements = from.map((): Placement => {
            const start = nextStart++;
            return { kind: 'box', starts: shape.map((_, axis) => (axis === form.axis ? start : undefined)) };
          });
          return make({ kind: 'scatter', placements, overlaps: false }, from, shape, undefined);
        }
        case 'gather':
          return make({ kind: 'gather' }, from, shape, 'gather');
        case 'segment-sum': {
          const placements: Placement[] = [{ kind: 'rows', index: second }];
          return make({ kind: 'scatter', placements, overlaps: true }, [first], shape, `rows ${second.id}`);
        }
        case 'segment-max': {
          const placements: Placement[] = [{ kind: 'rows', index: second }];
          const scatter = { kind: 'scatter', placements, overlaps: true, isMaximum: true } as const;
          return make(scatter, [first], shape, `largest of rows ${second.id}`);
        }
        case 'matmul':
          return make(form, from, shape, `${form.transposeA}${form.transposeB}`);
        case 'accumulate': {
          const terms = merged(value.inputs, from, uses, shape, make);
          return totalOf(terms, stage => mapped(addUp, stage, shape));
        }
      }
    };
    nodeOf.set(value, build());
  }
  const roots = wanted.map(value => nodeOf.get(value) as Node);
  return { nodes: reachable(nodes, roots), wanted: roots, inputs: graphInputs };
}

/** The number of uses of each value, by other live values and as a wanted value. */
function useCounts(live: readonly Value[], wanted: readonly Value[]): Map<Value, number> {
  const uses = new Map<Value, number>();
  const use = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const { inputs } of live) inputs.forEach(use);
  wanted.forEach(use);
  return uses;
}

/** A node in another shape. A reshape of a reshape becomes one, or none if the shape is the original one. */
function reshaped(node: Node, shape: readonly Size[], make: Make): Node {
  const base = baseOf(node);
  return sameSizes(base.shape, shape) ? base : make({ kind: 'reshape' }, [base], shape, 'reshape');
}

/** Merges the terms that are scattered, and used nowhere else, into one node, which needs one buffer. */
function merged(
  values: readonly Value[],
  terms: readonly Node[],
  uses: ReadonlyMap<Value, number>,
  shape: readonly Size[],
  make: Make,
): Node[] {
  const isMergeable = ({ form }: Node, i: number) =>
    form.kind === 'scatter' && form.overlaps && !form.isMaximum && uses.get(values[i] as Value) === 1;
  const mergeable = terms.filter(isMergeable);
  const others = terms.filter((term, i) => !isMergeable(term, i));
  if (mergeable.length < 2) return [...others, ...mergeable];
  const placements = mergeable.flatMap(({ form }) => (form.kind === 'scatter' ? form.placements : []));
  const parts = mergeable.flatMap(node => node.inputs);
  return [...others, make({ kind: 'scatter', placements, overlaps: true }, parts, shape, undefined)];
}

/** The most terms added up in one node. More terms are added up in stages, so that no loop body grows too long. */
const mostTerms = 32;

/** The sum of some terms, in stages of {@link mostTerms}; `add` makes the node of a stage. */
function totalOf(terms: readonly Node[], add: (terms: readonly Node[]) => Node): Node {
  if (terms.length === 1) return terms[0] as Node;
  if (terms.length <= mostTerms) return add(terms);
  const stages: Node[] = [];
  for (let i = 0; i < terms.length; i += mostTerms) stages.push(totalOf(terms.slice(i, i + mostTerms), add));
  return totalOf(stages, add);
}

/** Adds up to 8 terms one after the other, and more terms by halves, so that expressions do not nest deeply. */
function sumOf<T>(s: Scalar<T>, terms: readonly T[]): T {
  if (terms.length <= 8) return terms.reduce((total, term) => s.add(total, term));
  const half = terms.length >> 1;
  return s.add(sumOf(s, terms.slice(0, half)), sumOf(s, terms.slice(half)));
}

/** The expression that adds up its inputs. */
const addUp: MapForm['expression'] = (s, ...terms) => sumOf(s, terms);

/** The nodes that `roots` depend on. Merging leaves some nodes unused. */
function reachable(nodes: readonly Node[], roots: readonly Node[]): Node[] {
  const isNeeded = new Set(roots);
  for (const node of nodes.toReversed()) {
    if (!isNeeded.has(node)) continue;
    for (const input of node.inputs) isNeeded.add(input);
    if (node.form.kind !== 'scatter') continue;
    for (const placement of node.form.placements)
      if (placement.kind === 'rows') isNeeded.add(placement.index);
  }
  return nodes.filter(node => isNeeded.has(node));
}
