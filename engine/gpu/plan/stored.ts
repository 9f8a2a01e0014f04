import { baseOf, type Node, needsNoStep, ownCost } from '../../compile/node.ts';
import { one, sameWithoutOnes } from '../../compile/sizes.ts';
import type { Lowered } from './lower.ts';

/**
 * The largest cost of an entry, in additions, at which a node is computed again for every reader. A more expensive node
 * that is read more than once is stored, which takes a kernel, one write and one read for each reader.
 */
const cheapCost = 8;

/** True if a node reads each entry of input `i` at most once. */
function readsOnce({ form, inputs, shape }: Node, i: number): boolean {
  if (form.kind === 'gather') return i === 1;
  // For the other placements, every entry of the result reads every part, although it may use only one.
  if (form.kind === 'scatter') return form.placements[i]?.kind === 'rows';
  if (form.kind !== 'map' && form.kind !== 'broadcast') return true;
  const input = (inputs[i] as Node).shape;
  const lead = shape.length - input.length;
  return shape.every((size, axis) => size === one || (input[axis - lead] ?? one) === size);
}

/** True if computing an entry takes a loop. */
function isFold({ form }: Node): boolean {
  return (
    form.kind === 'reduce' ||
    form.kind === 'partial' ||
    (form.kind === 'scatter' && form.placements.some(({ kind }) => kind === 'rows'))
  );
}

/**
 * The nodes stored in an array: the wanted ones, and those that would otherwise be computed too often. The nodes are
 * visited from the last to the first, since the number of times a node is computed depends on its readers.
 */
export function storedNodes({ nodes, wanted }: Lowered): Set<Node> {
  const stored = new Set(wanted);
  /**
   * The number of times that each entry of a node is computed if the node is not stored. `inLoop` is true if it is
   * computed inside a loop of a reader.
   */
  const uses = new Map<Node, { times: number; inLoop: boolean }>();
  const costs = costsOf(nodes);
  const compared = comparedNodes(nodes);
  const store = (node: Node) => {
    const base = baseOf(node);
    if (!needsNoStep(base)) stored.add(base);
  };
  for (const node of nodes.toReversed()) {
    const use = uses.get(node) ?? { times: 0, inLoop: false };
    if (needsNoStep(node)) continue;
    const isExpensive = isFold(node) || (costs.get(node) as number) > cheapCost || compared.has(node);
    if ((use.times > 1 && isExpensive) || (use.inLoop && isFold(node))) {
      if (node.form.kind === 'reshape') store(node);
      else stored.add(node);
    }
    const isStored = stored.has(node);
    if (!isStored && use.times === 0) continue;
    const isReordered =
      node.form.kind === 'reshape' && !sameWithoutOnes(node.shape, (node.inputs[0] as Node).shape);
    if (isReordered) store(node.inputs[0] as Node);
    for (const [i, input] of node.inputs.entries()) {
      const soFar = uses.get(input) ?? { times: 0, inLoop: false };
      uses.set(input, {
        times: soFar.times + (readsOnce(node, i) ? 1 : Number.POSITIVE_INFINITY) * (isStored ? 1 : use.times),
        inLoop: soFar.inLoop || isFold(node) || (!isStored && use.inLoop),
      });
    }
  }
  return stored;
}

/**
 * The operands of maxima. They must be stored, since the gradient of a maximum compares them with the maximum. If they
 * were computed again for that, they could be rounded differently. Then none might equal the maximum, and the gradient
 * would be 0/0.
 */
function comparedNodes(nodes: readonly Node[]): Set<Node> {
  const isMaximum = ({ form }: Node) =>
    form.kind === 'scatter'
      ? form.isMaximum
      : (form.kind === 'reduce' || form.kind === 'partial') && form.reducer === 'max';
  return new Set(nodes.filter(isMaximum).flatMap(({ inputs }) => inputs.map(baseOf)));
}

/** For each node, the cost of an entry in additions. The results of all loops are assumed to be stored. */
function costsOf(nodes: readonly Node[]): Map<Node, number> {
  const costs = new Map<Node, number>();
  for (const node of nodes) {
    const inputs = node.inputs.map(input =>
      isFold(input) || needsNoStep(input) ? 0 : (costs.get(input) as number),
    );
    const base = node.form.kind === 'map' || node.form.kind === 'scatter' ? ownCost(node) : 0;
    costs.set(
      node,
      inputs.reduce((total, cost) => total + cost, base),
    );
  }
  return costs;
}
