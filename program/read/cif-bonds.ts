import type { Bond } from '../molecule/molecule.ts';
import { connecting } from './connected.ts';
import { type Field, unexpectedField } from './line.ts';

/** Fields of a row by the name of their column, in lower case. */
export type Row = (column: string) => Field | undefined;

/** Text of the first of some columns that the row has; '' for none, `?` and `.`. */
export function textIn(row: Row, ...columns: string[]): string {
  const texts = columns.map(column => row(column)?.text);
  return texts.find(text => text !== undefined && text !== '?' && text !== '.') ?? '';
}

/** Names by which the loops of bonds tell an atom. */
export interface Site {
  /** Kind of the residue, such as ATP. */
  readonly component: string;
  /** Chain and number of the residue. */
  readonly residue: string;
  readonly atom: string;
}

/** Names of an atom in _atom_site, or of one of the two of _struct_conn, whose columns begin with `ptnr1_` or `ptnr2_`. */
export function siteIn(row: Row, prefix = ''): Site {
  const text = (...columns: string[]) => textIn(row, ...columns.map(column => prefix + column));
  const insertion = textIn(row, prefix === '' ? 'pdbx_pdb_ins_code' : `pdbx_${prefix}pdb_ins_code`);
  return {
    component: text('label_comp_id', 'auth_comp_id'),
    residue: `${text('label_asym_id', 'auth_asym_id')} ${text('auth_seq_id', 'label_seq_id')}${insertion}`,
    atom: text('label_atom_id', 'auth_atom_id'),
  };
}

/** Orders by their names; those of aromatic and delocalised bonds are between single and double. */
const orders: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['sing', 1],
  ['doub', 2],
  ['trip', 3],
  ['quad', 3],
  ['arom', 1.5],
  ['delo', 1.5],
  ['pi', 1.5],
  ['poly', 1],
]);

function orderIn(row: Row, column: string): number {
  const order = orders.get(textIn(row, column).toLowerCase());
  if (order !== undefined) return order;
  throw unexpectedField(
    row(column) as Field,
    `the order of a bond, ${[...orders.keys()].filter(Boolean).join(', ')}`,
  );
}

/**
 * Bonds of a model by the rows of _chem_comp_bond, which are of each residue of a kind, and of _struct_conn, which are between
 * two residues; bonds to metals, hydrogen bonds and those to atoms of another cell are left out.
 *
 * @returns undefined where they do not connect all atoms
 */
export function bondsOf(
  sites: readonly Site[],
  ofComponents: readonly Row[],
  between: readonly Row[],
): readonly Bond[] | undefined {
  const places = new Map(sites.map(({ residue, atom }, place) => [`${residue} ${atom}`, place]));
  const bonds: Bond[] = [];
  const known = new Set<string>();
  const add = (from: number | undefined, to: number | undefined, order: number) => {
    if (from === undefined || to === undefined || from === to) return;
    // A bond may have a row for each alternate location, or one from either end.
    const key = from < to ? `${from} ${to}` : `${to} ${from}`;
    if (known.has(key)) return;
    known.add(key);
    bonds.push({ from, to, order });
  };
  const residues = new Map<string, Set<string>>();
  for (const { component, residue } of sites) {
    const same = residues.get(component) ?? new Set();
    residues.set(component, same.add(residue));
  }
  for (const row of ofComponents) {
    const [component, first, second] = ['comp_id', 'atom_id_1', 'atom_id_2'].map(column =>
      textIn(row, column),
    );
    const isAromatic = textIn(row, 'pdbx_aromatic_flag').toLowerCase() === 'y';
    const order = isAromatic ? 1.5 : orderIn(row, 'value_order');
    for (const residue of residues.get(component ?? '') ?? []) {
      add(places.get(`${residue} ${first}`), places.get(`${residue} ${second}`), order);
    }
  }
  for (const row of between) {
    if (!/^(?:covale|disulf|modres)/i.test(textIn(row, 'conn_type_id'))) continue;
    if (textIn(row, 'ptnr1_symmetry') !== textIn(row, 'ptnr2_symmetry')) continue;
    const [from, to] = ['ptnr1_', 'ptnr2_'].map(prefix => {
      const { residue, atom } = siteIn(row, prefix);
      return places.get(`${residue} ${atom}`);
    });
    add(from, to, orderIn(row, 'pdbx_value_order'));
  }
  return connecting(bonds, sites.length);
}
