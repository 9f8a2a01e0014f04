import { Builder, type Kind, type Node, sizeOf } from './builder.ts';
import type { OpName, Program } from './program.ts';
import type { Random } from './random.ts';
import { opNames, recipes } from './recipes.ts';

export interface DrawOptions {
  /** Ops of the first steps. Each step uses the result of the step before it, if that fits. Default: none. */
  readonly first?: readonly OpName[];
  /** Maximal number of steps to draw; recipes and the objective add more. Default 7. */
  readonly steps?: number;
}

/** Draws a random program, which is valid by construction. */
export function draw(random: Random, { first = [], steps = 7 }: DrawOptions = {}): Program {
  const builder = new Builder(random, kindOf(random));
  const count = random.whole(Math.max(1, first.length), steps);
  const leaves = random.whole(1, 3);
  for (let i = 0; i < leaves; i++) builder.fresh(builder.anyShape(), i === 0 ? 'parameter' : undefined);
  for (let i = 0; i < count; i++) {
    if (i > 0 && i < first.length) builder.favourNewest();
    recipes[first[i] ?? random.pick(opNames)](builder);
    if (i < first.length) continue;
    if (random.chance(0.15)) view(builder);
    if (random.chance(0.15)) recipes.where(builder);
  }
  return withObjective(builder);
}

/** Adds a view. Views are drawn more often than other ops, since executors fuse them into the code of other steps. */
function view(builder: Builder): void {
  const names = ['reshape', 'transpose', 'slice', 'pad', 'expandDims', 'broadcastTo', 'concat'] as const;
  recipes[builder.random.pick(names)](builder);
}

function kindOf(random: Random): Kind {
  const share = random.unit();
  if (share < 0.55) return 'plain';
  if (share < 0.75) return 'ties';
  return share < 0.92 ? 'special' : 'extreme';
}

/** Adds an objective, chooses the wanted values, and returns the program. */
function withObjective(builder: Builder): Program {
  const { random } = builder;
  const order = random.chance(0.12) ? 0 : builder.kind === 'extreme' || random.chance(0.5) ? 1 : 2;
  const unused = builder.unused();
  const y = order === 0 ? undefined : objective(builder, unused);
  const values = builder.values();
  const favoured = [...unused, ...(y ? [y, y] : [])];
  const count = order === 0 ? random.whole(1, 4) : random.whole(0, 3);
  const want = Array.from({ length: count }, () =>
    random.pick(favoured.length > 0 && random.chance(0.7) ? favoured : values),
  );
  if (want.length > 0 && random.chance(0.15)) want.push(want[0] as Node);
  const wrt = builder.parameters().filter(() => random.chance(0.85));
  // At second order, the gradient by a result depends on whether rules use the result or its operands.
  const others = values.filter(
    ({ isIndex, origin }) => !isIndex && (origin === 'leaf' || (origin === 'map' && order === 1)),
  );
  if (order > 0 && (wrt.length === 0 || random.chance(0.1))) wrt.push(random.pick(others));
  return builder.program({ want, y, wrt: order > 0 ? [...new Set(wrt)] : [], order });
}

/** Value with one entry: an existing value, or a sum of unused values, some of which are weighted. */
function objective(builder: Builder, unused: readonly Node[]): Node {
  const { random } = builder;
  const single = builder.values().filter(({ isIndex, shape }) => !isIndex && sizeOf(shape) === 1);
  if (single.length > 0 && random.chance(0.15)) return random.pick(single);
  const real = unused.filter(({ isIndex }) => !isIndex);
  const terms = random.chance(0.6) ? real : real.slice(-1);
  const totals = (terms.length > 0 ? terms : builder.parameters().slice(0, 1)).map(term => {
    if (term.shape.length === 0 && random.chance(0.7)) return term;
    const weighted = random.chance(0.5)
      ? builder.add('mul', [term, builder.fresh(term.shape, 'constant', 'tame')])
      : term;
    return builder.add('sum', [weighted], { axis: undefined, keepDims: undefined }, []);
  });
  return totals.reduce((total, each) => builder.add('add', [total, each]));
}
