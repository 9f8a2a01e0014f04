import { type Expr, type Expressions, type Path, zeroUnless } from './expression.ts';
import type { Sink, Statement } from './plan.ts';

/** Something an iteration must bring about: a sink, or a term of a sum that the loop around it wants. */
type Target = { readonly path: Path } & (
  | { readonly kind: 'sink'; readonly sink: Sink }
  | { readonly kind: 'term'; readonly fold: Expr; readonly value: Expr }
  /** A value that what follows needs. */
  | { readonly kind: 'need'; readonly value: Expr }
);

/** Orders the sinks of a loop nest, and all they need, into statements: each at the outermost place where it is known. */
export function statementsOf(sinks: readonly Sink[], expressions: Expressions): Statement[] {
  const targets = sinks.map((sink): Target => ({ kind: 'sink', path: sink.path, sink }));
  return blockOf([], targets, new Set(), { expressions, known: new Set(), outside: [] });
}

/** All that leaves a loop nest. */
export function sinksOf(statements: readonly Statement[]): Sink[] {
  return statements.flatMap((statement): Sink[] => {
    if (statement.kind === 'sink') return [statement.sink];
    return statement.kind === 'loop' || statement.kind === 'branch' ? sinksOf(statement.body) : [];
  });
}

/** What the blocks of one nest share. */
interface Nest {
  readonly expressions: Expressions;
  /** What has its place already. */
  readonly known: Set<Expr>;
  /** What an inner block found that it needs from further out: it is placed right before the loop. */
  outside: Expr[];
}

const wantedOf = (target: Target): Expr => (target.kind === 'sink' ? target.sink.value : target.value);

function needsOf(target: Target): Expr[] {
  if (target.kind !== 'sink') return [target.value];
  const { kind, position, value } = target.sink;
  return kind.startsWith('fold') ? [value] : [position, value];
}

/**
 * One block: the targets at or inside `path`. What an inner loop's sum is needed for comes after that loop, in another
 * phase; an inner loop needed in two phases is written twice.
 */
function blockOf(
  path: Path,
  targets: readonly Target[],
  available: ReadonlySet<Expr>,
  nest: Nest,
): Statement[] {
  const masked = maskedBlock(path, targets, available, nest);
  if (masked) return masked;

  const reached = reachable(path, targets, available);
  const phases = new Map<Expr, number>();
  const phaseOf = (expr: Expr): number => {
    if (!reached.has(expr)) return 0;
    const before = phases.get(expr);
    if (before !== undefined) return before;
    const isFoldHere = expr.inner !== undefined && expr.path.length === path.length;
    const phase = Math.max(0, ...expr.args.map(phaseOf)) + (isFoldHere ? 1 : 0);
    phases.set(expr, phase);
    return phase;
  };
  const phaseOfTarget = (target: Target) => Math.max(0, ...needsOf(target).map(phaseOf));
  const here = [...reached].filter(expr => expr.path.length === path.length).sort((a, b) => a.id - b.id);
  const folds = here.filter(expr => expr.inner !== undefined);
  const last = [...here.map(phaseOf), ...targets.map(phaseOfTarget)].reduce((a, b) => Math.max(a, b), 0);

  const statements: Statement[] = [];
  const place = (expr: Expr) => {
    nest.known.add(expr);
    if (expr.inner === undefined) statements.push({ kind: 'let', expr });
  };
  for (let phase = 0; phase <= last; phase++) {
    for (const expr of here) if (phaseOf(expr) === phase) place(expr);
    const due = targets.filter(target => phaseOfTarget(target) === phase);
    for (const target of due) {
      if (target.path.length === path.length) statements.push(...statementOf(target));
    }
    const inner: Target[] = due.filter(target => target.path.length > path.length);
    for (const fold of folds) {
      if (phaseOf(fold) === phase + 1) {
        inner.push({ kind: 'term', path: fold.inner as Path, fold, value: fold.args[0] as Expr });
      }
    }
    const loops = loopsOf(path, inner, nest);
    for (const expr of nest.outside) if (expr.path.length === path.length) place(expr);
    nest.outside = nest.outside.filter(expr => expr.path.length < path.length);
    statements.push(...loops);
  }
  return statements;
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
      path.length === 0 && target.kind === 'sink' && target.sink.kind.startsWith('fold') ? [target.sink] : [],
    );
    return {
      kind: 'loop',
      path: loop,
      folds,
      registers,
      body: blockOf(loop, inside, new Set(), nest),
    };
  });
}

/** What the targets need that is computed at or inside `path`. */
function reachable(path: Path, targets: readonly Target[], available: ReadonlySet<Expr>): Set<Expr> {
  const reached = new Set<Expr>();
  const visit = (expr: Expr) => {
    if (reached.has(expr) || available.has(expr) || expr.path.length < path.length) return;
    for (const arg of expr.args) visit(arg);
    reached.add(expr);
  };
  for (const target of targets) for (const need of needsOf(target)) visit(need);
  return reached;
}

/** Where one condition makes every term of an innermost block zero: the condition, and a branch around the rest. */
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
  const fromOutside = [...reachable([], inside, nest.known)].filter(expr => expr.path.length < path.length);
  nest.outside = [...new Set([...nest.outside, ...fromOutside])].sort((a, b) => a.id - b.id);
  const body = blockOf(path, inside, new Set([...available, ...tested]), nest);
  return [...before, { kind: 'branch', condition, body }];
}
