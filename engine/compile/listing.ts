import { numberText } from './algebra.ts';
import type { FusedLoop } from './fuse.ts';
import { type Expr, isAtom, isFold, type Path, type Sink, type Statement, walkExprs } from './ir.ts';
import type { Node, Placement } from './node.ts';
import type { Passes } from './plan.ts';
import { one, type Size } from './sizes.ts';

/* The output of each pass as text. */

/** The output of every pass on the way from a tape to a plan. */
export function listingOf({ graph, storage, schedule, loops, plan }: Passes): string {
  const graphLines = graph.nodes.map(
    node => `${nodeName(node)} = ${formText(node)} ${shapeText(node.shape)}${waitText(node)}`,
  );
  const storedLines = graph.nodes
    .filter(node => storage.stored.has(node))
    .map(
      node =>
        `${nodeName(node)} ${node.name}${storage.barriers.has(node) ? ', complete after its loop' : ''}`,
    );
  const groupLines = schedule.groups.map(({ order, roots, matmul }) => {
    if (matmul) return `${order}: matrix product ${nodeName(matmul)}`;
    const rootTexts = roots.map(
      ({ node, part, space }) =>
        `${nodeName(node)}${node.form.kind === 'scatter' ? ` part ${part}` : ''} over ${shapeText(space)}`,
    );
    return `${order}: ${rootTexts.join(', ')}`;
  });
  const fusedTexts = [...loops].map(([{ order }, loop]) => `${order}:\n${indented(fusedText(loop))}`);
  const orderedTexts = plan.steps.map((step, order) => {
    if (step.kind === 'matmul') return `${order}: matrix product`;
    return `${order}:\n${indented(statementLines(step.body).join('\n'))}`;
  });
  return [
    section('graph: the live values, equal ones merged', graphLines),
    section('storage: the nodes with a buffer', storedLines),
    section('schedule: the loops, and the nodes each stores', groupLines),
    section('fuse: the expressions and sinks of each loop', fusedTexts),
    section('order: the statements of each loop', orderedTexts),
  ].join('\n\n');
}

function section(title: string, lines: readonly string[]): string {
  return [title, ...lines.map(indented)].join('\n');
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}

const nodeName = ({ id }: Node): string => `%${id}`;

function waitText({ after }: Node): string {
  return after ? `, after ${after.map(nodeName).join(' and ')}` : '';
}

function sizeText(size: Size): string {
  if (size < 0) return `m${-1 - size}`;
  return size === one ? '1' : `n${size}`;
}

function shapeText(shape: readonly Size[]): string {
  return `[${shape.map(sizeText).join(', ')}]`;
}

function formText({ form, inputs, name }: Node): string {
  const from = inputs.map(nodeName).join(', ');
  switch (form.kind) {
    case 'leaf':
      return `${name} (input ${form.input})`;
    case 'fill':
      return `${name} of ${numberText(form.number)}`;
    case 'reduce':
      return `${form.reducer} of ${from} over axes ${form.axes.join(', ')}`;
    case 'scatter':
      return `${name} of ${inputs.map((input, i) => `${nodeName(input)} ${placementText(form.placements[i] as Placement)}`).join(', ')}`;
    default:
      return from ? `${name} of ${from}` : name;
  }
}

function placementText(placement: Placement): string {
  if (placement.kind === 'rows') return `at rows ${nodeName(placement.index)}`;
  return `from (${placement.starts.map(start => (start === undefined ? 0 : `start ${start}`)).join(', ')})`;
}

/** The expressions of a loop by name, then its sinks. */
function fusedText({ sinks }: FusedLoop): string {
  const lines: string[] = [];
  walkExprs(
    sinks.flatMap(({ at, value }) => [...at, value]),
    expr => {
      if (!isInline(expr)) lines.push(`e${expr.id} = ${exprText(expr)}`);
    },
  );
  return [...lines, ...sinks.map(sinkText)].join('\n');
}

function isInline(expr: Expr): boolean {
  return isAtom(expr) || expr.kind === 'truth';
}

function named(expr: Expr): string {
  return isInline(expr) ? exprText(expr) : `e${expr.id}`;
}

function exprText(expr: Expr): string {
  const args = expr.args.map(named).join(', ');
  switch (expr.kind) {
    case 'constant':
      return numberText(expr.value);
    case 'truth':
      return `${expr.value}`;
    case 'index':
      return indexText(expr.path);
    case 'size':
      return sizeText(expr.size);
    case 'start':
      return `start ${expr.start}`;
    case 'offset':
      return `start of b${expr.buffer}`;
    case 'entry':
    case 'load':
      return `${expr.array.kind === 'buffer' ? 'b' : 'x'}${expr.array.number}[${args}]`;
    case 'sum':
    case 'largest':
      return `${expr.kind} over ${indexText(expr.inner)} of ${args}`;
    case 'mul':
      return `${expr.guess ? `${expr.guess} ` : ''}mul(${args})`;
    case 'special':
      return `${expr.f.name}(${args})`;
    default:
      return `${expr.kind}(${args})`;
  }
}

function indexText(path: Path): string {
  return 'ijkl'[path.length - 1] ?? `i${path.length}`;
}

const signs = { store: '=', add: '+=', largest: 'max=', 'fold-sum': '+=', 'fold-largest': 'max=' };

function sinkText({ kind, buffer, at, value }: Sink): string {
  return `b${buffer}[${at.map(named).join(', ')}] ${signs[kind]} ${named(value)}`;
}

function statementLines(statements: readonly Statement[]): string[] {
  return statements.flatMap(linesOf);
}

function linesOf(statement: Statement): string[] {
  switch (statement.kind) {
    case 'let':
      return isInline(statement.expr) ? [] : [`e${statement.expr.id} = ${exprText(statement.expr)}`];
    case 'sink':
      return [sinkText(statement.sink)];
    case 'term':
      return [
        `e${statement.fold.id} ${statement.fold.kind === 'sum' ? '+=' : 'max='} ${named(statement.value)}`,
      ];
    case 'branch':
      return [`if ${named(statement.condition)}:`, ...statementLines(statement.body).map(indented)];
    case 'loop': {
      const initial = statement.folds
        .filter(isFold)
        .map(fold => `e${fold.id} = ${fold.kind === 'sum' ? '0' : '-Infinity'}`);
      const head = `for ${indexText(statement.path)} in ${sizeText(statement.path.at(-1) as Size)}:`;
      return [...initial, head, ...statementLines(statement.body).map(indented)];
    }
  }
}
