// Writes the data files of this folder, cut from the poses of imatinib:
// npx tsx --conditions=posetape:source examples/schnet/data/demo/make.ts
import { readFile, writeFile } from 'node:fs/promises';

/** Distance in Å. Keeps the heavy atoms of the pocket that are closer than this to an atom of a pose. */
const reach = 6;

const posesPerCompound = 4;

/** Imatinib, whole or without one branch of its torsion tree. The affinities are synthetic. */
const compounds = [
  { name: 'lig_whole', without: undefined, nanomolar: 1 },
  { name: 'lig_no_piperazine', without: 'BRANCH  29  32', nanomolar: 100 },
  { name: 'lig_no_benzamide', without: 'BRANCH  17  22', nanomolar: 10_000 },
];

const source = new URL('../../../vina/data/imatinib-abl/', import.meta.url);
const read = (name: string) => readFile(new URL(name, source), 'utf8');
const write = (name: string, lines: readonly string[]) =>
  writeFile(new URL(name, import.meta.url), `${lines.join('\n')}\n`);

// A PDBQT line has x in columns 31 to 38, y in 39 to 46, z in 47 to 54, and the atom type from column 78 on.
const isAtom = (line: string) => /^(ATOM|HETATM)/.test(line);
const isHeavy = (line: string) => isAtom(line) && !/^HD?$/.test(line.slice(77).trim());
const coordinatesOf = (line: string) => [30, 38, 46].map(column => Number(line.slice(column, column + 8)));
const distance = (a: string, b: string) => {
  const [from, to] = [coordinatesOf(a), coordinatesOf(b)];
  return Math.hypot(...from.map((x, axis) => x - (to[axis] as number)));
};

const models = (await read('poses.pdbqt'))
  .split(/^(?=MODEL)/m)
  .slice(0, posesPerCompound)
  .map(model => model.split('\n').filter(line => line !== '' && !line.startsWith('REMARK')));
const ligandAtoms = models.flat().filter(isAtom);
const pocket = (await read('pocket.pdbqt')).split('\n').filter(isHeavy);

for (const { name, without } of compounds)
  await write(
    `${name}.pdbqt`,
    models.flatMap(model => cut(model, without)),
  );
await write(
  'pocket.pdbqt',
  pocket.filter(atom => ligandAtoms.some(other => distance(atom, other) < reach)),
);
await write('affinities.csv', [
  'ligand,measure,value,unit,origin',
  ...compounds.map(({ name, nanomolar }) => `${name},ki,${nanomolar},nM,synthetic`),
]);

/** Returns the lines of a model without the given branch. The number of torsions is reduced to those that are left. */
function cut(model: readonly string[], branch: string | undefined): string[] {
  const start = branch === undefined ? model.length : model.indexOf(branch);
  const end = branch === undefined ? model.length : model.indexOf(`END${branch}`);
  if (start < 0 || end < 0) throw new Error(`there is no ${branch}`);
  const rest = [...model.slice(0, start), ...model.slice(end + 1)];
  const torsions = rest.filter(line => line.startsWith('BRANCH')).length;
  return rest.map(line => (line.startsWith('TORSDOF') ? `TORSDOF ${torsions}` : line));
}
