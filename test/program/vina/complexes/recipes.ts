import { readFileSync } from 'node:fs';

/** Recipe by which `make.ts` makes a complex: ligands docked into a part of the shipped pocket of Abl. */
export interface Recipe {
  readonly name: string;
  /** Ligands, docked together. */
  readonly smiles: readonly string[];
  /** Centre of the receptor in Å. The receptor is cut to the residues that have an atom within 13 Å of the centre. */
  readonly site: readonly [number, number, number];
  /** AutoDock type of a metal ion placed 2.1 Å from a carbonyl oxygen near the site. */
  readonly metal?: string;
  /** Threonine whose side chain is flexible: the text of columns 18-26 of its lines in the pocket's file. */
  readonly flexible?: string;
}

/** Invented ligands that cover the elements of drugs and 0 to 6 rotors. */
export const recipes: readonly Recipe[] = [
  { name: 'phenol', smiles: ['CC(=O)Nc1ccc(O)cc1'], site: [12.3, 96.7, 59.3] },
  { name: 'acid', smiles: ['CC(C)Cc1ccc(cc1)C(C)C(=O)O'], site: [11, 90, 57] },
  { name: 'sulfonamide', smiles: ['CS(=O)(=O)Nc1nc(CCl)ns1'], site: [14, 100, 60] },
  { name: 'zinc', smiles: ['OC(=O)C(S)Cc1ccc(F)cc1'], site: [10, 94, 60], metal: 'Zn' },
  { name: 'copper', smiles: ['OP(=O)(O)OCC(O)CBr'], site: [13, 92, 55], metal: 'Cu' },
  { name: 'lactam', smiles: ['O=C1CCc2c(I)cccc2N1CC1CC1'], site: [12, 98, 57] },
  { name: 'two', smiles: ['NC(=N)c1ccccc1', 'CCOC(=O)CN'], site: [12.3, 95, 59.3] },
  { name: 'flexible', smiles: ['CNC(=O)c1ccc(CO)nc1'], site: [12.3, 98, 58], flexible: 'THR B 315' },
];

/** Texts of the receptor files of a complex, in PDBQT. */
export interface Parts {
  readonly rigid: string;
  readonly flexible?: string;
}

/** Cuts the receptor of a recipe from the shipped pocket. */
export function receptorBy({ site, metal, flexible }: Recipe): Parts {
  const url = new URL('../../../../examples/vina/data/imatinib-abl/pocket.pdbqt', import.meta.url);
  const all = readFileSync(url, 'utf8')
    .split('\n')
    .filter(line => line.startsWith('ATOM'));
  const near = new Set(all.filter(line => apart(at(line), site) < 13).map(residue));
  const lines = all.filter(line => near.has(residue(line)));
  const rigid = lines.filter(
    line => residue(line) !== flexible || ['N', 'HN', 'C', 'O'].includes(name(line)),
  );
  if (metal) rigid.push(metalLine(metal, lines, site));
  const text = `${rigid.join('\n')}\n`;
  return flexible
    ? { rigid: text, flexible: sideChain(lines.filter(line => residue(line) === flexible)) }
    : { rigid: text };
}

/**
 * Line of an ion 2.1 Å from a carbonyl oxygen within 8 Å of the site. Of these oxygens, it takes the one whose ion is
 * farthest from other atoms.
 */
function metalLine(type: string, lines: readonly string[], site: readonly number[]): string {
  const places = lines
    .filter(line => name(line) === 'O' && apart(at(line), site) < 8)
    .map(line => {
      const carbon = lines.find(other => residue(other) === residue(line) && name(other) === 'C');
      const [o, c] = [at(line), at(carbon as string)];
      const length = apart(o, c);
      return o.map((x, axis) => x + (2.1 * (x - (c[axis] as number))) / length);
    })
    .map(place => ({ place, room: Math.min(...lines.map(line => apart(at(line), place))) }));
  const { place } = places.reduce((best, other) => (other.room > best.room + 1e-6 ? other : best));
  const coordinates = place.map(x => x.toFixed(3).padStart(8)).join('');
  return `HETATM 9999  M   ION B 999    ${coordinates}  1.00  0.00     2.000 ${type}`;
}

/** A threonine as a flexible residue with two torsions, Cα–Cβ and Cβ–Oγ. */
function sideChain(lines: readonly string[]): string {
  const numbered = (atom: string, serial: number) => {
    const line = lines.find(line => name(line) === atom) as string;
    return `${line.slice(0, 6)}${String(serial).padStart(5)}${line.slice(11)}`;
  };
  const label = residue(lines[0] as string);
  return `${[
    `BEGIN_RES ${label}`,
    'ROOT',
    numbered('CA', 1),
    'ENDROOT',
    'BRANCH   1   2',
    numbered('CB', 2),
    numbered('CG2', 3),
    'BRANCH   2   4',
    numbered('OG1', 4),
    numbered('HG1', 5),
    'ENDBRANCH   2   4',
    'ENDBRANCH   1   2',
    `END_RES ${label}`,
  ].join('\n')}\n`;
}

function residue(line: string): string {
  return line.slice(17, 26);
}

function name(line: string): string {
  return line.slice(12, 16).trim();
}

function at(line: string): number[] {
  return [30, 38, 46].map(column => Number(line.slice(column, column + 8)));
}

function apart(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((x, axis) => x - (b[axis] as number)));
}
