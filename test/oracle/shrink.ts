import { interpreter, type Value } from 'posetape';
import { type Leaf, type Operand, type Program, recordSteps, type Step, written } from './program.ts';

/** Function that resolves to true if a program fails. */
export type Fails = (program: Program) => Promise<boolean>;

/** Finds a smaller program that also fails: it drops wanted values and steps and simplifies numbers, one at a time. */
export async function shrink(program: Program, fails: Fails, trials = 1500): Promise<Program> {
  let smallest = numbered(program);
  let left = trials;
  if (!(await fails(smallest))) return program;
  for (let found = true; found && left > 0; ) {
    found = false;
    for (const candidate of smaller(smallest)) {
      if (left-- <= 0) break;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}

/** Slightly smaller programs. Programs that drop the most come first. */
function* smaller(program: Program): Generator<Program> {
  const { leaves, steps, want, wrt, order } = program;
  const shapes = recordSteps(program).map(value => value?.shape);
  const outputs = want.length + (order > 0 ? 1 : 0);
  if (order > 0) {
    const { y: _, ...rest } = program;
    if (want.length > 0) yield numbered({ ...rest, wrt: [], order: 0 });
    else yield numbered({ ...rest, want: [program.y as number], wrt: [], order: 0 });
    if (order === 2) yield { ...program, order: 1 };
  }
  if (want.length > 0 && order > 0) yield numbered({ ...program, want: [] });
  for (const i of want.keys()) if (outputs > 1) yield numbered({ ...program, want: want.toSpliced(i, 1) });
  for (const i of wrt.keys()) if (wrt.length > 1) yield numbered({ ...program, wrt: wrt.toSpliced(i, 1) });

  // Want an operand of a wanted step instead.
  for (const [i, id] of want.entries()) {
    for (const each of steps[id - leaves.length]?.of ?? []) {
      if (typeof each === 'number' && leaves[each]?.is !== 'rows')
        yield numbered({ ...program, want: want.with(i, each) });
    }
  }
  // Replace the result of a step by one of its operands.
  const haveSameShape = (a: number, b: number) => shapes[a]?.join() === shapes[b]?.join();
  for (const [i, { of }] of steps.toReversed().entries()) {
    const id = leaves.length + steps.length - 1 - i;
    const instead = of.filter(
      each => typeof each === 'number' && haveSameShape(each, id) && !isIndex(leaves[each]),
    );
    for (const each of new Set(instead)) yield numbered(replaced(program, id, each as number));
  }
  // Differentiate an earlier value.
  const isSingle = (shape: readonly number[] | undefined) => shape?.every(length => length === 1);
  for (const [id, shape] of shapes.entries()) {
    if (
      order > 0 &&
      id !== program.y &&
      isSingle(shape) &&
      !isIndex(leaves[id]) &&
      id < (program.y as number)
    )
      yield numbered({ ...program, y: id });
  }
  // Replace a step by a leaf with the step's value.
  const values = recordSteps(program);
  const tensors = interpreter().run(values.filter(value => value !== undefined));
  const dataOf = new Map(values.filter(value => value !== undefined).map((value, i) => [value, tensors[i]]));
  for (const id of steps.keys()) {
    const value = values[leaves.length + id] as Value;
    const data = Array.from(dataOf.get(value)?.data ?? [], written);
    for (const is of ['constant', 'parameter'] as const) {
      yield numbered(program, new Map([[leaves.length + id, { is, shape: value.shape, data }]]));
    }
  }
  // Simplify leaves and literals.
  for (const [id, leaf] of leaves.entries()) yield* plainer(program, id, leaf);
  for (const [i, step] of steps.entries()) {
    for (const [k, each] of step.of.entries()) {
      if (typeof each !== 'string' || each === '1' || each === '2') continue;
      for (const number of ['1', '2']) {
        const of = step.of.map((operand, at) => (at === k ? number : operand));
        yield { ...program, steps: steps.map((other, at) => (at === i ? { ...step, of } : other)) };
      }
    }
  }
}

/** Programs in which one leaf is of a simpler kind or has plainer numbers. */
function* plainer(program: Program, id: number, leaf: Leaf): Generator<Program> {
  const { float32, ...rest } = leaf;
  const put = (other: Leaf) => ({
    ...program,
    leaves: program.leaves.map((each, i) => (i === id ? other : each)),
  });
  if (float32) yield put(rest);
  if (leaf.is === 'rows') yield put({ ...leaf, is: 'index' });
  if (leaf.is === 'fill' || isIndex(leaf)) return;
  if (leaf.is === 'parameter' && !program.wrt.includes(id)) yield put({ ...rest, is: 'constant' });
  const isPlain = (entry: unknown) => entry === 0 || entry === 1 || entry === 2;
  if (leaf.data.some(entry => !isPlain(entry))) yield put({ ...rest, data: leaf.data.map(() => 1) });
  for (const [k, entry] of leaf.data.entries()) {
    if (isPlain(entry)) continue;
    for (const number of [1, 0, 2]) yield put({ ...rest, data: leaf.data.with(k, number) });
  }
}

const isIndex = (leaf: Leaf | undefined) => leaf?.is === 'index' || leaf?.is === 'rows';

/** Program with one value replaced by another. */
function replaced(program: Program, id: number, instead: number): Program {
  const other = (each: number) => (each === id ? instead : each);
  return {
    ...program,
    steps: program.steps.map(step => ({
      ...step,
      of: step.of.map(each => (typeof each === 'number' ? other(each) : each)),
    })),
    want: program.want.map(other),
    wrt: [...new Set(program.wrt.map(other))],
    ...(program.y !== undefined && { y: other(program.y) }),
  };
}

/** The program without unused values, numbered anew. `substitutes` has leaves that replace steps, by the step's number. */
function numbered(program: Program, substitutes: ReadonlyMap<number, Leaf> = new Map()): Program {
  const { leaves, steps, want, wrt, y } = program;
  const entries = [...leaves, ...steps].map((entry, id) => substitutes.get(id) ?? entry);
  const needed = new Set([...want, ...wrt, ...(y === undefined ? [] : [y])]);
  for (const [id, entry] of [...entries.entries()].toReversed()) {
    if (!needed.has(id) || !('op' in entry)) continue;
    for (const each of entry.of) if (typeof each === 'number') needed.add(each);
  }
  const ids = [...entries.keys()].filter(id => needed.has(id));
  const isLeaf = (id: number) => !('op' in (entries[id] as Leaf | Step));
  const ordered = [...ids.filter(isLeaf), ...ids.filter(id => !isLeaf(id))];
  const number = new Map(ordered.map((id, at) => [id, at]));
  const renumbered = (id: number) => number.get(id) as number;
  const operand = (each: Operand) => (typeof each === 'number' ? renumbered(each) : each);
  return {
    leaves: ids.filter(isLeaf).map(id => entries[id] as Leaf),
    steps: ids
      .filter(id => !isLeaf(id))
      .map(id => entries[id] as Step)
      .map(step => ({ ...step, of: step.of.map(operand) })),
    want: want.map(renumbered),
    ...(y !== undefined && { y: renumbered(y) }),
    wrt: wrt.map(renumbered),
    order: program.order,
  };
}
