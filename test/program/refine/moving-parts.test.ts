import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { moleculeOf } from '../../../program/read/molecules.ts';
import { Refiner, vinaFieldIn } from '../../../program/refine/refiner.ts';
import { receptorOf } from '../../../program/vina/poses.ts';

const data = new URL('../../../examples/vina/data/imatinib-abl/', import.meta.url);
const linesOf = (name: string) => readFileSync(new URL(name, data), 'utf8').split('\n');

/** ATOM line of PDBQT. */
function atom(serial: number, type: string, ...coordinates: readonly [number, number, number]): string {
  const columns = coordinates.map(x => x.toFixed(3).padStart(8)).join('');
  return `ATOM  ${String(serial).padStart(5)}  C   LIG A   1    ${columns}  1.00  0.00     0.000 ${type}`;
}

describe('refining with flexible residues', () => {
  // Side chains, each with its CA. They are removed from the receptor, and written as in files for vina --flex. Each pair of
  // serial numbers is a rotatable bond.
  const sideChains = [
    ['LEU B 248', [1, 2], [2, 3]],
    ['MET B 290', [6, 7], [7, 8], [8, 9]],
  ] as const;
  /** Names of the atoms of each side chain, CA first. */
  const atomNames: Readonly<Record<string, string>> = { LEU: 'CA CB CG CD1 CD2', MET: 'CA CB CG SD CE' };
  const isFlexible = (line: string) =>
    sideChains.some(([residue]) => {
      const flexible = atomNames[residue.slice(0, 3)] as string;
      return line.slice(17, 26) === residue && flexible.split(' ').includes(line.slice(12, 16).trim());
    });
  const pocket = linesOf('pocket.pdbqt');
  const chainOf = ([residue, ...branches]: (typeof sideChains)[number]): string[] => {
    const atoms = (atomNames[residue.slice(0, 3)] as string).split(' ').map((name, i) => {
      const line = pocket.find(text => text.slice(17, 26) === residue && text.slice(12, 16).trim() === name);
      return `ATOM  ${String((branches[0]?.[0] as number) + i).padStart(5)}${line?.slice(11)}`;
    });
    const serials = atoms.map(line => Number(line.slice(6, 11)));
    const lines = [`BEGIN_RES ${residue}`, 'ROOT', atoms[0] as string, 'ENDROOT'];
    for (const [k, [from, to]] of branches.entries()) {
      const until = branches[k + 1]?.[1] ?? Number.POSITIVE_INFINITY;
      lines.push(
        `BRANCH ${from} ${to}`,
        ...atoms.filter((_, i) => {
          const serial = serials[i] as number;
          return serial >= to && serial < until;
        }),
      );
    }
    for (const [from, to] of [...branches].reverse()) lines.push(`ENDBRANCH ${from} ${to}`);
    return [...lines, `END_RES ${residue}`];
  };
  const poses = linesOf('poses.pdbqt');
  const ligand = poses.slice(1, poses.indexOf('ENDMDL'));
  const text = [...ligand, ...sideChains.flatMap(chainOf)].join('\n');
  const receptor = receptorOf(moleculeOf(pocket.filter(line => !isFlexible(line)).join('\n'), 'rigid.pdbqt'));
  const molecule = moleculeOf(text, 'flexible.pdbqt');

  test('gives the energies of vina --flex, and moves side chains but not their CA', async () => {
    const { before, after, coordinates } = await new Refiner(vinaFieldIn(receptor)).refine(molecule);
    // Energies by vina 1.2.3 --score_only. Ligand: −17.269 with the receptor, −0.882 with the side chains, −0.526 within
    // itself. Side chains: −1.984 with the receptor, −0.004 with one another.
    expect(before.parts.intermolecular).toBeCloseTo(-18.151, 1);
    expect(before.parts.intramolecular).toBeCloseTo(-2.514, 1);
    expect(after.minimised).toBeLessThan(before.minimised - 0.5);
    const { atoms, tree } = molecule;
    for (const [k, { x, y, z }] of atoms.entries()) {
      const moved = Math.hypot(
        ...[x, y, z].map((start, axis) => start - (coordinates[3 * k + axis] as number)),
      );
      const root = tree?.roots.find(({ fragment }) => fragment === tree.fragmentOf[k]);
      if (root?.isFlexibleResidue) expect(moved).toBe(0);
      else if (atoms[k]?.name === 'CD1') expect(moved).toBeGreaterThan(0.01);
    }
  });
});

describe('refining a macrocycle that was cut open', () => {
  const receptor = receptorOf(moleculeOf(atom(1, 'C', 0, -4, 0), 'receptor.pdbqt'));
  /** Ring of six carbons, cut between atoms 2 and 7. The dummy G0 on atom 2 marks the place of atom 7, of type CG0. */
  const molecule = moleculeOf(
    [
      'ROOT',
      atom(1, 'G0', -0.5, 1.4, 0),
      atom(2, 'C', 0, 0, 0),
      atom(3, 'C', 1.5, 0, 0),
      'ENDROOT',
      'BRANCH 3 4',
      atom(4, 'C', 2, -1.4, 0),
      'BRANCH 4 5',
      atom(5, 'C', 3.5, -1.4, 0),
      'BRANCH 5 6',
      atom(6, 'C', 4, 0, 0.2),
      atom(7, 'CG0', 3.3, 1.3, 0.2),
      'ENDBRANCH 5 6',
      'ENDBRANCH 4 5',
      'ENDBRANCH 3 4',
      'TORSDOF 3',
    ].join('\n'),
    'macrocycle.pdbqt',
  );

  test('closes the ring by an energy that is not part of the score', async () => {
    const { before, after } = await new Refiner(vinaFieldIn(receptor)).refine(molecule);
    expect(before.parts.closing).toBeGreaterThan(50);
    expect(after.parts.closing).toBeLessThan(0.7 * (before.parts.closing as number));
    expect(after.minimised).toBeCloseTo(
      Object.values(after.parts).reduce((sum, part) => sum + part, 0),
      9,
    );
    expect(after.score).toBeCloseTo((after.parts.intermolecular as number) / (1 + 0.05846 * 3), 0);
  });
});
