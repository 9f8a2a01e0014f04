import type { Graph } from './graph.ts';
import { baseOf, type Node, needsNoStep, ownCost } from './node.ts';
import { longAxes, outermost, type Size, sameSizes } from './sizes.ts';
import {
  expensive,
  largestLoop,
  outerOf,
  readsInOrder,
  reducesOuter,
  type Storage,
  workOf,
} from './storage.ts';

/*
 * The pass that decides on the loops and their order. A root is a stored node with the loop nest that computes it.
 * Roots that run over the same outermost axis and do not wait for each other share a loop.
 */

/** A stored node, or a part of one, with the loop nest that computes it. */
export interface Root {
  readonly node: Node;
  /** Number of the part of a scattered node; 0 for other nodes. */
  readonly part: number;
  /** The axes the loops run over. */
  readonly space: readonly Size[];
}

/** The work of addressing and storing an entry, in additions. */
const costOfSink = 10;

/** Roots that share a loop, or one matrix product. */
export interface Group {
  /** The number of the group in the order of execution, from 0. */
  readonly order: number;
  readonly roots: readonly Root[];
  readonly matmul?: Node;
}

/** The loops of a plan in order, and the nodes they store. */
export interface Schedule {
  readonly groups: readonly Group[];
  /** True if a node is stored before a group runs; if not, the group computes it inline. */
  isStoredBefore(node: Node, group: Group): boolean;
  /** All nodes with a buffer: those of {@link Storage}, and those that a loop stores for a later one. */
  readonly stored: ReadonlySet<Node>;
}

/** Groups stored nodes into loops, and stores more nodes if a later loop would compute them again. */
export function scheduleOf(graph: Graph, storage: Storage): Schedule {
  const draft = new Draft(graph, storage);
  unstoreCheap(draft, shareAcross(draft));
  bringForward(draft);
  return draft.finished();
}

/** A group while roots may still join it. */
interface OpenGroup {
  readonly order: number;
  readonly outer: Size | undefined;
  readonly roots: Root[];
  readonly matmul: Node | undefined;
}

/** A schedule under construction. */
class Draft {
  readonly groups: readonly OpenGroup[];
  readonly costs: Storage['costs'];
  readonly #barriers: Storage['barriers'];
  readonly #stored: Set<Node>;
  /** For each stored node that could also be computed inline, the group that stores it. */
  readonly #home = new Map<Node, OpenGroup>();

  constructor(graph: Graph, { stored, barriers, costs }: Storage) {
    this.costs = costs;
    this.#barriers = barriers;
    this.#stored = new Set(stored);
    this.groups = groupsOf(graph, stored, barriers);
    for (const group of this.groups) {
      for (const { node } of group.roots) if (!barriers.has(node)) this.#home.set(node, group);
    }
  }

  isStored(node: Node): boolean {
    return this.#stored.has(node);
  }

  isExpensive(node: Node): boolean {
    return (this.costs.get(node) as number) >= expensive;
  }

  /** True if a node is stored before the group with this order. */
  isStoredBefore(node: Node, order: number): boolean {
    if (this.#barriers.has(node)) return true;
    const home = this.#home.get(node);
    return home !== undefined && home.order < order;
  }

  isBarrier(node: Node): boolean {
    return this.#barriers.has(node);
  }

  /** Stores a node in a group that computes it. */
  store(node: Node, group: OpenGroup): void {
    this.#stored.add(node);
    this.#home.set(node, group);
    group.roots.push({ node, part: 0, space: node.shape });
  }

  /** Undoes {@link store}: each group that needs the node computes it. */
  unstore(node: Node): void {
    const roots = this.#home.get(node)?.roots ?? [];
    roots.splice(
      roots.findIndex(root => root.node === node),
      1,
    );
    this.#home.delete(node);
    this.#stored.delete(node);
  }

  /**
   * Calls `inside` with each node that a group computes, inputs first, and `read` with each stored node that it reads.
   * Skips the node `without`, and nodes that only `without` needs.
   */
  visit(
    { order, roots }: Pick<OpenGroup, 'order' | 'roots'>,
    inside: (node: Node) => void,
    read: (node: Node) => void = () => {},
    without?: Node,
  ): void {
    const seen = new Set<Node>();
    const go = (node: Node, isRoot = false) => {
      if (needsNoStep(node) || node === without || seen.has(node)) return;
      if (!isRoot && this.isStoredBefore(node, order)) {
        read(node);
        return;
      }
      seen.add(node);
      for (const input of node.inputs) go(input);
      inside(node);
    };
    for (const { node, part } of roots) {
      if (node.form.kind === 'scatter') go(node.inputs[part] as Node);
      else go(node, true);
    }
  }

  /** The schedule. Each group whose loop would be too long is divided into several. */
  finished(): Schedule {
    const groups: Group[] = [];
    const homes = new Map<Node, number>();
    for (const group of this.groups) {
      for (const roots of this.#portions(group)) {
        const order = groups.length;
        groups.push({ order, roots, ...(group.matmul && { matmul: group.matmul }) });
        for (const { node } of roots) if (this.#home.get(node) === group) homes.set(node, order);
      }
    }
    const isStoredBefore = (node: Node, { order }: Group) => {
      const home = homes.get(node);
      return this.#barriers.has(node) || (home !== undefined && home < order);
    };
    return { groups, isStoredBefore, stored: this.#stored };
  }

  /** The roots of a group, divided into loops that are not too long. */
  #portions(group: OpenGroup): Root[][] {
    if (group.matmul || group.roots.length === 1) return [group.roots];
    const portions: Root[][] = [[]];
    let work = 0;
    let seen = new Set<Node>();
    for (const root of group.roots.toSorted((a, b) => a.node.id - b.node.id || a.part - b.part)) {
      let rootWork = costOfSink;
      this.visit({ order: group.order, roots: [root] }, node => {
        if (!seen.has(node)) rootWork += workOf(node);
        seen.add(node);
      });
      const current = portions.at(-1) as Root[];
      if (work + rootWork > largestLoop && current.length > 0) {
        portions.push([root]);
        work = rootWork;
        seen = new Set();
      } else {
        current.push(root);
        work += rootWork;
      }
    }
    return portions.length === 1 ? [group.roots] : portions;
  }
}

/** The groups of the nodes stored so far, in the order of execution. */
function groupsOf(
  graph: Graph,
  stored: ReadonlySet<Node>,
  barriers: ReadonlySet<Node>,
): readonly OpenGroup[] {
  interface StagedGroup extends Omit<OpenGroup, 'order'> {
    readonly stage: number;
  }
  const stages = stagesOf(graph, stored, barriers);
  const groups = new Map<string, StagedGroup>();
  const join = (key: string, empty: StagedGroup, root?: Root) => {
    const group = groups.get(key) ?? empty;
    groups.set(key, group);
    if (root) group.roots.push(root);
  };
  for (const node of graph.nodes) {
    if (!stored.has(node)) continue;
    if (node.form.kind === 'matmul') {
      const stage = stages.ofNode(node);
      join(`matmul ${node.id}`, { stage, outer: undefined, roots: [], matmul: node });
      continue;
    }
    for (const root of rootsOf(node)) {
      const stage = stages.ofRoot(root);
      const outer = outermost(root.space);
      join(`${stage} over ${outer}`, { stage, outer, roots: [], matmul: undefined }, root);
    }
  }
  // Within a stage, straight-line code comes first, then loops, then matrix products.
  const rank = ({ matmul, outer }: StagedGroup) => (matmul ? 2 : outer === undefined ? 0 : 1);
  return [...groups.values()]
    .sort((a, b) => a.stage - b.stage || rank(a) - rank(b))
    .map(({ outer, roots, matmul }, order) => ({ order, outer, roots, matmul }));
}

/** The first stage at which each node can be computed, and each root written. */
function stagesOf(graph: Graph, stored: ReadonlySet<Node>, barriers: ReadonlySet<Node>) {
  const stages = new Map<Node, number>();
  const ofNode = (node: Node) => stages.get(node) as number;
  /** The first stage at which a reader can read input `i`. */
  const ofInput = (reader: Node, i: number): number => {
    const input = reader.inputs[i] as Node;
    const base = baseOf(input);
    if (needsNoStep(base)) return 0;
    const waits = barriers.has(base) || (stored.has(base) && !readsInOrder(reader, i));
    return waits ? ofNode(base) + 1 : ofNode(input);
  };
  /** The first stage at which a node is complete. A node that was dropped from the graph counts as complete. */
  const afterNode = (node: Node): number => {
    const base = baseOf(node);
    if (needsNoStep(base)) return 0;
    return (stages.get(base) ?? 0) + (barriers.has(base) || stored.has(base) ? 1 : 0);
  };
  for (const node of graph.nodes) {
    let stage = 0;
    for (let i = 0; i < node.inputs.length; i++) stage = Math.max(stage, ofInput(node, i));
    for (const awaited of node.after ?? []) stage = Math.max(stage, afterNode(awaited));
    stages.set(node, stage);
  }
  /** Each part of a scattered node is written as soon as it is known; readers wait for the last part. */
  const ofRoot = ({ node, part }: Root) =>
    node.form.kind === 'scatter' ? ofInput(node, part) : ofNode(node);
  return { ofNode, ofRoot };
}

/** The roots of a node: one, or one for each part of a scattered node. */
function rootsOf(node: Node): Root[] {
  const { form, inputs, shape } = node;
  if (form.kind === 'scatter') return inputs.map((input, part) => ({ node, part, space: input.shape }));
  if (reducesOuter(node)) return [{ node, part: 0, space: (inputs[0] as Node).shape }];
  return [{ node, part: 0, space: shape }];
}

/** Stores each expensive node that several loops need in the first of these loops, and returns the stored nodes. */
function shareAcross(draft: Draft): Node[] {
  const shared: Node[] = [];
  const firstGroups = new Map<Node, OpenGroup>();
  for (const group of draft.groups) {
    if (group.matmul) continue;
    // Decide on an expensive node before its inputs.
    const seen = new Set<Node>();
    const go = (node: Node) => {
      if (needsNoStep(node) || draft.isBarrier(node) || seen.has(node)) return;
      seen.add(node);
      if (draft.isStoredBefore(node, group.order)) return;
      const earlier = firstGroups.get(node);
      // Computing a single number in each loop costs almost nothing. Any other node has the loop's outermost axis, so
      // the loop can store it.
      const isNumber = outerOf(node) === undefined;
      if (earlier && !isNumber && node.form.kind !== 'reshape' && draft.isExpensive(node)) {
        draft.store(node, earlier);
        shared.push(node);
        return;
      }
      if (!earlier) firstGroups.set(node, group);
      for (const input of node.inputs) go(input);
    };
    for (const { node, part } of group.roots) {
      if (node.form.kind === 'scatter') go(node.inputs[part] as Node);
      else if (draft.isBarrier(node)) node.inputs.forEach(go);
      else go(node);
    }
  }
  return shared;
}

/**
 * Unstores shared nodes that turn out to be cheap: after the cost of a node was counted, its inputs may have been
 * stored.
 */
function unstoreCheap(draft: Draft, shared: readonly Node[]): void {
  const costs = new Map<Node, number>();
  for (const node of shared.toSorted((a, b) => a.id - b.id)) {
    let cost = ownCost(node);
    for (const [i, input] of node.inputs.entries()) {
      const isLoaded = needsNoStep(input) || (draft.isStored(input) && readsInOrder(node, i));
      if (outerOf(input) !== undefined) cost += costs.get(input) ?? (isLoaded ? 1 : expensive);
    }
    if (node.form.kind !== 'map' || cost >= expensive) continue;
    draft.unstore(node);
    costs.set(node, cost);
  }
}

/**
 * Moves an expensive node into an earlier loop that reads the same input, if the node is the only reason to keep that
 * input longer. For example, the slope of softplus moves next to softplus, so that later loops no longer need the
 * matrix product from which both are computed. The node takes the memory of the input, and the common parts are
 * computed once.
 */
function bringForward(draft: Draft): void {
  const visits = new Visits(draft);
  const orders = ordersOf(draft.groups);
  for (const group of draft.groups) {
    const { outer } = group;
    if (outer === undefined) continue;
    for (const node of [...visits.inside(group)].toReversed()) {
      const { form, shape } = node;
      const isCandidate = form.kind === 'map' && draft.isExpensive(node) && outerOf(node) === outer;
      if (!isCandidate || draft.isStored(node)) continue;
      const leaves = leavesInOrder(draft, node);
      const replaced = leaves?.filter(leaf => sameSizes(longAxes(leaf.shape), longAxes(shape))) ?? [];
      const [base] = replaced;
      if (!leaves || !base || replaced.length > 1) continue;
      const [secondLast, last] = visits.lastReaders(base, outer);
      if (!secondLast || last !== group || visits.stillReads(group, base, node)) continue;
      if (!leaves.every(leaf => (orders.get(leaf) as number) < secondLast.order)) continue;
      draft.store(node, secondLast);
      orders.set(node, secondLast.order);
      visits.refresh(node, secondLast);
    }
  }
}

/** The nodes that each group computes and reads, updated when a node is stored. */
class Visits {
  readonly #draft: Draft;
  readonly #inside = new Map<OpenGroup, Set<Node>>();
  readonly #read = new Map<OpenGroup, Set<Node>>();
  readonly #groupsComputing = new Map<Node, Set<OpenGroup>>();
  readonly #groupsReading = new Map<Node, Set<OpenGroup>>();

  constructor(draft: Draft) {
    this.#draft = draft;
    for (const group of draft.groups) this.#add(group);
  }

  inside(group: OpenGroup): ReadonlySet<Node> {
    return this.#inside.get(group) as Set<Node>;
  }

  /** The last two groups over an axis that read a node: first the one before the last, then the last; undefined if missing. */
  lastReaders(node: Node, outer: Size): [OpenGroup | undefined, OpenGroup | undefined] {
    let [secondLast, last]: [OpenGroup?, OpenGroup?] = [];
    for (const group of this.#groupsReading.get(node) ?? []) {
      if (group.outer !== outer) continue;
      if (!last || group.order > last.order) [secondLast, last] = [last, group];
      else if (!secondLast || group.order > secondLast.order) secondLast = group;
    }
    return [secondLast, last];
  }

  /** True if a group would read `base` if it did not compute `without`. */
  stillReads(group: OpenGroup, base: Node, without: Node): boolean {
    let reads = false;
    const read = (node: Node) => {
      if (node === base) reads = true;
    };
    this.#draft.visit(group, () => {}, read, without);
    return reads;
  }

  /** Updates the sets after `home` has stored a node, which later groups now read. */
  refresh(node: Node, home: OpenGroup): void {
    for (const group of new Set([home, ...(this.#groupsComputing.get(node) ?? [])])) {
      for (const inner of this.#inside.get(group) ?? []) this.#groupsComputing.get(inner)?.delete(group);
      for (const read of this.#read.get(group) ?? []) this.#groupsReading.get(read)?.delete(group);
      this.#add(group);
    }
  }

  #add(group: OpenGroup): void {
    const [inside, read] = [new Set<Node>(), new Set<Node>()];
    this.#draft.visit(
      group,
      node => inside.add(node),
      node => read.add(node),
    );
    this.#inside.set(group, inside);
    this.#read.set(group, read);
    for (const node of inside) groupSetOf(this.#groupsComputing, node).add(group);
    for (const node of read) groupSetOf(this.#groupsReading, node).add(group);
  }
}

function groupSetOf(groups: Map<Node, Set<OpenGroup>>, node: Node): Set<OpenGroup> {
  const set = groups.get(node) ?? new Set();
  groups.set(node, set);
  return set;
}

/** The stored nodes from which `node` is computed inline; undefined if one of the reads is not in order: {@link readsInOrder}. */
function leavesInOrder(draft: Draft, node: Node): Node[] | undefined {
  const leaves = new Set<Node>();
  const seen = new Set<Node>();
  const readsAllInOrder = (reader: Node): boolean =>
    reader.inputs.every((input, i) => {
      if (needsNoStep(input)) return true;
      if (!readsInOrder(reader, i)) return false;
      if (draft.isBarrier(input) || draft.isStored(input)) leaves.add(input);
      else if (!seen.has(input)) {
        seen.add(input);
        return readsAllInOrder(input);
      }
      return true;
    });
  return readsAllInOrder(node) ? [...leaves] : undefined;
}

/** The order of the last group that writes to each node. */
function ordersOf(groups: readonly OpenGroup[]): Map<Node, number> {
  const orders = new Map<Node, number>();
  for (const { matmul, roots, order } of groups) {
    for (const node of matmul ? [matmul] : roots.map(root => root.node)) {
      orders.set(node, Math.max(order, orders.get(node) ?? 0));
    }
  }
  return orders;
}
