import type { Expressions } from './expressions.ts';
import {
  type Expr,
  isFiniteNumber,
  isFold,
  isWholeFold,
  type Path,
  type Sink,
  type Statement,
  walkExprs,
} from './ir.ts';
import type { Size } from './sizes.ts';

/*
 * The pass that orders a loop's expressions: indices become positions, each expression is computed in the outermost
 * block where its arguments are available, and code masked by a condition is put in a branch.
 */

/** The shape of each buffer, and its offset in the arena as an expression. */
export interface BufferLocations {
  offsetOf(buffer: number): Expr;
  shapeOf(buffer: number): readonly Size[];
}

/** The sinks of a loop nest, and all expressions they need, as statements. */
export function ordered(
  sinks: readonly Sink[],
  expressions: Expressions,
  buffers: BufferLocations,
): Statement[] {
  const offsetOf = (buffer: number) => buffers.offsetOf(buffer);
  const flat = expressions.flattened(sinks, offsetOf).map(sink => {
    const { buffer, at } = sink;
    return { ...sink, at: [expressions.position(buffers.shapeOf(buffer), at, offsetOf(buffer))] };
  });
  return blockOf([], flat.map(goalOf), new Set(), { expressions, emitted: new Set(), outside: [] });
}

const goalOf = (sink: Sink): Goal => ({ kind: 'sink', path: sink.path, sink });

/** A sink, a term or an expression that a block must provide. */
type Goal = { readonly path: Path } & (
  | { readonly kind: 'sink'; readonly sink: Sink }
  /** A term of a sum or maximum that the loop around it needs. */
  | {
      readonly kind: 'term';
      readonly fold: Extract<Statement, { kind: 'term' }>['fold'];
      readonly value: Expr;
    }
  /** A value that later statements need. */
  | { readonly kind: 'need'; readonly value: Expr }
);

/** The state that the blocks of one nest share. */
interface Nest {
  readonly expressions: Expressions;
  /** The expressions emitted so far. */
  readonly emitted: Set<Expr>;
  /** Expressions of outer blocks that only an inner block needs; they are emitted right before its loop. */
  outside: Expr[];
}

/** The expression whose value a goal needs. */
const wantedOf = (goal: Goal): Expr => (goal.kind === 'sink' ? goal.sink.value : goal.value);

/** All expressions that a goal needs, including the position of a sink. */
function needsOf(goal: Goal): readonly Expr[] {
  if (goal.kind !== 'sink') return [goal.value];
  const { sink } = goal;
  return isWholeFold(sink) ? [sink.value] : [...sink.at, sink.value];
}

/**
 * The statements of a block, which provide the goals at or inside `path`. Whatever needs an inner loop's sum comes after
 * that loop, in a later phase. An inner loop needed in two phases is written twice. `available` has the expressions of
 * this loop that are defined already.
 */
function blockOf(path: Path, goals: readonly Goal[], available: ReadonlySet<Expr>, nest: Nest): Statement[] {
  const masked = maskedBlock(path, goals, available, nest);
  if (masked) return masked;

  const phases = new Map<Expr, number>();
  const here: Expr[] = [];
  for (const expr of reachable(path, goals, available)) {
    // The phases of the arguments are already known, since arguments come first.
    const delay = isFold(expr) && expr.path.length === path.length ? 1 : 0;
    let phase = delay;
    for (const arg of expr.args) phase = Math.max(phase, delay + (phases.get(arg) ?? 0));
    phases.set(expr, phase);
    if (expr.path.length === path.length) here.push(expr);
  }
  here.sort((a, b) => a.id - b.id);
  const phaseOf = (exprs: readonly Expr[]) =>
    exprs.reduce((latest, expr) => Math.max(latest, phases.get(expr) ?? 0), 0);

  const exprsIn = grouped(here, expr => phases.get(expr) ?? 0);
  const goalsIn = grouped(goals, goal => phaseOf(needsOf(goal)));
  const lastPhase = Math.max(exprsIn.length, goalsIn.length) - 1;
  const statements: Statement[] = [];
  const emit = (expr: Expr) => {
    nest.emitted.add(expr);
    if (!isFold(expr)) statements.push({ kind: 'let', expr });
  };
  for (let phase = 0; phase <= Math.max(lastPhase, 0); phase++) {
    exprsIn[phase]?.forEach(emit);
    const due = goalsIn[phase] ?? [];
    for (const goal of due) {
      if (goal.path.length === path.length) statements.push(...statementOf(goal));
    }
    const inner: Goal[] = due.filter(goal => goal.path.length > path.length);
    for (const fold of exprsIn[phase + 1] ?? []) {
      if (isFold(fold)) inner.push({ kind: 'term', path: fold.inner, fold, value: fold.args[0] as Expr });
    }
    const loops = loopsOf(path, inner, nest);
    for (const expr of nest.outside) if (expr.path.length === path.length) emit(expr);
    nest.outside = nest.outside.filter(expr => expr.path.length < path.length);
    statements.push(...loops);
  }
  return statements;
}

/** Groups items by a whole number from 0. */
function grouped<T>(items: readonly T[], numberOf: (item: T) => number): (T[] | undefined)[] {
  const groups: (T[] | undefined)[] = [];
  for (const item of items) {
    const number = numberOf(item);
    const group = groups[number];
    if (group) group.push(item);
    else groups[number] = [item];
  }
  return groups;
}

function statementOf(goal: Goal): Statement[] {
  switch (goal.kind) {
    case 'sink':
      return [{ kind: 'sink', sink: goal.sink }];
    case 'term':
      return [{ kind: 'term', fold: goal.fold, value: goal.value }];
    case 'need':
      return [];
  }
}

/** The loops right inside `path` that the goals lie in. */
function loopsOf(path: Path, goals: readonly Goal[], nest: Nest): Statement[] {
  const byLoop = new Map<string, Goal[]>();
  for (const goal of goals) {
    const loop = `${goal.path.slice(0, path.length + 1)}`;
    const inside = byLoop.get(loop);
    if (inside) inside.push(goal);
    else byLoop.set(loop, [goal]);
  }
  return [...byLoop.values()].map(inside => {
    const loop = (inside[0] as Goal).path.slice(0, path.length + 1);
    const folds = inside.flatMap(goal => (goal.kind === 'term' ? [goal.fold] : []));
    const registers = inside.flatMap(goal =>
      path.length === 0 && goal.kind === 'sink' && isWholeFold(goal.sink) ? [goal.sink] : [],
    );
    return { kind: 'loop', path: loop, folds, registers, body: blockOf(loop, inside, new Set(), nest) };
  });
}

/** The expressions computed at or inside `path` that the goals need, arguments first. */
function reachable(path: Path, goals: readonly Goal[], available: ReadonlySet<Expr>): Set<Expr> {
  const reached = new Set<Expr>();
  walkExprs(
    goals.flatMap(needsOf),
    expr => reached.add(expr),
    expr => !available.has(expr) && expr.path.length >= path.length,
  );
  return reached;
}

/** A branch around an innermost block whose terms are all masked by one condition; undefined if there is none. */
function maskedBlock(
  path: Path,
  goals: readonly Goal[],
  available: ReadonlySet<Expr>,
  nest: Nest,
): Statement[] | undefined {
  if (path.length === 0 || goals.length === 0) return undefined;
  const isSum = (goal: Goal) => {
    if (goal.path.length !== path.length || goal.kind === 'need') return false;
    if (goal.kind === 'term') return goal.fold.kind === 'sum';
    return goal.sink.kind === 'add' || goal.sink.kind === 'fold-sum';
  };
  if (!goals.every(isSum)) return undefined;
  const cache = new Map<Expr, ReadonlySet<Expr>>();
  const [first, ...rest] = goals.map(goal => zeroUnless(wantedOf(goal), cache));
  const condition = [...(first ?? [])].find(
    candidate => candidate.path.length === path.length && rest.every(others => others.has(candidate)),
  );
  if (!condition) return undefined;

  const need: Goal = { kind: 'need', path, value: condition };
  const tested = reachable(path, [need], available);
  const test = blockOf(path, [need], available, nest);
  const assumed = new Map<Expr, Expr>();
  const inside = goals.map((goal): Goal => {
    const value = nest.expressions.assume(wantedOf(goal), condition, assumed);
    return goal.kind === 'sink' ? { ...goal, sink: { ...goal.sink, value } } : { ...goal, value };
  });
  const fromOutside = [...reachable([], inside, nest.emitted)].filter(expr => expr.path.length < path.length);
  nest.outside = [...new Set([...nest.outside, ...fromOutside])].sort((a, b) => a.id - b.id);
  const body = blockOf(path, inside, new Set([...available, ...tested]), nest);
  return [...test, { kind: 'branch', condition, body }];
}

const none: ReadonlySet<Expr> = new Set();

/**
 * The conditions that must all hold for an expression not to be 0: if any of them is false, the expression is exactly
 * 0, whatever its inputs.
 */
export function zeroUnless(expr: Expr, cache: Map<Expr, ReadonlySet<Expr>> = new Map()): ReadonlySet<Expr> {
  const cached = cache.get(expr);
  if (cached) return cached;
  const conditionsOf = (arg: Expr | undefined) => zeroUnless(arg as Expr, cache);
  const [a, b, c] = expr.args;
  let result = none;
  switch (expr.kind) {
    case 'neg':
    case 'round':
      result = conditionsOf(a);
      break;
    case 'mul':
      // A masked product is 0 if its first factor is 0. A product with a finite number is 0 if the other factor is 0.
      // Any other product may be NaN.
      if (expr.guess === 'masked' || isFiniteNumber(b)) result = conditionsOf(a);
      else if (isFiniteNumber(a)) result = conditionsOf(b);
      break;
    case 'add':
    case 'sub': {
      const others = conditionsOf(b);
      result = new Set([...conditionsOf(a)].filter(condition => others.has(condition)));
      break;
    }
    case 'select': {
      const [factor] = maskOf(expr);
      if (factor) return conditionsOf(factor);
      // The selection is 0 if the condition is false and the second branch is 0, or if both branches are 0.
      const [yes, no] = [isZero(b) ? undefined : conditionsOf(b), isZero(c) ? undefined : conditionsOf(c)];
      const both = yes && no ? [...yes].filter(condition => no.has(condition)) : [...(yes ?? no ?? none)];
      result = new Set([...(isZero(c) ? [a as Expr] : []), ...both]);
      break;
    }
    default:
  }
  cache.set(expr, result);
  return result;
}

/**
 * A list of the factor that masks the product in a selection, as in `scaled`: the selection is 0 where the factor is 0.
 * The list is empty for other selections.
 */
function maskOf({ args: [condition, yes, no] }: Expr): Expr[] {
  if (condition?.kind !== 'equal' || no?.kind !== 'mul' || !isZero(yes)) return [];
  const [factor, zero] = condition.args;
  return isZero(zero) && no.args.includes(factor as Expr) ? [factor as Expr] : [];
}

function isZero(expr: Expr | undefined): boolean {
  return expr?.kind === 'constant' && Object.is(expr.value, 0);
}
