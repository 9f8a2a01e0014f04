import type { Value } from '../tape.ts';
import { type FusedLoop, fused, roundedNodes } from './fuse.ts';
import { type Graph, graphOf } from './graph.ts';
import { type Guesses, guessesInOrder, isUnsure, noGuesses } from './guesses.ts';
import type { ArrayRef, Clear, LoopStep, MatmulStep, Plan, PlanBuffer, Step, Taint } from './ir.ts';
import { baseOf, type Node } from './node.ts';
import { ordered } from './order.ts';
import { type Group, type Schedule, scheduleOf } from './schedule.ts';
import { longAxes, type Size } from './sizes.ts';
import { type Storage, storageOf } from './storage.ts';
import type { Structure } from './structure.ts';

/* The passes: graph → storage → schedule → fuse → order. Each is a function of the outputs of the passes before it. */

/** Options of {@link planOf}. */
export interface PlanOptions {
  /** True if the plan may guess: see guesses.ts. Its results are then right only if they are finite. Default false. */
  readonly guesses?: boolean;
  /** Called with the output of each pass. */
  readonly onPasses?: (passes: Passes) => void;
}

/** The output of each pass on the way to a plan. */
export interface Passes {
  readonly graph: Graph;
  readonly storage: Storage;
  readonly schedule: Schedule;
  readonly loops: ReadonlyMap<Group, FusedLoop>;
  readonly plan: Plan;
}

/** Functions called with each new plan; tests add the verifier. */
export const planListeners: Set<(plan: Plan) => void> = new Set();

/** Makes the plan of a structure from a tape that has this structure. */
export function planOf(
  live: readonly Value[],
  wanted: readonly Value[],
  structure: Structure,
  { guesses = false, onPasses }: PlanOptions = {},
): Plan {
  for (const attempt of guesses ? guessesInOrder : [noGuesses]) {
    const passes = passesOf(live, wanted, structure, attempt);
    if (!passes) continue;
    for (const listen of planListeners) listen(passes.plan);
    onPasses?.(passes);
    return passes.plan;
  }
  throw new Error('plan: a plan without guesses cannot be unsure');
}

/** The output of all passes; undefined if a wrong guess could go unnoticed. */
function passesOf(
  live: readonly Value[],
  wanted: readonly Value[],
  structure: Structure,
  guesses: Guesses,
): Passes | undefined {
  const rounds = structure.precision === 'float32';
  const graph = graphOf(live, wanted, structure, guesses.exchanged);
  const storage = storageOf(graph);
  const schedule = scheduleOf(graph, storage);
  const buffers = new BufferTable();
  const rounded = rounds ? roundedNodes(graph, schedule.stored) : new Set<Node>();
  const setting = { graph, schedule, buffers, guesses, rounds, rounded };
  const loops = new Map<Group, FusedLoop>();
  const steps: Step[] = [];
  const cleared = new Set<Node>();
  for (const group of schedule.groups) {
    if (group.matmul) {
      steps.push(matmulStep(group.matmul, graph, buffers));
      continue;
    }
    const loop = fused(group, setting);
    if (isUnsure(loop.sinks)) return undefined;
    loops.set(group, loop);
    steps.push(loopStep(group, loop, buffers, cleared));
  }
  const sections = sectionsOf(graph, schedule, loops);
  const plan: Plan = {
    steps,
    ...(sections.length > 0 && { sections }),
    buffers: buffers.list,
    inputs: graph.inputs.map(({ liveIndex, type, isDouble }, number) => ({
      liveIndex,
      ref: { kind: 'input', number, type },
      isDouble,
    })),
    wanted: graph.wanted.map(node => buffers.idOf(node)),
    isGuess: buffers.taints.size > 0,
  };
  return { graph, storage, schedule, loops, plan };
}

/** The steps at which a backward pass through a checkpoint begins, or one of its inputs is complete, ascending. */
function sectionsOf(
  { nodes }: Graph,
  { groups }: Schedule,
  loops: ReadonlyMap<Group, FusedLoop>,
): readonly number[] {
  const begun = new Set<readonly Node[]>();
  const completeAt = new Map<Node, number>();
  const sections = new Set<number>();
  for (const group of groups) {
    const { order, matmul, roots } = group;
    for (const waits of matmul ? [matmul.after] : (loops.get(group)?.waits ?? [])) {
      if (!waits || begun.has(waits)) continue;
      begun.add(waits);
      sections.add(order);
    }
    for (const node of matmul ? [matmul] : roots.map(root => root.node)) completeAt.set(node, order + 1);
  }
  for (const { after, inputs } of nodes) {
    for (const input of after ? inputs : []) {
      const base = baseOf(input);
      const end = base.after === after ? undefined : completeAt.get(base);
      if (end !== undefined && end < groups.length) sections.add(end);
    }
  }
  return [...sections].sort((a, b) => a - b);
}

/** The buffers of a plan, numbered in the order in which nodes are first looked up. */
class BufferTable {
  readonly list: PlanBuffer[] = [];
  readonly taints: Map<number, Taint> = new Map();
  readonly #ids = new Map<Node, number>();

  idOf(node: Node): number {
    let id = this.#ids.get(node);
    if (id === undefined) {
      id = this.list.length;
      this.list.push({ id, shape: node.shape, name: node.name });
      this.#ids.set(node, id);
    }
    return id;
  }
}

/** Orders the loop of a group and makes it a step. */
function loopStep(
  { roots }: Group,
  { sinks, expressions, reads, ops }: FusedLoop,
  buffers: BufferTable,
  cleared: Set<Node>,
): LoopStep {
  const clears: Clear[] = [];
  for (const { node } of roots) {
    const number = clearedTo(node);
    if (number === undefined || cleared.has(node)) continue;
    cleared.add(node);
    clears.push({ buffer: buffers.idOf(node), number });
  }
  return {
    kind: 'loop',
    sinks,
    body: ordered(sinks, expressions, {
      offsetOf: buffer => expressions.offset(buffer),
      shapeOf: buffer => (buffers.list[buffer] as PlanBuffer).shape,
    }),
    clears,
    reads: [...reads],
    writes: [...new Set(roots.map(({ node }) => buffers.idOf(node)))],
    ops: [...ops],
  };
}

/** The number that fills a buffer before loops accumulate a sum or maximum in it; undefined for other buffers. */
function clearedTo({ form, shape }: Node): number | undefined {
  if (form.kind === 'scatter') return form.overlaps ? (form.isMaximum ? -Infinity : 0) : undefined;
  if (form.kind !== 'reduce' || longAxes(shape).length === 0) return undefined;
  return form.reducer === 'sum' ? 0 : -Infinity;
}

/** Makes a matrix product a step. */
function matmulStep(node: Node, { inputs }: Graph, buffers: BufferTable): MatmulStep {
  if (node.form.kind !== 'matmul') throw new Error(`plan: ${node.name} is not a matrix product`);
  const { transposeA, transposeB } = node.form;
  const refOf = (input: Node): ArrayRef => {
    const base = baseOf(input);
    if (base.form.kind !== 'leaf') return { kind: 'buffer', number: buffers.idOf(base), type: 'real' };
    return { kind: 'input', number: base.form.input, type: inputs[base.form.input]?.type ?? 'real' };
  };
  const [a, b] = node.inputs.map(refOf) as [ArrayRef, ArrayRef];
  const product = buffers.idOf(node);
  const reads = [a, b].flatMap(({ kind, number }) => (kind === 'buffer' ? [number] : []));
  // NaN·0 and ∞·0 are NaN, so a matrix product passes wrong guesses on.
  const taint = Math.max(0, ...reads.map(buffer => buffers.taints.get(buffer) ?? 0)) as Taint;
  if (taint > 0) buffers.taints.set(product, taint);
  const [rows, columns] = (node.inputs[0] as Node).shape.slice(-2) as [Size, Size];
  const [m, n] = node.shape.slice(-2) as [Size, Size];
  const batch = node.shape.slice(0, -2);
  const k = transposeA ? rows : columns;
  return {
    kind: 'matmul',
    ...{ a, b, transposeA, transposeB, batch, m, k, n },
    clears: [],
    reads: [...new Set(reads)],
    writes: [product],
  };
}
