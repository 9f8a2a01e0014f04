import type { Expr, Path } from './expression.ts';
import type { Node } from './graph.ts';
import type { Size } from './structure.ts';

/** An array of the arena that more than one step needs, or the receiver. */
export interface Buffer {
  readonly id: number;
  readonly node: Node;
  readonly shape: readonly Size[];
}

/** What leaves a loop. */
export interface Sink {
  /** `store`, `add` and `largest` go to `position` of the arena; a `fold` runs over the whole nest into one number. */
  readonly kind: 'store' | 'add' | 'largest' | 'fold-sum' | 'fold-largest';
  readonly path: Path;
  readonly buffer: number;
  readonly position: Expr;
  readonly value: Expr;
}

/** What happens in one iteration, in order. */
export type Statement =
  | { readonly kind: 'let'; readonly expr: Expr }
  | { readonly kind: 'sink'; readonly sink: Sink }
  /** One term of an inner loop's sum or maximum. */
  | { readonly kind: 'term'; readonly fold: Expr; readonly value: Expr }
  /** A loop, with the sums and maxima it leaves behind and the sinks that fold over it whole. */
  | {
      readonly kind: 'loop';
      readonly path: Path;
      readonly folds: readonly Expr[];
      readonly registers: readonly Sink[];
      readonly body: readonly Statement[];
    }
  /** Nothing in the body matters where the condition is 0. */
  | { readonly kind: 'branch'; readonly condition: Expr; readonly body: readonly Statement[] };

/** What a buffer holds before a step adds to it. */
export interface Clear {
  readonly buffer: number;
  readonly number: number;
}

/** A fused loop nest, or straight-line code where it has no loop. */
export interface LoopStep {
  readonly kind: 'loop';
  readonly body: readonly Statement[];
  readonly clears: readonly Clear[];
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** The ops computed in it, for listings. */
  readonly ops: readonly string[];
}

/** An operand of a matrix product: a buffer, or an input as it is. */
export type Operand = { readonly kind: 'buffer' | 'input'; readonly number: number };

export interface MatmulStep {
  readonly kind: 'matmul';
  readonly node: Node;
  readonly a: Operand;
  readonly b: Operand;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The leading axes multiplied one by one, then rows, summed length and columns. */
  readonly batch: readonly Size[];
  readonly m: Size;
  readonly k: Size;
  readonly n: Size;
  readonly clears: readonly Clear[];
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

export type Step = LoopStep | MatmulStep;

/** What a structure costs once: its steps, and what each reads and stores. Nothing of any single pose. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly buffers: readonly Buffer[];
  /** Which live values are the inputs. */
  readonly inputPlaces: readonly number[];
  /** The buffers of the wanted values. */
  readonly wanted: readonly number[];
  /** Whether masked products were taken for plain ones, or sums turned round: the results hold if they are finite. */
  readonly isGuess: boolean;
}
