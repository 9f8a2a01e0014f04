import { type Field, unexpectedField } from './line.ts';

const symbols: readonly string[] = (
  'H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr ' +
  'Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu ' +
  'Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es'
).split(' ');

/** Atomic numbers by symbol in upper case. Deuterium and tritium count as hydrogen. */
const numbers: ReadonlyMap<string, number> = new Map([
  ...symbols.map((symbol, i) => [symbol.toUpperCase(), i + 1] as const),
  ['D', 1],
  ['T', 1],
]);

/** Returns the atomic number of a symbol in any case, up to 99; undefined if there is no such element. */
export function atomicNumber(symbol: string): number | undefined {
  return numbers.get(symbol.toUpperCase());
}

/** Returns the symbol of an element, such as `Cl`; `X` for a dummy. */
export function symbolOf(atomicNumber: number): string {
  return symbols[atomicNumber - 1] ?? 'X';
}

/**
 * Returns the atomic number of the symbol in a field.
 *
 * @throws Error naming the field if it holds no symbol of an element
 */
export function elementIn(field: Field): number {
  const element = atomicNumber(field.text);
  if (element !== undefined) return element;
  throw unexpectedField(field, 'an element');
}
