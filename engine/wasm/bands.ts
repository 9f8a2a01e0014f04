import type { Expr } from '../compile/expression.ts';
import type { LoopStep, MatmulStep, Plan, Sink, Statement, Step } from '../compile/plan.ts';
import { sinksOf } from '../compile/statements.ts';
import { one, type Size } from '../compile/structure.ts';

/*
 * Steps that run over the same outermost axis are run together, a band of rows at a time: what one leaves, the next finds
 * in the cache, and what only its neighbours need is never there whole. A matrix product takes part by the rows of its
 * left operand, or, where that is transposed, by the rows that it sums over.
 */

/** How a step takes part in a pass. */
export type Part =
  | { readonly kind: 'loop'; readonly step: LoopStep }
  /** The rows of C = A·B, or of A·Bᵀ. */
  | { readonly kind: 'rows'; readonly step: MatmulStep }
  /** The terms of C = Aᵀ·B. */
  | { readonly kind: 'terms'; readonly step: MatmulStep }
  /** All at once. */
  | { readonly kind: 'whole'; readonly step: MatmulStep };

/** Steps that run band by band over one axis, or a single step that does not. */
export interface Pass {
  readonly parts: readonly Part[];
  readonly axis: Size | undefined;
  /** Buffers of which there is never more than a band. */
  readonly local: ReadonlySet<number>;
}

/** What is known of a step. */
interface Candidate {
  readonly place: number;
  readonly part: Part;
  readonly axis: Size | undefined;
  /** The steps that must be over, or be band by band with it, before it. */
  readonly needs: readonly number[];
  /** Buffers read at the row of the iteration only; and written so, each row whole. */
  readonly ownReads: ReadonlySet<number>;
  readonly ownWrites: ReadonlySet<number>;
}

/** Puts the steps of a plan into passes, in an order in which each finds what it needs. */
export function passesOf(plan: Plan): Pass[] {
  const candidates = plan.steps.map((step, place) => candidateOf(plan, step, place));
  const passes: Candidate[][] = [];
  const done = new Set<number>();
  while (done.size < candidates.length) {
    const next = nextPass(candidates, done);
    for (const { place } of next) done.add(place);
    passes.push(next);
  }
  return passes.map(members => ({
    parts: members.map(({ part }) => part),
    axis: members[0]?.axis,
    local: localTo(members, candidates, plan),
  }));
}

/**
 * The pass to run next. One that could take in more steps if others ran first is put off: of edges and atoms, the atoms'
 * steps run first, as far as they go.
 */
function nextPass(candidates: readonly Candidate[], done: ReadonlySet<number>): Candidate[] {
  const ready = candidates.filter(each => !done.has(each.place) && each.needs.every(need => done.has(need)));
  const single = ready.find(({ axis }) => axis === undefined);
  if (single) return [single];
  const axes = [...new Set(ready.map(({ axis }) => axis as Size))];
  const now = axes.map(axis => joined(candidates, done, axis));
  const best = axes.findIndex((axis, i) => {
    const later = joined(candidates, exhausted(candidates, done, axis), axis);
    return later.length <= (now[i] as Candidate[]).length;
  });
  return now[Math.max(best, 0)] as Candidate[];
}

/** All that can be done without the steps of one axis. */
function exhausted(candidates: readonly Candidate[], done: ReadonlySet<number>, without: Size): Set<number> {
  const found = new Set(done);
  for (const { place, axis, needs } of candidates) {
    if (!found.has(place) && axis !== without && needs.every(need => found.has(need))) found.add(place);
  }
  return found;
}

/** The steps over an axis that can run together now. */
function joined(candidates: readonly Candidate[], done: ReadonlySet<number>, axis: Size): Candidate[] {
  const members: Candidate[] = [];
  for (const each of candidates) {
    if (done.has(each.place) || each.axis !== axis) continue;
    const fits = each.needs.every(need => {
      if (done.has(need)) return true;
      const before = members.find(({ place }) => place === need);
      return before !== undefined && isInStep(before, each);
    });
    if (fits) members.push(each);
  }
  return members;
}

/** Whether a later step reads of an earlier one no more than the rows of the band. */
function isInStep(before: Candidate, after: Candidate): boolean {
  const { reads } = after.part.step;
  return before.part.step.writes.every(
    buffer => !reads.includes(buffer) || (before.ownWrites.has(buffer) && after.ownReads.has(buffer)),
  );
}

function localTo(members: readonly Candidate[], all: readonly Candidate[], { wanted }: Plan): Set<number> {
  const written = members.flatMap(({ ownWrites }) => [...ownWrites]);
  const isLocal = (buffer: number) =>
    !wanted.includes(buffer) &&
    all.every(each => {
      const touches = each.part.step.reads.includes(buffer);
      return !touches || (members.includes(each) && each.ownReads.has(buffer));
    });
  return new Set(written.filter(isLocal));
}

function candidateOf(plan: Plan, step: Step, place: number): Candidate {
  const needs = plan.steps.slice(0, place).flatMap(({ writes }, earlier) => {
    const touches = (buffer: number) => step.reads.includes(buffer) || step.writes.includes(buffer);
    return writes.some(touches) ? [earlier] : [];
  });
  return { place, needs, ...(step.kind === 'loop' ? ofLoop(plan, step) : ofMatmul(step)) };
}

type Own = Pick<Candidate, 'part' | 'axis' | 'ownReads' | 'ownWrites'>;

function ofMatmul(step: MatmulStep): Own {
  const { a, b, m, k, transposeA, transposeB, batch, writes } = step;
  const buffers = (...operands: (typeof a)[]) =>
    new Set(operands.flatMap(({ kind, number }) => (kind === 'buffer' ? [number] : [])));
  const isSingle = batch.every(size => size === one);
  if (isSingle && !transposeA && m !== one) {
    // Not where the left operand is the right one too, which must be there whole.
    const ownReads = new Set([...buffers(a)].filter(buffer => !buffers(b).has(buffer)));
    return { part: { kind: 'rows', step }, axis: m, ownReads, ownWrites: new Set(writes) };
  }
  if (isSingle && transposeA && !transposeB && k !== one) {
    return { part: { kind: 'terms', step }, axis: k, ownReads: buffers(a, b), ownWrites: new Set() };
  }
  return { part: { kind: 'whole', step }, axis: undefined, ownReads: new Set(), ownWrites: new Set() };
}

function ofLoop({ buffers }: Plan, step: LoopStep): Own {
  const part = { kind: 'loop', step } as const;
  const loops = step.body.filter(({ kind }) => kind === 'loop');
  const [loop] = loops;
  if (loops.length !== 1 || loop?.kind !== 'loop')
    return { part, axis: undefined, ownReads: new Set(), ownWrites: new Set() };
  const axis = loop.path[0] as Size;
  const shapeOf = (buffer: number) => (buffers[buffer] as Plan['buffers'][number]).shape;
  const isOwn = (position: Expr) => {
    const terms = termsOf(position);
    const offset = terms.find(({ kind }) => kind === 'offset');
    return offset !== undefined && isOwnRow(terms, shapeOf(offset.number), axis);
  };
  const ownReads = new Set(step.reads);
  for (const position of positionsRead(step.body)) {
    if (!isOwn(position))
      ownReads.delete(termsOf(position).find(({ kind }) => kind === 'offset')?.number ?? -1);
  }
  const sinks = sinksOf(step.body);
  const isScattered = (buffer: number) =>
    (buffers[buffer] as Plan['buffers'][number]).node.form.kind === 'scatter';
  const ownWrites = sinks
    .filter(({ kind, buffer, position }) => kind === 'store' && !isScattered(buffer) && isOwn(position))
    .map(({ buffer }) => buffer);
  return { part, axis, ownReads, ownWrites: new Set(ownWrites) };
}

/** The terms of a sum. */
function termsOf(expr: Expr): Expr[] {
  return expr.kind === 'plus' ? expr.args.flatMap(termsOf) : [expr];
}

/** Whether a position lies in the row of its buffer that the outermost loop is at: its index times a row, and no further. */
function isOwnRow(terms: readonly Expr[], shape: readonly Size[], axis: Size): boolean {
  const [first, ...rest] = shape.filter(size => size !== one);
  if (first !== axis) return false;
  const isOuter = (expr: Expr) => expr.kind === 'index' && expr.path.length === 1;
  let rows = 0;
  for (const term of terms) {
    if (term.kind === 'offset') continue;
    const factors = factorsOf(term);
    const [index, ...strides] = [...factors].sort(
      (a, b) => Number(b.kind === 'index') - Number(a.kind === 'index'),
    );
    if (index?.kind !== 'index' || strides.some(({ kind }) => kind !== 'size')) return false;
    if (!isOuter(index)) continue;
    const sizes = strides.map(({ number }) => number).sort((a, b) => a - b);
    if (`${sizes}` !== `${rest.toSorted((a, b) => a - b)}`) return false;
    rows++;
  }
  return rows === 1;
}

function factorsOf(expr: Expr): Expr[] {
  return expr.kind === 'times' ? expr.args.flatMap(factorsOf) : [expr];
}

/** The positions of all loads in a loop nest. */
function positionsRead(statements: readonly Statement[]): Set<Expr> {
  const found = new Set<Expr>();
  const seen = new Set<Expr>();
  const visit = (expr: Expr) => {
    if (seen.has(expr)) return;
    seen.add(expr);
    if (expr.kind === 'load') found.add(expr.args[0] as Expr);
    for (const arg of expr.args) visit(arg);
  };
  const walk = (list: readonly Statement[]) => {
    for (const statement of list) {
      if (statement.kind === 'let') visit(statement.expr);
      else if (statement.kind === 'sink') visit(statement.sink.value);
      else if (statement.kind === 'term') visit(statement.value);
      else {
        if (statement.kind === 'branch') visit(statement.condition);
        walk(statement.body);
      }
    }
  };
  walk(statements);
  return found;
}

/** Buffers by what loops do to them. */
export interface Folds {
  /** A loop adds to them. */
  readonly sums: ReadonlySet<number>;
  /** Single numbers: the sum of a whole loop nest, and the maximum. */
  readonly whole: ReadonlySet<number>;
  readonly maxima: ReadonlySet<number>;
}

export function foldsOf({ steps }: Plan): Folds {
  const sinks = steps.flatMap(step => (step.kind === 'loop' ? sinksOf(step.body) : []));
  const where = (holds: (sink: Sink) => boolean) => new Set(sinks.filter(holds).map(({ buffer }) => buffer));
  return {
    sums: where(({ kind }) => kind === 'fold-sum' || kind === 'add'),
    whole: where(({ kind }) => kind === 'fold-sum'),
    maxima: where(({ kind }) => kind === 'fold-largest'),
  };
}
