import type { MatmulStep } from '../compile/ir.ts';
import { lengthOf } from '../compile/sizes.ts';
import { extraKey, mostTerms, operandAt } from './binding.ts';
import { packedRow, panelBytes } from './matmul.ts';
import type { ProductStep, RunBand, Setting, WasmFunction } from './prepared.ts';

/**
 * The number of terms of a product that are summed in registers. Float32 is accurate enough for 64 terms: even if all
 * terms are equal, the relative error of their sum is at most 1e-6.
 */
const depth = 64;
/** The number of rows of A and of B that Aᵀ·B sums over at a time: few enough to stay in the L1 cache. */
const rowsAtATime = 64;

/**
 * Returns a function that computes a band of a matrix product. If all bands share the right operand, it is packed once,
 * before the first band.
 */
export function productOf(
  part: ProductStep,
  { binding, functions, extras, local, scratch, before }: Setting,
): RunBand {
  const { step, name } = part;
  const [m, k, n] = [step.m, step.k, step.n].map(size => binding.sizes[size] as number) as [
    number,
    number,
    number,
  ];
  const target = step.writes[0] as number;
  const c = binding.buffers[target] as number;
  const a = operandAt(step.a, binding, local);
  const b = operandAt(step.b, binding, local);
  const extra = extras.get(extraKey('panel', target));
  const panel = extra ? (binding.buffers[extra.id] as number) : 0;
  const pack = functions[step.transposeB ? 'packT' : 'pack'] as WasmFunction;
  const multiply = functions[name] as WasmFunction;
  const [lda, ldb, ldc] = [4 * (step.transposeA ? m : k), 4 * (step.transposeB ? k : n), 4 * n];
  const blocks = blocksOf(k);
  const isLong = k > mostTerms;
  const total = binding.buffers[extras.get(extraKey('total', target))?.id as number] as number;
  /**
   * Adds `length` numbers of C, from address `out`, to the float64 sums, or replaces the sums if `isMore` is false. If
   * `isLast`, writes the sums to C.
   */
  const addUp = (out: number, length: number, isMore: boolean, isLast: boolean) => {
    functions.addPartial?.(total, out, length, Number(isMore));
    if (isLast) functions.roundSums?.(out, total, length);
  };
  /** Computes `rows` rows of C = A·B, one block of the summed terms after the other. */
  const inBlocks = (out: number, rows: number, multiplyBlock: (block: Block) => void) => {
    for (const block of blocks) {
      multiplyBlock(block);
      const end = block.l + block.terms;
      if (isLong && (end % mostTerms === 0 || end === k))
        addUp(out, rows * n, block.l >= mostTerms, end === k);
    }
  };
  switch (part.kind) {
    case 'terms': {
      // `summed` counts the terms in C; `isMore` is true once the float64 sums hold earlier terms.
      let [summed, isMore] = [0, false];
      before.push(() => {
        [summed, isMore] = [0, false];
      });
      return (from, to) => {
        for (let row = from; row < to; row += rowsAtATime) {
          const [left, right] = [
            a.at + (row - (a.isBand ? from : 0)) * lda,
            b.at + (row - (b.isBand ? from : 0)) * ldb,
          ];
          const terms = Math.min(rowsAtATime, to - row);
          multiply(c, ldc, left, lda, right, m, terms, n, Number(summed > 0), scratch, ldb, packedRow);
          summed += terms;
          const isLast = row + terms === k;
          if (!isLong || (summed < mostTerms && !isLast)) continue;
          addUp(c, m * n, isMore, isLast);
          [summed, isMore] = [0, true];
        }
      };
    }
    case 'rows': {
      before.push(() => packAll(pack, step, panel, b.at, ldb, k, n));
      const isLocal = local.has(target);
      return (from, to) => {
        const [left, out] = [a.at + (a.isBand ? 0 : from * lda), c + (isLocal ? 0 : from * ldc)];
        inBlocks(out, to - from, ({ l, terms, isMore }) => {
          const packedBlock = panel + panelBytes(l, n);
          multiply(out, ldc, left + 4 * l, lda, packedBlock, to - from, terms, n, isMore, scratch);
        });
      };
    }
    case 'whole':
      return () => {
        const batches = lengthOf(step.batch, binding.sizes);
        for (let batch = 0; batch < batches; batch++) {
          const [left, right] = [a.at + 4 * batch * m * k, b.at + 4 * batch * k * n];
          const out = c + 4 * batch * m * n;
          if (extra) packAll(pack, step, panel, right, ldb, k, n);
          inBlocks(out, m, ({ l, terms, isMore }) => {
            const from = left + (step.transposeA ? l * lda : 4 * l);
            const [rightBlock, rowStep, panelStep] = extra
              ? [panel + panelBytes(l, n), packedRow, packedRow * terms]
              : [right + l * ldb, ldb, packedRow];
            multiply(out, ldc, from, lda, rightBlock, m, terms, n, isMore, scratch, rowStep, panelStep);
          });
        }
      };
  }
}

/**
 * A block of `terms` terms of a product, from the l-th on. If `isMore` is 1, they are added to C; if 0, they replace C.
 */
interface Block {
  readonly l: number;
  readonly terms: number;
  readonly isMore: number;
}

/** Splits k terms of a product into blocks; if k is 0, into one empty block, which sets C to 0. */
function blocksOf(k: number): Block[] {
  const count = Math.max(1, Math.ceil(k / depth));
  return Array.from({ length: count }, (_, i) => ({
    l: i * depth,
    terms: Math.min(depth, k - i * depth),
    isMore: Number((i * depth) % mostTerms > 0),
  }));
}

/** Packs the whole right operand, one block after the other of the rows that the product sums over. */
function packAll(
  pack: WasmFunction,
  { transposeB }: MatmulStep,
  panel: number,
  b: number,
  ldb: number,
  k: number,
  n: number,
): void {
  for (let l = 0; l < k; l += depth) {
    const from = b + (transposeB ? 4 * l : l * ldb);
    pack(panel + panelBytes(l, n), from, ldb, Math.min(depth, k - l), n);
  }
}
