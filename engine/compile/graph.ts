import { type MapForm, type MatmulForm, map, type ReduceForm } from '../forms.ts';
import { numbers, type Scalar } from '../scalar.ts';
import type { Value } from '../tape.ts';
import { costOf, type Primitive, textOf } from './expression.ts';
import { one, type Size, type Structure } from './structure.ts';

/** Where one part of a scattered result goes: rows named by an index, or a box that begins somewhere. */
export type Placement =
  | { readonly kind: 'rows'; readonly index: Node }
  | { readonly kind: 'box'; readonly starts: readonly number[] }
  | { readonly kind: 'after'; readonly axis: number; readonly before: readonly Node[] };

/** What a node is, when the tape's forms are told apart by how loops treat them. */
export type NodeForm =
  | { readonly kind: 'leaf'; readonly input: number }
  | { readonly kind: 'fill'; readonly number: number }
  | (MapForm & {
      /** Whether it stands for a sum turned round, and holds where it is finite. */
      readonly isTurned?: true;
    })
  | ReduceForm
  /** Read from another node at another index; costs nothing. */
  | { readonly kind: 'broadcast' }
  | { readonly kind: 'reshape' }
  | { readonly kind: 'transpose'; readonly permutation: readonly number[] }
  | { readonly kind: 'slice'; readonly starts: readonly number[] }
  | { readonly kind: 'gather' }
  /** Segment sums, pads and concatenations, and accumulations of the first two: parts laid into one buffer. */
  | { readonly kind: 'scatter'; readonly placements: readonly Placement[]; readonly overlaps: boolean }
  | MatmulForm
  /** The sum or maximum of each stretch of `chunk` entries along an axis: a stage of a long one, made by `lower`. */
  | {
      readonly kind: 'partial';
      readonly reducer: ReduceForm['reducer'];
      readonly axis: number;
      readonly chunk: number;
    };

/** A value of the plan: shapes are in sizes, equal nodes are one. */
export interface Node {
  readonly id: number;
  readonly form: NodeForm;
  readonly inputs: readonly Node[];
  readonly shape: readonly Size[];
  /** The op's name, for listings. */
  readonly name: string;
}

/** The live part of a tape as a graph: dead values out, common subexpressions once. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly wanted: readonly Node[];
  /** Which live values are the inputs, in order of {@link NodeForm} leaf.input. */
  readonly inputPlaces: readonly number[];
}

/**
 * Builds the graph of live values (oldest first) whose structure is known. With `guesses`, sums of gathered rows are
 * turned round: see {@link exchange}.
 */
export function graphOf(
  live: readonly Value[],
  wanted: readonly Value[],
  { sizes }: Structure,
  guesses: boolean,
): Graph {
  const sizeNumbers = new Map(sizes.map((length, size) => [length, size]));
  const nodes: Node[] = [];
  const inputPlaces: number[] = [];
  const known = new Map<string, Node>();
  const nodeOf = new Map<Value, Node>();
  const uses = new Map<Value, number>();
  for (const value of [...live.flatMap(each => each.inputs), ...wanted])
    uses.set(value, (uses.get(value) ?? 0) + 1);
  let starts = 0;

  const make: Make = (
    value,
    form,
    inputs,
    key,
    shape = value.shape.map(length => sizeNumbers.get(length) as Size),
  ) => {
    const text = key && `${form.kind} ${key} ${inputs.map(input => input.id)} ${shape}`;
    const before = text && known.get(text);
    if (before) return before;
    const node: Node = { id: nodes.length, form, inputs, shape, name: value.op.name };
    nodes.push(node);
    if (text) known.set(text, node);
    return node;
  };

  for (const [place, value] of live.entries()) {
    const { form } = value;
    const inputs = value.inputs.map(input => nodeOf.get(input) as Node);
    const [first, second] = inputs as [Node, Node];
    let node: Node;
    switch (form.kind) {
      case 'parameter':
      case 'constant':
        node = make(value, { kind: 'leaf', input: inputPlaces.length }, [], undefined);
        inputPlaces.push(place);
        break;
      case 'fill':
        node = make(value, { kind: 'fill', number: form.number }, [], `${form.number}`);
        break;
      case 'map':
        node = make(value, form, inputs, mapId(form));
        break;
      case 'reduce': {
        const exchanged = guesses ? exchange(value, form, first, make) : undefined;
        node = make(value, form, exchanged ? [exchanged] : inputs, `${form.reducer}${form.axes}`);
        break;
      }
      case 'broadcast':
      case 'reshape':
        node = make(value, { kind: form.kind }, inputs, form.kind);
        break;
      case 'transpose':
        node = make(value, form, inputs, `${form.permutation}`);
        break;
      case 'slice':
      case 'pad': {
        const own = form.start.map(() => starts++);
        node =
          form.kind === 'slice'
            ? make(value, { kind: 'slice', starts: own }, inputs, undefined)
            : make(
                value,
                { kind: 'scatter', placements: [{ kind: 'box', starts: own }], overlaps: true },
                inputs,
                undefined,
              );
        break;
      }
      case 'gather':
        node = make(value, { kind: 'gather' }, inputs, 'gather');
        break;
      case 'segment-sum': {
        const placements: Placement[] = [{ kind: 'rows', index: second }];
        node = make(value, { kind: 'scatter', placements, overlaps: true }, [first], `rows ${second.id}`);
        break;
      }
      case 'concat': {
        const placements = inputs.map(
          (_, i): Placement => ({ kind: 'after', axis: form.axis, before: inputs.slice(0, i) }),
        );
        node = make(value, { kind: 'scatter', placements, overlaps: false }, inputs, `after ${form.axis}`);
        break;
      }
      case 'matmul':
        node = make(value, form, inputs, `${form.transposeA}${form.transposeB}`);
        break;
      case 'accumulate':
        node = accumulated(value, inputs, make, input => uses.get(input) === 1);
        break;
    }
    nodeOf.set(value, node);
  }
  const roots = wanted.map(value => nodeOf.get(value) as Node);
  return { nodes: reachable(nodes, roots), wanted: roots, inputPlaces };
}

/** Merging leaves nodes behind that nothing needs any more. */
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

/** Makes a node, or gives the one that is equal to it by `key`; named, and unless told otherwise shaped, as `value`. */
type Make = (
  value: Value,
  form: NodeForm,
  inputs: readonly Node[],
  key: string | undefined,
  shape?: readonly Size[],
) => Node;

/** What `mul` and `scaled` compute: products, which a sum may be exchanged with. */
const products = new Set(
  [
    map((s, a, b) => s.mul(a, b)),
    map((s, g, f) => s.select(s.equal(g, s.constant(0)), s.constant(0), s.mul(g, f))),
  ].map(({ expression }) => textOf(expression, 2)),
);

/**
 * A sum over rows of gathered times computed numbers, turned round:
 *
 *     Σ_p g[index[p]]·f[p] = Σ_a g[a]·(Σ_{p: index[p] = a} f[p])
 *
 * On the right f is summed as it comes about, so it need not be stored until g is known: a forward and a backward loop
 * over the same pairs become one. It pays only where the rows are added up whole. Gives what is to be summed instead.
 *
 * Rows of g that no index picks are times 0 on the right, which is NaN of an infinite one: it is a guess.
 */
function exchange(value: Value, { reducer, axes }: ReduceForm, product: Node, make: Make): Node | undefined {
  const { form, inputs } = product;
  if (reducer !== 'sum' || form.kind !== 'map' || inputs.length !== 2 || !axes.includes(0)) return undefined;
  if (!products.has(textOf(form.expression, 2))) return undefined;
  const [g, f] = inputs as readonly [Node, Node];
  if (g.form.kind !== 'gather' || f.form.kind !== 'map' || `${g.shape}` !== `${f.shape}`) return undefined;
  const [table, index] = g.inputs as readonly [Node, Node];
  if (table.form.kind === 'leaf' || index.shape.length !== 1) return undefined;
  const placements: Placement[] = [{ kind: 'rows', index }];
  const rows = make(
    value,
    { kind: 'scatter', placements, overlaps: true },
    [f],
    `rows ${index.id}`,
    table.shape,
  );
  return make(value, { ...form, isTurned: true }, [table, rows], `${mapId(form)} turned`, table.shape);
}

/** Few terms one after the other, many in halves: as a chain they would be nested as deep as they are many. */
function sumOf<T>(s: Scalar<T>, terms: readonly T[]): T {
  if (terms.length <= 8) return terms.reduce((total, term) => s.add(total, term));
  const half = terms.length >> 1;
  return s.add(sumOf(s, terms.slice(0, half)), sumOf(s, terms.slice(half)));
}

const sum2: MapForm = { kind: 'map', expression: (s, ...terms) => sumOf(s, terms) };

/** Terms that are scattered, and used nowhere else, share one buffer; the others are added elementwise. */
function accumulated(
  value: Value,
  inputs: readonly Node[],
  make: Make,
  isUsedOnce: (input: Value) => boolean,
): Node {
  const isShared = (i: number) => {
    const { form } = inputs[i] as Node;
    return form.kind === 'scatter' && form.overlaps && isUsedOnce(value.inputs[i] as Value);
  };
  const scattered = inputs.filter((_, i) => isShared(i));
  const others = inputs.filter((_, i) => !isShared(i));
  if (scattered.length > 1) {
    const placements = scattered.flatMap(({ form }) => (form.kind === 'scatter' ? form.placements : []));
    const parts = scattered.flatMap(node => node.inputs);
    others.push(make(value, { kind: 'scatter', placements, overlaps: true }, parts, undefined));
  } else {
    others.push(...scattered);
  }
  return others.length === 1 ? (others[0] as Node) : make(value, sum2, others, 'accumulate');
}

let mapIds = 0;
const idOfMap = new WeakMap<MapForm['expression'], string>();

/** Tells expressions apart by the function that says them: enough, where merging is a gain and no duty. */
function mapId({ expression }: MapForm): string {
  const known = idOfMap.get(expression);
  if (known) return known;
  const id = `${mapIds++}`;
  idOfMap.set(expression, id);
  return id;
}

/** The axes that are not of length 1. */
export function longAxes(shape: readonly Size[]): readonly Size[] {
  return shape.filter(size => size !== one);
}

/** Whether a node is there before the first step. */
export function isGiven(node: Node): boolean {
  return node.form.kind === 'leaf' || node.form.kind === 'fill';
}

/** The node whose numbers, in the same order, a chain of reshapes stands for. */
export function baseOf(node: Node): Node {
  return node.form.kind === 'reshape' ? baseOf(node.inputs[0] as Node) : node;
}

/** Whether two shapes hold the same entries along the same axes, those of length 1 aside. */
export function isSameWithoutOnes(a: readonly Size[], b: readonly Size[]): boolean {
  return `${longAxes(a)}` === `${longAxes(b)}`;
}

/** What computing one entry of a map costs by itself, in additions. */
export function ownCost({ form, inputs }: Node): number {
  if (form.kind !== 'map') return 1;
  let cost = 0;
  const count = (kind: Primitive) => () => {
    cost += costOf(kind);
    return 0;
  };
  const entries = Object.keys(numbers).map(kind => [kind, count(kind as Primitive)]);
  const algebra = { ...Object.fromEntries(entries), constant: () => 0 } as unknown as Scalar<number>;
  form.expression(algebra, ...inputs.map(() => 0));
  return cost;
}
