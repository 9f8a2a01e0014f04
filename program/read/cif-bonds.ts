import type { Bond } from '../molecule/molecule.ts';
import { connecting } from './connected.ts';
import { type Field, unexpectedField } from './line.ts';

/** Row of a loop: returns the field of a column, named in lower case; undefined if the loop has no such column. */
export type Row = (column: string) => Field | undefined;

/** Returns the text of the first of the given columns that has one; '' if all are missing, `?` or `.`. */
export function textIn(row: Row, ...columns: string[]): string {
  const texts = columns.map(column => row(column)?.text);
  return texts.find(text => text !== undefined && text !== '?' && text !== '.') ?? '';
}

/** Names that identify an atom in the loops of bonds. */
export interface Site {
  /** Kind of the residue, such as ATP. */
  readonly component: string;
  /** Chain and number of the residue. */
  readonly residue: string;
  readonly atom: string;
}

/**
 * Reads the names of an atom from a row of _atom_site, or of _struct_conn.
 *
 * @param prefix `ptnr1_` or `ptnr2_` for the first or second atom of _struct_conn
 */
export function siteIn(row: Row, prefix = ''): Site {
  const text = (...columns: string[]) => textIn(row, ...columns.map(column => prefix + column));
  const insertion = textIn(row, prefix === '' ? 'pdbx_pdb_ins_code' : `pdbx_${prefix}pdb_ins_code`);
  return {
    component: text('label_comp_id', 'auth_comp_id'),
    residue: `${text('label_asym_id', 'auth_asym_id')} ${text('auth_seq_id', 'label_seq_id')}${insertion}`,
    atom: text('label_atom_id', 'auth_atom_id'),
  };
}

/** Bond orders by their names. Aromatic and delocalised bonds have order 1.5. */
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
    `the order of a bond, one of ${[...orders.keys()].filter(Boolean).join(', ')}`,
  );
}

/**
 * Finds the bonds of a model. Bonds to metals, hydrogen bonds and bonds to atoms of another unit cell are left out.
 *
 * @param sites names of each atom
 * @param within rows of _chem_comp_bond: bonds within every residue of a kind
 * @param between rows of _struct_conn: bonds between two residues
 * @returns undefined if the bonds do not connect all atoms
 */
export function bondsOf(
  sites: readonly Site[],
  within: readonly Row[],
  between: readonly Row[],
): readonly Bond[] | undefined {
  const indices = new Map(sites.map(({ residue, atom }, index) => [`${residue} ${atom}`, index]));
  const bonds: Bond[] = [];
  const added = new Set<string>();
  const add = (from: number | undefined, to: number | undefined, order: number) => {
    if (from === undefined || to === undefined || from === to) return;
    // A bond may have a row for each alternate location, or be listed from both ends.
    const key = from < to ? `${from} ${to}` : `${to} ${from}`;
    if (added.has(key)) return;
    added.add(key);
    bonds.push({ from, to, order });
  };
  const residues = new Map<string, Set<string>>();
  for (const { component, residue } of sites) {
    const ofComponent = residues.get(component) ?? new Set();
    residues.set(component, ofComponent.add(residue));
  }
  for (const row of within) {
    const [component, first, second] = ['comp_id', 'atom_id_1', 'atom_id_2'].map(column =>
      textIn(row, column),
    );
    const isAromatic = textIn(row, 'pdbx_aromatic_flag').toLowerCase() === 'y';
    const order = isAromatic ? 1.5 : orderIn(row, 'value_order');
    for (const residue of residues.get(component ?? '') ?? []) {
      add(indices.get(`${residue} ${first}`), indices.get(`${residue} ${second}`), order);
    }
  }
  for (const row of between) {
    if (!/^(?:covale|disulf|modres)/i.test(textIn(row, 'conn_type_id'))) continue;
    if (textIn(row, 'ptnr1_symmetry') !== textIn(row, 'ptnr2_symmetry')) continue;
    const [from, to] = ['ptnr1_', 'ptnr2_'].map(prefix => {
      const { residue, atom } = siteIn(row, prefix);
      return indices.get(`${residue} ${atom}`);
    });
    add(from, to, orderIn(row, 'pdbx_value_order'));
  }
  return connecting(bonds, sites.length);
}
