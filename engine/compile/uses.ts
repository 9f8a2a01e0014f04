import { type Expr, isAtom, type Statement, usesOf, walkStatements } from './ir.ts';

/** Counts how often each expression of a loop nest is used, and how many loops deep at most. */
export class Uses {
  readonly #uses = new Map<Expr, { count: number; depth: number }>();

  constructor(body: readonly Statement[]) {
    walkStatements(body, (statement, depth) => {
      for (const expr of usesOf(statement)) this.#use(expr, depth);
      // Read and written.
      if (statement.kind === 'sink' && statement.sink.kind === 'largest')
        for (const expr of statement.sink.at) this.#use(expr, depth);
    });
  }

  /** True if it is used more than once, or inside a deeper loop: all else is written where it is used. */
  needsLocal(expr: Expr): boolean {
    const uses = this.#uses.get(expr);
    return !isAtom(expr) && uses !== undefined && (uses.count > 1 || uses.depth !== expr.path.length);
  }

  #use(expr: Expr, depth: number): void {
    const uses = this.#uses.get(expr);
    if (!uses) this.#uses.set(expr, { count: 1, depth });
    else {
      uses.count++;
      if (depth > uses.depth) uses.depth = depth;
    }
  }
}
