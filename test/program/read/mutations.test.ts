import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { readAffinities } from '../../../program/read/affinities.ts';
import { moleculesOf } from '../../../program/read/molecules.ts';
import { property } from '../../support/property.ts';
import { type AtomRow, molfile, molfile3000, waterBonds } from './molfiles.ts';

const atoms: readonly AtomRow[] = [
  ['O', 1.1234, -12.2345, -103.3456],
  ['H', 0.5, -2.0001, 3],
  ['H', -7.25, 0.5, 0.125],
  ['Cl', 9.5, 8.5, 7.5],
];

const columnsOf = ([, ...at]: AtomRow) => at.map(x => x.toFixed(3).padStart(8)).join('');
const pdbqtAtoms = atoms.map((atom, i) => {
  const type = ['OA', 'HD', 'HD', 'Cl'][i];
  return `ATOM      ${i + 1}  X${i + 1}  LIG A   7    ${columnsOf(atom)}  1.00  0.00    +0.014 ${type}`;
}) as [string, string, string, string];
const pdbqt = (n: number) => [
  ...[`MODEL ${n}`, 'REMARK VINA RESULT: -1', 'ROOT', pdbqtAtoms[0], 'ENDROOT', 'BRANCH   1   2'],
  ...[pdbqtAtoms[1], 'BRANCH   2   4', pdbqtAtoms[3], 'ENDBRANCH   2   4', 'ENDBRANCH   1   2'],
  ...['BRANCH   1   3', pdbqtAtoms[2], 'ENDBRANCH   1   3', 'TORSDOF 3', 'ENDMDL'],
];
const pdb = (n: number) => [
  `MODEL ${n}`,
  ...atoms.map((atom, i) => {
    const symbol = atom[0].toUpperCase().padStart(2);
    return `HETATM    ${i + 1} ${symbol}${i + 1} ALIG A   7    ${columnsOf(atom)}  1.00  0.00          ${symbol}  `;
  }),
  ...['CONECT    1    2    3    4', 'ENDMDL'],
];
const mol2 = [
  ...['@<TRIPOS>MOLECULE', 'name', ' 4 2 1', 'SMALL', 'NO_CHARGES', '@<TRIPOS>ATOM'],
  ...atoms.map(([symbol, ...at], i) => `${i + 1} ${symbol}${i + 1} ${at.join(' ')} ${symbol} 1 LIG 0.1`),
  ...['@<TRIPOS>BOND', '1 1 2 1', '2 1 3 ar', '@<TRIPOS>SUBSTRUCTURE', '1 LIG 1'],
];
const cif = (n: number) => [
  ...[`data_${n}`, 'loop_', '_atom_site.id', '_atom_site.group_PDB', '_atom_site.type_symbol'],
  ...[
    '_atom_site.label_atom_id',
    '_atom_site.label_comp_id',
    '_atom_site.Cartn_x',
    '_atom_site.Cartn_y',
    '_atom_site.Cartn_z',
  ],
  ...atoms.map(([symbol, ...at], i) => `${i + 1} HETATM ${symbol} "O${i}'" LIG ${at.join(' ')}`),
  ...['#', '_struct.title', ';', 'text', ';', 'loop_', '_chem_comp_bond.comp_id'],
  ...['_chem_comp_bond.atom_id_1', '_chem_comp_bond.atom_id_2', '_chem_comp_bond.value_order'],
  ...[1, 2, 3].map(i => `LIG "O0'" "O${i}'" SING`),
];

const texts: Readonly<Record<string, readonly string[]>> = {
  'a.pdbqt': [...pdbqt(1), ...pdbqt(2)],
  'a.dlg': [...pdbqt(1), ...pdbqt(2)].map(line => `DOCKED: ${line}`),
  'a.pdb': [...pdb(1), ...pdb(2), 'END'],
  'a.sdf': [molfile, molfile3000].flatMap(write => [
    ...write(atoms, waterBonds).split('\n'),
    ...['> <SCORE>', '-9.1', '', '$$$$'],
  ]),
  'a.mol2': [...mol2, ...mol2],
  'a.cif': [...cif(1), ...cif(2)],
};

/** Strings that often break readers, for mutations to insert. */
const pieces = fc.oneof(
  fc.constantFrom(
    'NaN',
    'nan',
    '1e999',
    '-Infinity',
    '99999999',
    '0x1',
    '-',
    '.',
    '',
    ' ',
    '\t',
    '\0',
    '\x1b[2J',
    '\r',
  ),
  fc.constantFrom(
    "'",
    '"',
    ';',
    '#',
    '_',
    'loop_',
    'data_',
    '$$$$',
    'M  END',
    'M  V30 ',
    'MODEL 1',
    'ENDMDL',
    'ROOT',
  ),
  fc.constantFrom(
    'BRANCH 1 2',
    'ENDBRANCH 1 2',
    'BEGIN_RES',
    'TORSDOF 3',
    '@<TRIPOS>ATOM',
    'ATOM',
    '\ufeff',
    '\ud800',
    '٣',
  ),
  fc.string({ maxLength: 3, unit: 'binary' }),
);

/**
 * Edit of a text at a fraction `at` of its length. It replaces `removed` characters or lines by `piece`. If `isRepeated`, it
 * replaces lines not by `piece`, but by a copy of the two lines that begin at this place.
 */
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  unit: fc.constantFrom('character', 'line'),
  removed: fc.nat(3),
  piece: pieces,
  isRepeated: fc.boolean(),
});

function edited(
  text: string,
  { at, unit, removed, piece, isRepeated }: typeof edit extends fc.Arbitrary<infer T> ? T : never,
) {
  if (unit === 'character') {
    const place = Math.floor(at * text.length);
    return text.slice(0, place) + piece + text.slice(place + removed);
  }
  const lines = text.split('\n');
  const place = Math.floor(at * lines.length);
  const repeated = isRepeated ? lines.slice(place, place + 2) : [piece];
  return [...lines.slice(0, place), ...repeated, ...lines.slice(place + removed)].join('\n');
}

/** Molecules of the text, each checked to be consistent, or undefined if the reader throws a clear error. */
function readOrRefuse(text: string, file: string): Molecule[] | undefined {
  try {
    const molecules = [...moleculesOf(text, file)];
    expect(molecules.length).toBeGreaterThan(0);
    for (const molecule of molecules) expectSound(molecule);
    return molecules;
  } catch (error) {
    expectClear(error, file);
    return undefined;
  }
}

function expectClear(error: unknown, file: string): void {
  const { name, message } = error as Error;
  expect(`${name}: ${message}`).toMatch(
    /^Error: a\.\w+(?:, line \d+)?(?:, column \d+)?: (?:expected .+, found .+|[A-Z].+)$/,
  );
  expect(message.startsWith(file)).toBe(true);
  expect(message).not.toMatch(/\p{Cc}/u);
}

function expectSound({ atoms, bonds = [], tree }: Molecule): void {
  expect(atoms.length).toBeGreaterThan(0);
  const isAtom = (place: number) => Number.isInteger(place) && place >= 0 && place < atoms.length;
  for (const { x, y, z, element, serial } of atoms) {
    expect([x, y, z].every(value => Math.abs(value) <= 1e6)).toBe(true);
    expect(Number.isInteger(element) && element >= 0 && element < 100).toBe(true);
    expect(Number.isSafeInteger(serial)).toBe(true);
  }
  for (const { from, to, order } of bonds) {
    expect(isAtom(from) && isAtom(to) && from !== to).toBe(true);
    expect([1, 1.5, 2, 3]).toContain(order);
  }
  if (!tree) return;
  expect(tree.fragmentOf.length).toBe(atoms.length);
  for (const { from, to, parent, fragment } of tree.branches) {
    expect([tree.fragmentOf[from], tree.fragmentOf[to]]).toEqual([parent, fragment]);
  }
  const fragments = tree.roots.length + tree.branches.length;
  expect(tree.fragmentOf.every(fragment => fragment >= 0 && fragment < fragments)).toBe(true);
}

describe.each(Object.entries(texts))('mutations of %s', (file, lines) => {
  const text = lines.join('\n');

  test('start from a text that reads as two molecules of four atoms', () => {
    expect(readOrRefuse(text, file)?.map(({ atoms }) => atoms.length)).toEqual([4, 4]);
  });

  property(
    'give consistent molecules or a clear error',
    fc.array(edit, { minLength: 1, maxLength: 4 }),
    edits => {
      readOrRefuse(edits.reduce(edited, text), file);
    },
  );

  // Excludes #, which turns a line of mmCIF into a comment, and line ends.
  const character = fc
    .string({ minLength: 1, maxLength: 1, unit: 'binary' })
    .filter(one => !/[#\r\n]/.test(one));
  property(
    'of one character never lose an atom without an error',
    fc.nat(text.length - 1),
    character,
    (at, one) => {
      fc.pre(text[at] !== '\n');
      const molecules = readOrRefuse(text.slice(0, at) + one + text.slice(at + 1), file);
      if (molecules) expect(molecules.map(({ atoms }) => atoms.length)).toEqual([4, 4]);
    },
  );

  // In mmCIF, which has no count of atoms, the table of atoms may end after any row.
  const claim =
    file === 'a.cif'
      ? 'give consistent molecules or a clear error'
      : 'never lose an atom of a molecule that is read';
  property(`by truncation ${claim}`, fc.nat(text.length - 1), length => {
    const molecules = readOrRefuse(text.slice(0, length), file) ?? [];
    if (file !== 'a.cif') expect(molecules.every(({ atoms }) => atoms.length === 4)).toBe(true);
  });
});

property(
  'mutations of a table of affinities give finite numbers or a clear error',
  fc.array(edit, { minLength: 1, maxLength: 4 }),
  edits => {
    const rows = [
      'ligand,measure,value,unit,substrate,km',
      'a,Ki,>10,uM,,',
      'b,IC50,"5",nM,30,10',
      'c,dG,-9,kcal/mol,,',
    ];
    try {
      for (const { pKi, line } of readAffinities(edits.reduce(edited, rows.join('\n')), 'a.csv')) {
        expect([pKi, line].every(Number.isFinite)).toBe(true);
      }
    } catch (error) {
      expectClear(error, 'a.csv');
    }
  },
);
