import { type Field, unexpectedField } from './line.ts';

const symbols: readonly string[] = (
  'H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr ' +
  'Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu ' +
  'Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es'
).split(' ');

/** Deuterium and tritium are hydrogen. */
const numbers: ReadonlyMap<string, number> = new Map([
  ...symbols.map((symbol, i) => [symbol.toUpperCase(), i + 1] as const),
  ['D', 1],
  ['T', 1],
]);

/** Atomic number of an element up to 99 by its symbol, in upper or lower case; undefined if there is none. */
export function atomicNumber(symbol: string): number | undefined {
  return numbers.get(symbol.toUpperCase());
}

/** Symbol of an element, such as `Cl`; `X` for a dummy. */
export function symbolOf(atomicNumber: number): string {
  return symbols[atomicNumber - 1] ?? 'X';
}

/** @throws Error if the field holds no symbol of an element */
export function elementIn(field: Field): number {
  const element = atomicNumber(field.text);
  if (element !== undefined) return element;
  throw unexpectedField(field, 'an element');
}
