import type { Expr } from './expression.ts';
import type { Statement } from './plan.ts';

/** How often each value of a loop nest is used, and how many loops deep at most. */
export class Uses {
  readonly #uses = new Map<Expr, { count: number; depth: number }>();

  constructor(body: readonly Statement[]) {
    this.#count(body, 0);
  }

  /** Whether it is used more than once, or inside a deeper loop: all else is written where it is used. */
  needsLocal(expr: Expr): boolean {
    const uses = this.#uses.get(expr);
    return !isAtom(expr) && uses !== undefined && (uses.count > 1 || uses.depth !== expr.path.length);
  }

  #count(statements: readonly Statement[], depth: number): void {
    const use = (expr: Expr) => {
      const uses = this.#uses.get(expr) ?? { count: 0, depth };
      this.#uses.set(expr, { count: uses.count + 1, depth: Math.max(uses.depth, depth) });
    };
    for (const statement of statements) {
      switch (statement.kind) {
        case 'let':
          for (const arg of statement.expr.args) use(arg);
          break;
        case 'sink':
          use(statement.sink.value);
          if (!statement.sink.kind.startsWith('fold')) use(statement.sink.position);
          // Read and written.
          if (statement.sink.kind === 'largest') use(statement.sink.position);
          break;
        case 'term':
          use(statement.value);
          break;
        case 'branch':
          use(statement.condition);
          this.#count(statement.body, depth);
          break;
        case 'loop':
          this.#count(statement.body, depth + 1);
      }
    }
  }
}

/** What needs no local: it is one already, or a number. */
function isAtom({ kind }: Expr): boolean {
  return kind === 'number' || kind === 'index' || kind === 'size' || kind === 'start' || kind === 'offset';
}
