/** C = op(A)·op(B) with C of m × n, and k the length that is summed over. */
export type Multiply = (C: Floats, A: Floats, B: Floats, m: number, k: number, n: number) => void;

type Floats = Float64Array | Float32Array;

/** Size of the tiles of C that are summed in local variables. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** True if op(A) and op(B) are first copied, as float64, into the order in which the innermost loop reads them. */
  readonly packed: boolean;
}

/** Operands that are stored transposed. */
export interface Transposes {
  readonly a: boolean;
  readonly b: boolean;
}

/** The tiles that came out best of 2 to 24 sums, in one case or another; the benchmark compares with the fastest. */
export const tiles: readonly Tile[] = [
  { rows: 4, columns: 4, packed: false },
  { rows: 4, columns: 2, packed: false },
  { rows: 2, columns: 4, packed: false },
  { rows: 3, columns: 4, packed: false },
  { rows: 4, columns: 4, packed: true },
  { rows: 4, columns: 2, packed: true },
  { rows: 2, columns: 4, packed: true },
  { rows: 3, columns: 3, packed: true },
];

export function nameOf({ rows, columns, packed }: Tile): string {
  return `${rows}×${columns}${packed ? ' packed' : ''}`;
}

/** A matrix product in plain JavaScript, written out for one tile and one case of transposes. */
export function blockedMultiply(tile: Tile, transposes: Transposes): Multiply {
  const body = tile.packed ? packedBody(tile, transposes) : directBody(tile, transposes);
  return new Function('C', 'A', 'B', 'm', 'k', 'n', `'use strict';\n${body}`) as Multiply;
}

/** Three plain loops, k in the middle: what one writes first. */
export function plainMultiply(C: Floats, A: Floats, B: Floats, m: number, k: number, n: number): void {
  C.fill(0);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const a = A[i * k + l] as number;
      for (let j = 0; j < n; j++) (C[i * n + j] as number) += a * (B[l * n + j] as number);
    }
  }
}

function directBody(tile: Tile, { a, b }: Transposes): string {
  const [rows, columns] = [range(tile.rows), range(tile.columns)];
  const startA = a ? ['let p = i;'] : rows.map(r => `let p${r} = (i + ${r}) * k;`);
  const startB = b ? columns.map(c => `let q${c} = (j + ${c}) * k;`) : ['let q = j;'];
  const loadA = (r: number) => (a ? `A[p + ${r}]` : `A[p${r}++]`);
  const loadB = (c: number) => (b ? `B[q${c}++]` : `B[q + ${c}]`);
  return overTiles(
    tile,
    { a, b },
    `${startA.join(' ')} ${startB.join(' ')}
      for (let l = 0; l < k; l++) {
        ${products(rows, columns, loadA, loadB)}
        ${a ? 'p += m;' : ''} ${b ? '' : 'q += n;'}
      }`,
  );
}

function packedBody(tile: Tile, transposes: Transposes): string {
  const { a, b } = transposes;
  const [rows, columns] = [range(tile.rows), range(tile.columns)];
  const rowOfA = rows.map(r => `packedA[t++] = ${a ? `A[l * m + i + ${r}]` : `A[(i + ${r}) * k + l]`};`);
  const columnOfB = columns.map(
    c => `packedB[t++] = ${b ? `B[(j + ${c}) * k + l]` : `B[l * n + j + ${c}]`};`,
  );
  const packB = `const packedB = new Float64Array(k * fullColumns);
  for (let j = 0, t = 0; j < fullColumns; j += ${tile.columns}) for (let l = 0; l < k; l++) { ${columnOfB.join(' ')} }
  const packedA = new Float64Array(k * ${tile.rows});`;
  const packA = `for (let l = 0, t = 0; l < k; l++) { ${rowOfA.join(' ')} }`;
  const sum = `for (let l = 0, p = 0, q = j * k; l < k; l++, p += ${tile.rows}, q += ${tile.columns}) {
        ${products(
          rows,
          columns,
          r => `packedA[p + ${r}]`,
          c => `packedB[q + ${c}]`,
        )}
      }`;
  return overTiles(tile, transposes, sum, packB, packA);
}

/** The loops about the innermost one, and the rest of C that fills no tile. */
function overTiles(tile: Tile, { a, b }: Transposes, sum: string, before = '', perRow = ''): string {
  const cells = range(tile.rows).flatMap(r => range(tile.columns).map(c => [r, c] as const));
  return `const fullRows = m - m % ${tile.rows}, fullColumns = n - n % ${tile.columns};
  ${before}
  for (let i = 0; i < fullRows; i += ${tile.rows}) {
    ${perRow}
    for (let j = 0; j < fullColumns; j += ${tile.columns}) {
      let ${cells.map(([r, c]) => `c${r}${c} = 0`).join(', ')};
      ${sum}
      ${cells.map(([r, c]) => `C[(i + ${r}) * n + j + ${c}] = c${r}${c};`).join(' ')}
    }
  }
  for (let i = 0; i < m; i++) {
    for (let j = i < fullRows ? fullColumns : 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += A[${a ? 'l * m + i' : 'i * k + l'}] * B[${b ? 'j * k + l' : 'l * n + j'}];
      C[i * n + j] = sum;
    }
  }`;
}

function products(
  rows: readonly number[],
  columns: readonly number[],
  loadA: (row: number) => string,
  loadB: (column: number) => string,
): string {
  const loads = columns.map(c => `const b${c} = ${loadB(c)};`);
  const sums = rows.map(
    r => `const a${r} = ${loadA(r)}; ${columns.map(c => `c${r}${c} += a${r} * b${c};`).join(' ')}`,
  );
  return [...loads, ...sums].join('\n        ');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
