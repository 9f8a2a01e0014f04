/** Atom type of a PDBQT file, with the properties that Vina's scoring function uses. */
export interface AtomType {
  /** Name in the file, such as `OA`. */
  readonly name: string;
  /** Atomic number; 0 for a dummy. */
  readonly element: number;
  readonly kind:
    | 'hydrogen'
    | 'carbon'
    | 'nitrogen'
    | 'oxygen'
    | 'sulfur'
    | 'phosphorus'
    | 'halogen'
    | 'silicon'
    | 'astatine'
    | 'metal'
    | 'dummy';
  /** Covalent radius in Å. Two atoms are bonded if they are closer than 1.1 times the sum of their covalent radii. */
  readonly covalentRadius: number;
  /** X-Score radius in Å; 0 for hydrogens and dummies. The distance of two surfaces is that of the atoms minus both radii. */
  readonly radius: number;
}

type Row = readonly [
  names: string,
  element: number,
  kind: AtomType['kind'],
  covalentRadius: number,
  radius: number,
];

// O. Trott and A. J. Olson, Journal of Computational Chemistry 31, 455 (2010), and the sources of AutoDock Vina 1.2.
// A is an aromatic carbon, HD the hydrogen of a donor, and NA, OA and SA are acceptors. CG0 to CG3 are the carbons at the cut of
// a macrocycle, G0 to G3 the dummies that pull them together, and W is the water of hydrated docking. Vina treats selenium as
// sulfur.
const rows: readonly Row[] = [
  ['H HD', 1, 'hydrogen', 0.37, 0],
  ['C A CG0 CG1 CG2 CG3', 6, 'carbon', 0.77, 1.9],
  ['N NA', 7, 'nitrogen', 0.75, 1.8],
  ['O OA', 8, 'oxygen', 0.73, 1.7],
  ['S SA', 16, 'sulfur', 1.02, 2.0],
  ['Se', 34, 'sulfur', 1.02, 2.0],
  ['P', 15, 'phosphorus', 1.06, 2.1],
  ['F', 9, 'halogen', 0.71, 1.5],
  ['Cl', 17, 'halogen', 0.99, 1.8],
  ['Br', 35, 'halogen', 1.14, 2.0],
  ['I', 53, 'halogen', 1.33, 2.2],
  ['Si', 14, 'silicon', 1.11, 2.2],
  ['At', 85, 'astatine', 1.44, 2.3],
  ['Mg', 12, 'metal', 1.3, 1.2],
  ['Ca', 20, 'metal', 1.74, 1.2],
  ['Mn', 25, 'metal', 1.39, 1.2],
  ['Fe', 26, 'metal', 1.25, 1.2],
  ['Zn', 30, 'metal', 1.31, 1.2],
  ['Na', 11, 'metal', 1.75, 1.2],
  ['K', 19, 'metal', 1.75, 1.2],
  ['Co', 27, 'metal', 1.75, 1.2],
  ['Ni', 28, 'metal', 1.75, 1.2],
  ['Cu', 29, 'metal', 1.75, 1.2],
  ['Cd', 48, 'metal', 1.75, 1.2],
  ['Hg', 80, 'metal', 1.75, 1.2],
  ['U', 92, 'metal', 1.75, 1.2],
  ['G0 G1 G2 G3', 0, 'dummy', 0.77, 0],
  ['W', 0, 'dummy', 0, 0],
];

/** Atom types of Vina by name. Case matters: `NA` is a nitrogen that accepts hydrogen bonds, `Na` is sodium. */
export const atomTypes: ReadonlyMap<string, AtomType> = new Map(
  rows.flatMap(([names, element, kind, covalentRadius, radius]) =>
    names.split(' ').map(name => [name, { name, element, kind, covalentRadius, radius }]),
  ),
);
