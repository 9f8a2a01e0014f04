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
 * The pass that puts a loop's expressions into an order: indices become positions, each expression is placed at the
 * outermost block where it is known, and what a condition masks goes into a branch.
 */

/** The place of each buffer, and its shape. */
export interface Places {
  offsetOf(buffer: number): Expr;
  shapeOf(buffer: number): readonly Size[];
}

/** Orders the sinks of a loop nest, and all they need, into statements. */
export function ordered(sinks: readonly Sink[], expressions: Expressions, places: Places): Statement[] {
  const offsetOf = (buffer: number) => places.offsetOf(buffer);
  const flat = expressions.flattened(sinks, offsetOf).map(sink => {
    const { buffer, at } = sink;
    return { ...sink, at: [expressions.position(places.shapeOf(buffer), at, offsetOf(buffer))] };
  });
  return blockOf([], flat.map(targetOf), new Set(), { expressions, placed: new Set(), outside: [] });
}

const targetOf = (sink: Sink): Target => ({ kind: 'sink', path: sink.path, sink });

/** Something an iteration must do. */
type Target = { readonly path: Path } & (
  | { readonly kind: 'sink'; readonly sink: Sink }
  /** A term of a sum that the loop around it wants. */
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
  readonly placed: Set<Expr>;
  /** Expressions from further out that an inner block found it needs: placed right before the loop. */
  outside: Expr[];
}

const wantedOf = (target: Target): Expr => (target.kind === 'sink' ? target.sink.value : target.value);

function needsOf(target: Target): readonly Expr[] {
  if (target.kind !== 'sink') return [target.value];
  const { sink } = target;
  return isWholeFold(sink) ? [sink.value] : [...sink.at, sink.value];
}

/**
 * One block: the targets at or inside `path`. What needs an inner loop's sum comes after that loop, in another phase; an
 * inner loop needed in two phases is written twice.
 */
function blockOf(
  path: Path,
  targets: readonly Target[],
  available: ReadonlySet<Expr>,
  nest: Nest,
): Statement[] {
  const masked = maskedBlock(path, targets, available, nest);
  if (masked) return masked;

  const phases = new Map<Expr, number>();
  const here: Expr[] = [];
  for (const expr of reachable(path, targets, available)) {
    // Arguments come first.
    let phase = isFold(expr) && expr.path.length === path.length ? 1 : 0;
    const own = phase;
    for (const arg of expr.args) phase = Math.max(phase, own + (phases.get(arg) ?? 0));
    phases.set(expr, phase);
    if (expr.path.length === path.length) here.push(expr);
  }
  here.sort((a, b) => a.id - b.id);
  const phaseOf = (exprs: readonly Expr[]) =>
    exprs.reduce((latest, expr) => Math.max(latest, phases.get(expr) ?? 0), 0);

  const exprsIn = grouped(here, expr => phases.get(expr) ?? 0);
  const targetsIn = grouped(targets, target => phaseOf(needsOf(target)));
  const last = Math.max(exprsIn.length, targetsIn.length) - 1;
  const statements: Statement[] = [];
  const place = (expr: Expr) => {
    nest.placed.add(expr);
    if (!isFold(expr)) statements.push({ kind: 'let', expr });
  };
  for (let phase = 0; phase <= Math.max(last, 0); phase++) {
    exprsIn[phase]?.forEach(place);
    const due = targetsIn[phase] ?? [];
    for (const target of due) {
      if (target.path.length === path.length) statements.push(...statementOf(target));
    }
    const inner: Target[] = due.filter(target => target.path.length > path.length);
    for (const fold of exprsIn[phase + 1] ?? []) {
      if (isFold(fold)) inner.push({ kind: 'term', path: fold.inner, fold, value: fold.args[0] as Expr });
    }
    const loops = loopsOf(path, inner, nest);
    for (const expr of nest.outside) if (expr.path.length === path.length) place(expr);
    nest.outside = nest.outside.filter(expr => expr.path.length < path.length);
    statements.push(...loops);
  }
  return statements;
}

/** Groups things by a whole number from 0. */
function grouped<T>(things: readonly T[], numberOf: (thing: T) => number): (T[] | undefined)[] {
  const groups: (T[] | undefined)[] = [];
  for (const thing of things) {
    const number = numberOf(thing);
    const group = groups[number];
    if (group) group.push(thing);
    else groups[number] = [thing];
  }
  return groups;
}

function statementOf(target: Target): Statement[] {
  switch (target.kind) {
    case 'sink':
      return [{ kind: 'sink', sink: target.sink }];
    case 'term':
      return [{ kind: 'term', fold: target.fold, value: target.value }];
    case 'need':
      return [];
  }
}

/** The loops right inside `path` that the targets lie in. */
function loopsOf(path: Path, targets: readonly Target[], nest: Nest): Statement[] {
  const byLoop = new Map<string, Target[]>();
  for (const target of targets) {
    const loop = `${target.path.slice(0, path.length + 1)}`;
    const inside = byLoop.get(loop);
    if (inside) inside.push(target);
    else byLoop.set(loop, [target]);
  }
  return [...byLoop.values()].map(inside => {
    const loop = (inside[0] as Target).path.slice(0, path.length + 1);
    const folds = inside.flatMap(target => (target.kind === 'term' ? [target.fold] : []));
    const registers = inside.flatMap(target =>
      path.length === 0 && target.kind === 'sink' && isWholeFold(target.sink) ? [target.sink] : [],
    );
    return { kind: 'loop', path: loop, folds, registers, body: blockOf(loop, inside, new Set(), nest) };
  });
}

/** The expressions computed at or inside `path` that the targets need, arguments first. */
function reachable(path: Path, targets: readonly Target[], available: ReadonlySet<Expr>): Set<Expr> {
  const reached = new Set<Expr>();
  walkExprs(
    targets.flatMap(needsOf),
    expr => reached.add(expr),
    expr => !available.has(expr) && expr.path.length >= path.length,
  );
  return reached;
}

/** A branch around an innermost block of which one condition masks every term; undefined if none does. */
function maskedBlock(
  path: Path,
  targets: readonly Target[],
  available: ReadonlySet<Expr>,
  nest: Nest,
): Statement[] | undefined {
  if (path.length === 0 || targets.length === 0) return undefined;
  const isSum = (target: Target) => {
    if (target.path.length !== path.length || target.kind === 'need') return false;
    if (target.kind === 'term') return target.fold.kind === 'sum';
    return target.sink.kind === 'add' || target.sink.kind === 'fold-sum';
  };
  if (!targets.every(isSum)) return undefined;
  const known = new Map<Expr, ReadonlySet<Expr>>();
  const [first, ...rest] = targets.map(target => zeroUnless(wantedOf(target), known));
  const condition = [...(first ?? [])].find(
    each => each.path.length === path.length && rest.every(others => others.has(each)),
  );
  if (!condition) return undefined;

  const need: Target = { kind: 'need', path, value: condition };
  const tested = reachable(path, [need], available);
  const before = blockOf(path, [need], available, nest);
  const assumed = new Map<Expr, Expr>();
  const inside = targets.map((target): Target => {
    const value = nest.expressions.assume(wantedOf(target), condition, assumed);
    return target.kind === 'sink' ? { ...target, sink: { ...target.sink, value } } : { ...target, value };
  });
  const fromOutside = [...reachable([], inside, nest.placed)].filter(expr => expr.path.length < path.length);
  nest.outside = [...new Set([...nest.outside, ...fromOutside])].sort((a, b) => a.id - b.id);
  const body = blockOf(path, inside, new Set([...available, ...tested]), nest);
  return [...before, { kind: 'branch', condition, body }];
}

const none: ReadonlySet<Expr> = new Set();

/** The conditions without which an expression is exactly 0, whatever else it holds. */
export function zeroUnless(expr: Expr, known: Map<Expr, ReadonlySet<Expr>> = new Map()): ReadonlySet<Expr> {
  const before = known.get(expr);
  if (before) return before;
  const of = (arg: Expr | undefined) => zeroUnless(arg as Expr, known);
  const [a, b, c] = expr.args;
  let result = none;
  switch (expr.kind) {
    case 'neg':
    case 'round':
      result = of(a);
      break;
    case 'mul':
      // A masked product is 0 where its first factor is, one by a finite number where the other is; any other may be NaN.
      if (expr.guess === 'masked' || isFiniteNumber(b)) result = of(a);
      else if (isFiniteNumber(a)) result = of(b);
      break;
    case 'add':
    case 'sub': {
      const others = of(b);
      result = new Set([...of(a)].filter(condition => others.has(condition)));
      break;
    }
    case 'select': {
      const [factor] = maskOf(expr);
      if (factor) return of(factor);
      // 0 where the condition does not hold, and where both branches are 0 if not.
      const [yes, no] = [isZero(b) ? undefined : of(b), isZero(c) ? undefined : of(c)];
      const both = yes && no ? [...yes].filter(condition => no.has(condition)) : [...(yes ?? no ?? none)];
      result = new Set([...(isZero(c) ? [a as Expr] : []), ...both]);
      break;
    }
    default:
  }
  known.set(expr, result);
  return result;
}

/** The factor of a product that is 0 where that is: the shape of `scaled`. */
function maskOf({ args: [condition, yes, no] }: Expr): Expr[] {
  if (condition?.kind !== 'equal' || no?.kind !== 'mul' || !isZero(yes)) return [];
  const [factor, zero] = condition.args;
  return isZero(zero) && no.args.includes(factor as Expr) ? [factor as Expr] : [];
}

function isZero(expr: Expr | undefined): boolean {
  return expr?.kind === 'constant' && Object.is(expr.value, 0);
}
