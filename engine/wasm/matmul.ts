import { type Code, FunctionBuilder, i32, type Local, load, op, store } from './emit/code.ts';
import { plain, relaxed, type Simd } from './simd.ts';

/** Columns of a tile of C. A tile is summed in registers; the number of its rows depends on the SIMD features. */
const columnsOfTile = 8;
/** Bytes of the largest tile. */
export const tileBytes: number = 4 * columnsOfTile * Math.max(plain.tileRows, relaxed.tileRows);

/** Bytes of a packed k × n operand: panels of eight columns, one after the other, each with k rows of eight numbers. */
export const panelBytes = (k: number, n: number): number => packedRow * k * Math.ceil(n / columnsOfTile);
/** Bytes from one row of a panel to the next. */
export const packedRow: number = 4 * columnsOfTile;

/** A row of a tile is two vectors of four columns. */
const halves = [0, 1];
const params = (list: readonly string[]): Local[] => list.map(name => ({ name, type: 'i32' }));
const read = (local: Local): Code => ({ kind: 'get', local });

/**
 * Builds a function that computes C = A·B, or adds A·B to C if its parameter `add` is not 0. C is m × n with rows
 * `ldc` bytes apart, A is m × k with rows `lda` apart, and B is packed in panels. A tile at an edge is summed in
 * `scratch`, and its part inside C is copied to C.
 *
 * With `transposeA`, C = Aᵀ·B, where A is k × m. Both operands are then read row by row. B may be packed or not: its
 * rows are `ldb` bytes apart, and its panels of eight columns `panelStep` bytes.
 */
export function multiply(name: string, transposeA: boolean, simd: Simd): FunctionBuilder {
  const names = ['c', 'ldc', 'a', 'lda', 'b', 'm', 'k', 'n', 'add', 'scratch'];
  const f = new FunctionBuilder(name, params(transposeA ? [...names, 'ldb', 'panelStep'] : names));
  const [c, ldc, a, lda, b, m, k, n, add, scratch] = names.map((_, i) => f.param(i)) as [
    ...[Code, Code, Code, Code, Code],
    ...[Code, Code, Code, Code, Code],
  ];
  // Parameters only with `transposeA`.
  const [ldb, panelStep] = [f.param(names.length), f.param(names.length + 1)];
  const allRows = Array.from({ length: simd.tileRows }, (_, row) => row);
  const sums = allRows.map(r => halves.map(h => f.local('v128', `sum${r}${h}`)));
  const [i, j] = ['i', 'j'].map(counter => f.local('i32', counter)) as [Local, Local];
  const [panel, panelStart] = [f.local('i32', 'panel'), f.local('i32', 'panelStart')];
  const starts = transposeA ? [f.local('i32', 'column')] : allRows.map(r => f.local('i32', `row${r}`));
  const pointers = transposeA ? [f.local('i32', 'p')] : allRows.map(r => f.local('i32', `p${r}`));
  const [out, outStep] = [f.local('i32', 'out'), f.local('i32', 'outStep')];

  const [first] = pointers as [Local, ...Local[]];
  /** Bytes by which the first pointer moves for each term. */
  const termStep = transposeA ? lda : i32(4);

  /** Adds `count` terms to the sums of `height` rows. The enclosing loop moves the first pointer past the last term. */
  const accumulate = (height: number, count: number) => {
    for (let u = 0; u < count; u++) {
      const offset = transposeA ? 0 : packedRow * u;
      const right = halves.map(h => f.let('v128', load('v128.load', read(panel), offset + 16 * h), 'b'));
      for (const r of allRows.slice(0, height)) {
        const left = f.let(
          'v128',
          transposeA
            ? load('v128.load32_splat', read(first), 4 * r)
            : load('v128.load32_splat', read(pointers[r] as Local), 4 * u),
          'a',
        );
        for (const h of halves) {
          const sum = sums[r]?.[h] as Local;
          f.set(sum, simd.fma(left, right[h] as Code, read(sum)));
        }
      }
      if (!transposeA) continue;
      if (u < count - 1) f.set(first, op('i32.add', read(first), lda));
      f.set(panel, op('i32.add', read(panel), ldb));
    }
    if (transposeA) return;
    for (const p of pointers.slice(1, height)) f.set(p, op('i32.add', read(p), i32(4 * count)));
    f.set(panel, op('i32.add', read(panel), i32(packedRow * count)));
  };

  /** The number of terms in one iteration of the main loop. */
  const unroll = simd.isRelaxed ? 4 : 1;
  /** Computes `height` rows of C from the i-th on, tile by tile. */
  const tiles = (height: number) => {
    const rows = allRows.slice(0, height);
    for (const [r, start] of starts.slice(0, height).entries()) {
      const row = op('i32.add', read(i), i32(r));
      f.set(start, op('i32.add', a, transposeA ? op('i32.shl', row, i32(2)) : op('i32.mul', row, lda)));
    }
    f.set(transposeA ? panelStart : panel, b);
    f.set(j, i32(0));
    f.for(j, n, i32(columnsOfTile), () => {
      for (const [r, p] of pointers.slice(0, height).entries()) f.set(p, read(starts[r] as Local));
      if (transposeA) f.set(panel, read(panelStart));
      for (const sum of sums.slice(0, height).flat()) f.set(sum, f.once('v128', zero, 'zero'));
      // The first pointer is the loop's counter.
      const after = (terms: Code) => op('i32.add', read(first), op('i32.mul', terms, termStep));
      const end = f.let('i32', after(k), 'end');
      if (unroll > 1) {
        const last = f.let('i32', after(op('i32.and', k, i32(-unroll))), 'last');
        // With `transposeA`, `accumulate` moves the first pointer for all terms but the last.
        f.walk(first, last, transposeA ? termStep : i32(4 * unroll), () => accumulate(height, unroll));
      }
      f.walk(first, end, termStep, () => accumulate(height, 1));
      if (transposeA) f.set(panelStart, op('i32.add', read(panelStart), panelStep));
      const corner = op(
        'i32.add',
        c,
        op('i32.add', op('i32.mul', read(i), ldc), op('i32.shl', read(j), i32(2))),
      );
      const isPart = f.let('i32', op('i32.gt_s', op('i32.add', read(j), i32(columnsOfTile)), n), 'isPart');
      f.set(out, op('select', scratch, corner, isPart));
      f.set(outStep, op('select', i32(4 * columnsOfTile), ldc, isPart));
      const write = (isAdded: boolean) => {
        const at = f.local('i32', 'at');
        f.set(at, read(out));
        for (const r of rows) {
          for (const h of halves) {
            const sum = read(sums[r]?.[h] as Local);
            const value = isAdded ? op('f32x4.add', load('v128.load', read(at), 16 * h), sum) : sum;
            f.add(store('v128.store', read(at), value, 16 * h));
          }
          if (r < height - 1) f.set(at, op('i32.add', read(at), read(outStep)));
        }
      };
      const isAdded = f.let('i32', op('i32.and', add, op('i32.eqz', isPart)), 'isAdded');
      f.if(isAdded, () => write(true));
      f.if(op('i32.eqz', isAdded), () => write(false));
      f.if(isPart, () => copyPart(f, { corner, ldc, scratch, add, height, columns: minus(n, read(j)) }));
    });
  };
  f.set(i, i32(0));
  for (const height of heightsOf(simd)) {
    f.for(i, op('i32.sub', m, i32(height - 1)), i32(height), () => tiles(height));
  }
  return f;
}

/** Tile heights: the full height, then lower ones for the remaining rows. */
const heightsOf = ({ tileRows }: Simd): number[] => [6, 4, 2, 1].filter(height => height <= tileRows);

const zero: Code = { kind: 'vector', bytes: new Uint8Array(16), text: 'i32x4 0 0 0 0' };
const minus = (a: Code, b: Code) => op('i32.sub', a, b);

/** Copies the part of a tile that is inside C, or adds it to C if `add` is not 0. */
function copyPart(f: FunctionBuilder, { corner, ldc, scratch, add, height, columns }: EdgeTile): void {
  // Row r and column q of the tile.
  const [r, q] = [f.local('i32', 'r'), f.local('i32', 'q')];
  const count = f.let('i32', columns, 'columns');
  const base = f.let('i32', corner, 'corner');
  f.set(r, i32(0));
  f.for(r, i32(height), i32(1), () => {
    f.set(q, i32(0));
    f.for(q, count, i32(1), () => {
      const column = op('i32.shl', read(q), i32(2));
      const from = op(
        'i32.add',
        op('i32.add', scratch, op('i32.shl', read(r), i32(Math.log2(packedRow)))),
        column,
      );
      const to = f.let('i32', op('i32.add', op('i32.add', base, op('i32.mul', read(r), ldc)), column), 'to');
      f.if(add, () =>
        f.add(store('f32.store', to, op('f32.add', load('f32.load', to), load('f32.load', from)))),
      );
      f.if(op('i32.eqz', add), () => f.add(store('f32.store', to, load('f32.load', from))));
    });
  });
}

/** A tile that extends past the last column of C. */
interface EdgeTile {
  /** Address in C of the first entry of the tile. */
  readonly corner: Code;
  readonly ldc: Code;
  readonly scratch: Code;
  readonly add: Code;
  readonly height: number;
  readonly columns: Code;
}

/**
 * Builds a function that packs B, or its transpose if `transposeB`, into panels. The packed matrix is k × n; the rows
 * of B are `ldb` bytes apart. Missing columns of the last panel are zeros.
 */
export function pack(name: string, transposeB: boolean): FunctionBuilder {
  const f = new FunctionBuilder(name, params(['to', 'b', 'ldb', 'k', 'n']));
  const [to, b, ldb, k, n] = [0, 1, 2, 3, 4].map(i => f.param(i)) as [Code, Code, Code, Code, Code];
  const [j, l, q, out] = ['j', 'l', 'q', 'out'].map(local => f.local('i32', local)) as [
    Local,
    Local,
    Local,
    Local,
  ];
  const from = f.local('i32', 'from');
  f.set(out, to);
  f.set(j, i32(0));
  f.for(j, n, i32(columnsOfTile), () => {
    const isPart = f.let('i32', op('i32.lt_s', minus(n, read(j)), i32(columnsOfTile)), 'isPart');
    f.if(op('i32.eqz', isPart), () => {
      f.set(
        from,
        op('i32.add', b, transposeB ? op('i32.mul', read(j), ldb) : op('i32.shl', read(j), i32(2))),
      );
      f.set(l, i32(0));
      if (transposeB) {
        const at = f.local('i32', 'at');
        f.for(l, k, i32(1), () => {
          f.set(at, read(from));
          for (let column = 0; column < columnsOfTile; column++) {
            f.add(store('f32.store', read(out), load('f32.load', read(at)), 4 * column));
            f.set(at, op('i32.add', read(at), ldb));
          }
          f.set(from, op('i32.add', read(from), i32(4)));
          f.set(out, op('i32.add', read(out), i32(packedRow)));
        });
      } else {
        f.for(l, k, i32(1), () => {
          for (const h of halves)
            f.add(store('v128.store', read(out), load('v128.load', read(from), 16 * h), 16 * h));
          f.set(from, op('i32.add', read(from), ldb));
          f.set(out, op('i32.add', read(out), i32(packedRow)));
        });
      }
    });
    f.if(isPart, () => {
      f.set(l, i32(0));
      f.for(l, k, i32(1), () => {
        for (const h of halves) f.add(store('v128.store', read(out), f.once('v128', zero, 'zero'), 16 * h));
        f.set(q, i32(0));
        f.for(q, minus(n, read(j)), i32(1), () => {
          const column = op('i32.add', read(j), read(q));
          const at = transposeB
            ? op('i32.add', op('i32.mul', column, ldb), op('i32.shl', read(l), i32(2)))
            : op('i32.add', op('i32.mul', read(l), ldb), op('i32.shl', column, i32(2)));
          f.add(
            store(
              'f32.store',
              op('i32.add', read(out), op('i32.shl', read(q), i32(2))),
              load('f32.load', op('i32.add', b, at)),
            ),
          );
        });
        f.set(out, op('i32.add', read(out), i32(packedRow)));
      });
    });
  });
  return f;
}
