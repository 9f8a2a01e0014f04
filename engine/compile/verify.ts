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
 * it is read, and stores do not collide. It runs on every plan in tests, and on demand.
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
        if (ref.kind === 'buffer' && !step.reads.includes(ref.number)) fail(`does not name b${ref.number}`);
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

function hasStart(expr: Expr): boolean {
  return expr.kind === 'start' || expr.args.some(hasStart);
}

type Fail = (what: string) => never;

function verifyLoop(plan: Plan, step: LoopStep, fail: Fail): void {
  for (const sink of step.sinks) {
    const { shape } = plan.buffers[sink.buffer] as Plan['buffers'][number];
    if (!step.writes.includes(sink.buffer)) fail(`does not name b${sink.buffer}, which it writes`);
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

/** A store must have its own place in each iteration: its index must contain the index of each loop. */
function verifyStores({ kind, path, at, buffer }: Sink, fail: Fail): void {
  if (kind !== 'store') return;
  for (let depth = 1; depth <= path.length; depth++) {
    const loop = path.slice(0, depth);
    const isThere = at.some(index => mentions(index, loop));
    if (!isThere) fail(`stores b${buffer} at one place in each iteration over ${loop}`);
  }
}

function mentions(expr: Expr, loop: Path): boolean {
  if (expr.kind === 'index') return sameSizes(expr.path, loop);
  return (expr.kind === 'plus' || expr.kind === 'times') && expr.args.some(arg => mentions(arg, loop));
}

const argumentTypes: Partial<Record<Expr['kind'], readonly Type[]>> = {
  select: ['condition', 'real', 'real'],
  indicator: ['condition'],
  plus: ['whole', 'whole'],
  times: ['whole', 'whole'],
  load: ['whole'],
};

function verifyExprs(plan: Plan, { sinks, reads }: LoopStep, fail: Fail): void {
  walkExprs(
    sinks.flatMap(({ at, value }) => [...at, value]),
    expr => {
      for (const [i, arg] of expr.args.entries()) {
        if (arg.id >= expr.id) fail(`${expr.kind} is older than its argument`);
        const isIndex = expr.kind === 'entry' || expr.kind === 'plus' || expr.kind === 'times';
        const wanted = isIndex ? 'whole' : (argumentTypes[expr.kind]?.[i] ?? 'real');
        const isCount = wanted === 'whole' && arg.kind === 'constant' && Number.isInteger(arg.value);
        if (wanted !== typeOf(arg) && !isCount) fail(`${expr.kind} takes ${wanted}, got ${arg.kind}`);
        const inside = isFold(expr) && i === 0 ? expr.inner : expr.path;
        if (!sameSizes(arg.path, inside.slice(0, arg.path.length))) fail(`${expr.kind} is out of its loop`);
      }
      if (expr.kind === 'entry') {
        if (expr.args.length !== expr.shape.length) fail('an entry has as many indices as axes');
        const { kind, number } = expr.of;
        if (kind === 'buffer' && !reads.includes(number)) fail(`does not name b${number}, which it reads`);
        if (kind === 'input' && !plan.inputs[number]) fail(`there is no input ${number}`);
        for (const [axis, size] of expr.shape.entries()) {
          if (size === one && expr.args[axis]?.kind === 'index') fail('an axis of length 1 has a loop');
        }
      }
      if (expr.kind === 'constant' && typeof expr.value !== 'number') fail('a constant is no number');
    },
  );
  for (const { at, value } of sinks) {
    if (typeOf(value) !== 'real') fail(`a ${typeOf(value)} leaves it`);
    for (const index of at) {
      if (typeOf(index) !== 'whole' && index.kind !== 'constant') fail(`a position is ${typeOf(index)}`);
    }
  }
}

/** Each expression is written before it is used, in a block around the use. */
function verifyScope(step: LoopStep, fail: Fail): void {
  const check = (statements: readonly Statement[], around: ReadonlySet<Expr>, loops: Path): void => {
    const known = new Set(around);
    const use = (expr: Expr) => {
      if (expr.kind === 'entry') fail('an entry is not flattened');
      const isThere = known.has(expr) || expr.kind === 'constant';
      if (!isThere) fail(`${expr.kind} is used before it is there`);
    };
    for (const statement of statements) {
      usesOf(statement).forEach(use);
      switch (statement.kind) {
        case 'let':
          if (statement.expr.path.length > loops.length) fail(`${statement.expr.kind} is out of its loop`);
          known.add(statement.expr);
          break;
        case 'term':
          if (!sameSizes(statement.fold.inner, loops)) fail('a term is out of its loop');
          break;
        case 'sink':
          if (!sameSizes(statement.sink.path, loops)) fail('a sink is out of its loop');
          break;
        case 'branch':
          if (typeOf(statement.condition) !== 'condition') fail('a branch asks no condition');
          check(statement.body, known, loops);
          break;
        case 'loop':
          if (!sameSizes(statement.path.slice(0, -1), loops)) fail('a loop is out of its loop');
          check(statement.body, known, statement.path);
          for (const fold of statement.folds) known.add(fold);
      }
    }
  };
  check(step.body, new Set(), []);
  const outer = new Set(step.body.flatMap(each => (each.kind === 'loop' ? [each.path[0]] : [])));
  if (outer.size > 1) fail(`has loops over ${outer.size} axes`);
  const sinks = count(step.body);
  if (sinks !== step.sinks.length) fail(`has ${sinks} of ${step.sinks.length} sinks in its statements`);
  for (const sink of step.sinks) if (isWholeFold(sink) && sink.path.length === 0) fail('folds over no loop');
}

function count(statements: readonly Statement[]): number {
  let sinks = 0;
  for (const statement of statements) {
    if (statement.kind === 'sink') sinks++;
    if (statement.kind === 'loop' || statement.kind === 'branch') sinks += count(statement.body);
  }
  return sinks;
}

/** @throws Error if two buffers overlap while both are needed, or one reaches past the end */
export function verifyLayout(plan: Plan, { offsets, length }: Layout, lengths: readonly number[]): void {
  const last = new Map<number, number>();
  const first = new Map<number, number>();
  for (const [at, { reads, writes }] of plan.steps.entries()) {
    for (const buffer of [...reads, ...writes]) last.set(buffer, at);
    for (const buffer of writes) if (!first.has(buffer)) first.set(buffer, at);
  }
  for (const buffer of plan.wanted) last.set(buffer, plan.steps.length);
  const places = [...first].map(([buffer, from]) => ({
    buffer,
    from,
    to: last.get(buffer) as number,
    begin: offsets[buffer] as number,
    end: (offsets[buffer] as number) + (lengths[buffer] as number),
  }));
  for (const [i, a] of places.entries()) {
    if (a.end > length) throw new Error(`verify: b${a.buffer} lies beyond the arena`);
    for (const b of places.slice(i + 1)) {
      const meet = a.from <= b.to && b.from <= a.to && Math.max(a.begin, b.begin) < Math.min(a.end, b.end);
      if (meet) throw new Error(`verify: b${a.buffer} and b${b.buffer} lie in the same place`);
    }
  }
}
