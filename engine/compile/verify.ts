import {
  type Expr,
  isFold,
  isWholeFold,
  type LoopStep,
  type Path,
  type Plan,
  type Sink,
  type Statement,
  type Type,
  typeOf,
  usesOf,
  walkExprs,
} from './ir.ts';
import type { Layout } from './layout.ts';
import { one, sameSizes } from './sizes.ts';

/*
 * A check of plans: types fit, each expression is defined before it is used and in scope, each buffer is written before
 * it is read, and no two stores write the same entry. In tests it runs on every plan.
 */

/** @throws Error naming the step and the fault */
export function verify(plan: Plan): void {
  const written = new Set<number>();
  const stored = new Set<number>();
  const added = new Set<number>();
  for (const [at, step] of plan.steps.entries()) {
    const fail = (what: string): never => {
      throw new Error(`verify: step ${at} (${step.kind === 'loop' ? step.ops : 'matmul'}): ${what}`);
    };
    for (const buffer of step.reads) {
      if (!written.has(buffer)) fail(`reads b${buffer} before it is written`);
      if (step.writes.includes(buffer)) fail(`reads b${buffer} while it is written`);
    }
    for (const { buffer } of step.clears) {
      if (written.has(buffer)) fail(`clears b${buffer} after it was written`);
      if (!step.writes.includes(buffer)) fail(`clears b${buffer}, which it does not write`);
    }
    for (const buffer of step.writes) {
      if (added.has(buffer) && !stored.has(buffer)) continue;
      if (stored.has(buffer) && !isStoredInParts(plan, buffer)) fail(`stores b${buffer} again`);
    }
    if (step.kind === 'matmul') {
      for (const ref of [step.a, step.b]) {
        if (ref.type !== 'real') fail('multiplies an index');
        if (ref.kind === 'buffer' && !step.reads.includes(ref.number))
          fail(`does not list b${ref.number}, which it reads`);
      }
    } else {
      verifyLoop(plan, step, fail);
    }
    for (const buffer of step.writes) {
      written.add(buffer);
      const adds = step.kind === 'loop' && step.sinks.some(sink => sink.buffer === buffer && combines(sink));
      (adds ? added : stored).add(buffer);
    }
  }
  for (const buffer of plan.wanted) {
    if (!written.has(buffer)) throw new Error(`verify: the wanted b${buffer} is never written`);
  }
}

/** True if a sink combines its entry with the number in the buffer. */
function combines({ kind }: Sink): boolean {
  return kind === 'add' || kind === 'largest';
}

/** True if a buffer is stored part by part, at starts that depend on the pose. */
function isStoredInParts(plan: Plan, buffer: number): boolean {
  return plan.steps.every(
    step =>
      step.kind === 'matmul' || step.sinks.every(sink => sink.buffer !== buffer || sink.at.some(hasStart)),
  );
}

/** True if an index contains a start that depends on the pose. */
function hasStart(expr: Expr): boolean {
  return expr.kind === 'start' || expr.args.some(hasStart);
}

type Fail = (what: string) => never;

/** Checks the sinks of a loop, its expressions and its statements. */
function verifyLoop(plan: Plan, step: LoopStep, fail: Fail): void {
  for (const sink of step.sinks) {
    const { shape } = plan.buffers[sink.buffer] as Plan['buffers'][number];
    if (!step.writes.includes(sink.buffer)) fail(`does not list b${sink.buffer}, which it writes`);
    if (sink.at.length !== shape.length) fail(`writes b${sink.buffer} at ${sink.at.length} indices`);
    if (
      combines(sink) &&
      !plan.steps.some(({ clears }) => clears.some(({ buffer }) => buffer === sink.buffer))
    )
      fail(`adds to b${sink.buffer}, which nothing clears`);
    verifyStores(sink, fail);
  }
  for (const buffer of step.writes) {
    const kinds = new Set(step.sinks.filter(sink => sink.buffer === buffer).map(({ kind }) => kind));
    if (kinds.size !== 1) fail(`writes b${buffer} by ${[...kinds].join(' and ') || 'nothing'}`);
    const sinks = step.sinks.filter(sink => sink.buffer === buffer);
    if (sinks.length > 1 && kinds.has('store') && !sinks.every(({ at }) => at.some(hasStart)))
      fail(`stores b${buffer} twice`);
  }
  verifyExprs(plan, step, fail);
  verifyScope(step, fail);
}

/** Checks that a store writes a different entry in each iteration: its index must contain the index of each loop. */
function verifyStores({ kind, path, at, buffer }: Sink, fail: Fail): void {
  if (kind !== 'store') return;
  for (let depth = 1; depth <= path.length; depth++) {
    const loop = path.slice(0, depth);
    const varies = at.some(index => mentions(index, loop));
    if (!varies) fail(`stores the same entry of b${buffer} in each iteration over ${loop}`);
  }
}

/** True if an index contains the index of a loop. */
function mentions(expr: Expr, loop: Path): boolean {
  if (expr.kind === 'index') return sameSizes(expr.path, loop);
  return (expr.kind === 'plus' || expr.kind === 'times') && expr.args.some(arg => mentions(arg, loop));
}

/** The types of arguments, for operations whose arguments are not all real. */
const argumentTypes: Partial<Record<Expr['kind'], readonly Type[]>> = {
  select: ['condition', 'real', 'real'],
  indicator: ['condition'],
  plus: ['whole', 'whole'],
  times: ['whole', 'whole'],
  load: ['whole'],
};

/** Checks the types of expressions, and that arguments are computed in the same loop or an outer one. */
function verifyExprs(plan: Plan, { sinks, reads }: LoopStep, fail: Fail): void {
  walkExprs(
    sinks.flatMap(({ at, value }) => [...at, value]),
    expr => {
      for (const [i, arg] of expr.args.entries()) {
        if (arg.id >= expr.id) fail(`${expr.kind} is older than its argument`);
        const isIndex = expr.kind === 'entry' || expr.kind === 'plus' || expr.kind === 'times';
        const expected = isIndex ? 'whole' : (argumentTypes[expr.kind]?.[i] ?? 'real');
        const isWholeConstant =
          expected === 'whole' && arg.kind === 'constant' && Number.isInteger(arg.value);
        if (expected !== typeOf(arg) && !isWholeConstant)
          fail(`${expr.kind} takes ${expected}, got ${arg.kind}`);
        const inside = isFold(expr) && i === 0 ? expr.inner : expr.path;
        if (!sameSizes(arg.path, inside.slice(0, arg.path.length))) fail(`${expr.kind} is outside its loop`);
      }
      if (expr.kind === 'entry') {
        if (expr.args.length !== expr.shape.length) fail('an entry needs one index for each axis');
        const { kind, number } = expr.array;
        if (kind === 'buffer' && !reads.includes(number)) fail(`does not list b${number}, which it reads`);
        if (kind === 'input' && !plan.inputs[number]) fail(`there is no input ${number}`);
        for (const [axis, size] of expr.shape.entries()) {
          if (size === one && expr.args[axis]?.kind === 'index') fail('an axis of length 1 needs no loop');
        }
      }
      if (expr.kind === 'constant' && typeof expr.value !== 'number') fail('a constant is not a number');
    },
  );
  for (const { at, value } of sinks) {
    if (typeOf(value) !== 'real') fail(`stores a ${typeOf(value)}`);
    for (const index of at) {
      if (typeOf(index) !== 'whole' && index.kind !== 'constant') fail(`a position is ${typeOf(index)}`);
    }
  }
}

/** Checks that each expression is defined before it is used, in a block around the use. */
function verifyScope(step: LoopStep, fail: Fail): void {
  const check = (statements: readonly Statement[], around: ReadonlySet<Expr>, loops: Path): void => {
    const defined = new Set(around);
    const use = (expr: Expr) => {
      if (expr.kind === 'entry') fail('an entry is not flattened');
      const isDefined = defined.has(expr) || expr.kind === 'constant';
      if (!isDefined) fail(`${expr.kind} is used before it is defined`);
    };
    for (const statement of statements) {
      usesOf(statement).forEach(use);
      switch (statement.kind) {
        case 'let':
          if (statement.expr.path.length > loops.length) fail(`${statement.expr.kind} is outside its loop`);
          defined.add(statement.expr);
          break;
        case 'term':
          if (!sameSizes(statement.fold.inner, loops)) fail('a term is outside its loop');
          break;
        case 'sink':
          if (!sameSizes(statement.sink.path, loops)) fail('a sink is outside its loop');
          break;
        case 'branch':
          if (typeOf(statement.condition) !== 'condition') fail('the test of a branch is not a condition');
          check(statement.body, defined, loops);
          break;
        case 'loop':
          if (!sameSizes(statement.path.slice(0, -1), loops)) fail('a loop is in the wrong loop');
          check(statement.body, defined, statement.path);
          for (const fold of statement.folds) defined.add(fold);
      }
    }
  };
  check(step.body, new Set(), []);
  const outer = new Set(
    step.body.flatMap(statement => (statement.kind === 'loop' ? [statement.path[0]] : [])),
  );
  if (outer.size > 1) fail(`has loops over ${outer.size} axes`);
  const sinks = countSinks(step.body);
  if (sinks !== step.sinks.length) fail(`has ${sinks} of ${step.sinks.length} sinks in its statements`);
  for (const sink of step.sinks) if (isWholeFold(sink) && sink.path.length === 0) fail('folds over no loop');
}

/** The number of sinks in some statements. */
function countSinks(statements: readonly Statement[]): number {
  let sinks = 0;
  for (const statement of statements) {
    if (statement.kind === 'sink') sinks++;
    if (statement.kind === 'loop' || statement.kind === 'branch') sinks += countSinks(statement.body);
  }
  return sinks;
}

/** @throws Error if two buffers overlap while both are needed, or one reaches past the end of the arena */
export function verifyLayout(plan: Plan, { offsets, length }: Layout, lengths: readonly number[]): void {
  const last = new Map<number, number>();
  const first = new Map<number, number>();
  for (const [at, { reads, writes }] of plan.steps.entries()) {
    for (const buffer of [...reads, ...writes]) last.set(buffer, at);
    for (const buffer of writes) if (!first.has(buffer)) first.set(buffer, at);
  }
  for (const buffer of plan.wanted) last.set(buffer, plan.steps.length);
  const spans = [...first].map(([buffer, from]) => ({
    buffer,
    from,
    to: last.get(buffer) as number,
    begin: offsets[buffer] as number,
    end: (offsets[buffer] as number) + (lengths[buffer] as number),
  }));
  for (const [i, a] of spans.entries()) {
    if (a.end > length) throw new Error(`verify: b${a.buffer} reaches past the end of the arena`);
    for (const b of spans.slice(i + 1)) {
      const overlap = a.from <= b.to && b.from <= a.to && Math.max(a.begin, b.begin) < Math.min(a.end, b.end);
      if (overlap) throw new Error(`verify: b${a.buffer} and b${b.buffer} overlap`);
    }
  }
}
