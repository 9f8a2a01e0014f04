/** What the scoring function knows of an atom type of a PDBQT file. */
export interface AtomType {
  /** As it stands in the file, such as `OA`. */
  readonly name: string;
  readonly kind:
    | 'hydrogen'
    | 'carbon'
    | 'nitrogen'
    | 'oxygen'
    | 'sulfur'
    | 'phosphorus'
    | 'halogen'
    | 'metal';
  /** Å; two atoms are bonded up to 1.1 times the sum of these. */
  readonly covalentRadius: number;
  /** Å; the X-Score radius, from which the distance between two surfaces is taken. Hydrogens have none. */
  readonly radius: number;
}

type Row = readonly [names: string, kind: AtomType['kind'], covalentRadius: number, radius: number];

// O. Trott and A. J. Olson, Journal of Computational Chemistry 31, 455 (2010), and the sources of AutoDock Vina.
// A is an aromatic carbon, HD a hydrogen that can be given to a hydrogen bond; NA, OA and SA are acceptors.
const rows: readonly Row[] = [
  ['H HD', 'hydrogen', 0.37, 0],
  ['C A', 'carbon', 0.77, 1.9],
  ['N NA', 'nitrogen', 0.75, 1.8],
  ['O OA', 'oxygen', 0.73, 1.7],
  ['S SA', 'sulfur', 1.02, 2.0],
  ['P', 'phosphorus', 1.06, 2.1],
  ['F', 'halogen', 0.71, 1.5],
  ['Cl', 'halogen', 0.99, 1.8],
  ['Br', 'halogen', 1.14, 2.0],
  ['I', 'halogen', 1.33, 2.2],
  ['Mg', 'metal', 1.3, 1.2],
  ['Ca', 'metal', 1.74, 1.2],
  ['Mn', 'metal', 1.39, 1.2],
  ['Fe', 'metal', 1.25, 1.2],
  ['Zn', 'metal', 1.31, 1.2],
];

/** The atom types by name. Case counts: `NA` is a nitrogen that accepts, and no sodium. */
export const atomTypes: ReadonlyMap<string, AtomType> = new Map(
  rows.flatMap(([names, kind, covalentRadius, radius]) =>
    names.split(' ').map(name => [name, { name, kind, covalentRadius, radius }]),
  ),
);
