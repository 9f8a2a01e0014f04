/** Indices of the rows of a tile, and also of its columns. */
const tile = [0, 1, 2, 3];

/**
 * The source of a matrix product C = op(A)·op(B), where C is m × n and k is the number of terms of each sum. `op`
 * transposes an operand that is stored transposed.
 *
 * Tiles of 4 × 4 of C are summed in locals, so that each number read is used four times. This is several times as fast
 * as three plain loops, which wait for memory. Larger tiles do not fit in the registers.
 */
export function matmulSource(transposeA: boolean, transposeB: boolean): string {
  const key = `${transposeA} ${transposeB}`;
  const source = sources.get(key) ?? print(transposeA, transposeB);
  sources.set(key, source);
  return source;
}

/** The sources printed so far. */
const sources = new Map<string, string>();

function print(transposeA: boolean, transposeB: boolean): string {
  const [rowsOfA, columnsOfB] = [tile.map(i => `p${i}`), tile.map(j => `q${j}`)];
  const starts = [
    ...(transposeA ? ['p = a + i'] : rowsOfA.map((p, i) => `${p} = a + (i + ${i}) * k`)),
    ...(transposeB ? columnsOfB.map((q, j) => `${q} = b + (j + ${j}) * k`) : ['q = b + j']),
  ];
  const loads = [
    ...tile.map(j => `b${j} = B[${transposeB ? `q${j}++` : `q + ${j}`}]`),
    ...tile.map(i => `a${i} = A[${transposeA ? `p + ${i}` : `p${i}++`}]`),
  ];
  const steps = [...(transposeA ? ['p += m;'] : []), ...(transposeB ? [] : ['q += n;'])];
  const cells = tile.flatMap(i => tile.map(j => `c${i}${j}`));
  const sums = tile.map(i => tile.map(j => `c${i}${j} += a${i} * b${j};`).join(' '));
  const stores = tile.map(i => tile.map(j => `C[c + (i + ${i}) * n + j + ${j}] = c${i}${j};`).join(' '));
  return `(C, c, A, a, B, b, m, k, n) => {
  const fullRows = m - m % 4, fullColumns = n - n % 4;
  for (let i = 0; i < fullRows; i += 4) {
    for (let j = 0; j < fullColumns; j += 4) {
      let ${cells.map(cell => `${cell} = 0`).join(', ')};
      let ${starts.join(', ')};
      for (let l = 0; l < k; l++) {
        const ${loads.join(', ')};
        ${sums.join('\n        ')}
        ${steps.join(' ')}
      }
      ${stores.join('\n      ')}
    }
  }
  for (let i = 0; i < m; i++) {
    for (let j = i < fullRows ? fullColumns : 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) {
        sum += A[a + ${transposeA ? 'l * m + i' : 'i * k + l'}] * B[b + ${transposeB ? 'j * k + l' : 'l * n + j'}];
      }
      C[c + i * n + j] = sum;
    }
  }
}`;
}
