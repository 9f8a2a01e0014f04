/** Symbol and coordinates in Å of an atom of a molfile. */
export type AtomRow = readonly [symbol: string, x: number, y: number, z: number];

/** Bond of a molfile: two atoms counted from 1, and the code of its order. */
export type BondRow = readonly [from: number, to: number, order: number];

export const water: readonly AtomRow[] = [
  ['O', 1.1234, 2.2345, -3.3456],
  ['H', 0.5, -2.0001, 3],
  ['H', -7.25, 0, 0.125],
];

export const waterBonds: readonly BondRow[] = [
  [1, 2, 1],
  [1, 3, 1],
];

/** Four atoms of chloromethanol, with a hydrogen between heavy atoms, so that tests notice a reader that reorders atoms. */
export const chloromethanol: readonly AtomRow[] = [
  ['C', 0.1, 0.2, 0.3],
  ['H', 9, 9, 9],
  ['Cl', -1.5, 22.25, -103.4567],
  ['O', 4, -5, 6],
];

/** V2000 record of these atoms and bonds, without `$$$$`. */
export function molfile(atoms: readonly AtomRow[], bonds: readonly BondRow[] = []): string {
  const lines = atoms.map(([symbol, ...at]) => {
    const columns = at.map(x => x.toFixed(4).padStart(10)).join('');
    return `${columns} ${symbol.padEnd(3)} 0  0  0  0  0  0  0  0  0  0  0  0`;
  });
  const inThreeColumns = (...numbers: number[]) => numbers.map(number => String(number).padStart(3)).join('');
  return [
    ...[
      'name',
      '  test',
      '',
      `${inThreeColumns(atoms.length, bonds.length)}  0  0  0  0  0  0  0  0999 V2000`,
    ],
    ...[...lines, ...bonds.map(bond => `${inThreeColumns(...bond)}  0`), 'M  END'],
  ].join('\n');
}

/** V3000 record of these atoms and bonds, without `$$$$`. */
export function molfile3000(atoms: readonly AtomRow[], bonds: readonly BondRow[] = []): string {
  return [
    ...['name', '  test', '', '  0  0  0     0  0            999 V3000', 'M  V30 BEGIN CTAB'],
    ...[`M  V30 COUNTS ${atoms.length} ${bonds.length} 0 0 0`, 'M  V30 BEGIN ATOM'],
    ...atoms.map(([symbol, ...at], i) => `M  V30 ${i + 1} ${symbol} ${at.join(' ')} 0`),
    ...['M  V30 END ATOM', 'M  V30 BEGIN BOND'],
    ...bonds.map(([from, to, order], i) => `M  V30 ${i + 1} ${order} ${from} ${to}`),
    ...['M  V30 END BOND', 'M  V30 END CTAB', 'M  END'],
  ].join('\n');
}
