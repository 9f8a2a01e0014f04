import { type Expr, isAtom, type Statement, usesOf, walkStatements } from './ir.ts';

/** The number of uses of each expression of a loop nest, and the depth of the deepest loop with a use. */
export class Uses {
  readonly #uses = new Map<Expr, { count: number; depth: number }>();

  constructor(body: readonly Statement[]) {
    walkStatements(body, (statement, depth) => {
      for (const expr of usesOf(statement)) this.#use(expr, depth);
      // A maximum uses its position twice: to read the entry and to write it.
      if (statement.kind === 'sink' && statement.sink.kind === 'largest')
        for (const expr of statement.sink.at) this.#use(expr, depth);
    });
  }

  /**
   * True if an expression is used more than once, or in a loop deeper than its own. Others are printed where they are
   * used.
   */
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
