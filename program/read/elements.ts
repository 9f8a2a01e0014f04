const symbols: readonly string[] = (
  'H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr ' +
  'Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu ' +
  'Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es'
).split(' ');

/** AutoDock's atom types that are not simply elements: aromatic carbon, a polar hydrogen, acceptors. */
const autoDockTypes: Readonly<Record<string, string>> = { A: 'C', HD: 'H', NA: 'N', OA: 'O', SA: 'S' };

const numbers: ReadonlyMap<string, number> = new Map(
  symbols.map((symbol, i) => [symbol.toUpperCase(), i + 1]),
);

/** The atomic number of an element up to 99 by its symbol, in upper or lower case; undefined if there is none. */
export function atomicNumber(symbol: string): number | undefined {
  return numbers.get(symbol.toUpperCase());
}

/** The atomic number of an atom by its type in a PDBQT file, such as `OA`. Case counts: `NA` is a nitrogen. */
export function atomicNumberOfType(type: string): number | undefined {
  return atomicNumber(autoDockTypes[type] ?? type);
}

/** The symbol of an element, such as `Cl`. */
export function symbolOf(atomicNumber: number): string {
  return symbols[atomicNumber - 1] ?? `element ${atomicNumber}`;
}
