/**
 * Makes the complexes and the table that `complexes.test.ts` reads. It needs Open Babel and AutoDock Vina 1.2.3, which
 * are Debian's packages openbabel and autodock-vina:
 *
 *     npx tsx --conditions=posetape:source test/program/vina/complexes/make.ts
 *
 * Each ligand is built from SMILES and docked into its part of the shipped pocket. Each complex has up to three more poses,
 * which are strained: the torsions of a docked pose are turned at random, up to 3000 times, until a carbon comes within
 * bond length of a heteroatom. Finally, `vina --score_only` scores every pose.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { uniform } from '../../../../examples/networks/random.ts';
import type { Molecule } from '../../../../program/molecule/molecule.ts';
import { moleculesOf } from '../../../../program/read/molecules.ts';
import { findLinks } from '../../../../program/vina/bonds.ts';
import { turned } from '../molecules.ts';
import { type Parts, type Recipe, receptorBy, recipes } from './recipes.ts';
import { inFolder, modelsOf, scoredByVina, vinaVersion } from './vina.ts';

const folder = new URL('.', import.meta.url);

const complexes = recipes.map(recipe => {
  const receptor = receptorBy(recipe);
  const docked = modelsOf(dock(recipe, receptor));
  const strained = docked.slice(0, 3).map(strainedModel);
  const models = [...docked, ...strained];
  const text = models.map((model, n) => `MODEL ${n + 1}\n${model}ENDMDL\n`).join('');
  writeFileSync(new URL(`${recipe.name}.pdbqt`, folder), text);
  const poses = models.map(model => scoredByVina(receptor, model));
  console.log(recipe.name, poses.map(({ total }) => total).join(' '));
  return { name: recipe.name, docked: docked.length, poses };
});
const table = { vina: vinaVersion(), command: 'vina --score_only --autobox --cpu 1', complexes };
writeFileSync(new URL('table.json', folder), `${JSON.stringify(table, undefined, 2)}\n`);

function dock({ smiles, site }: Recipe, { rigid, flexible }: Parts): string {
  return inFolder(write => {
    const ligands = smiles.map((text, n) => {
      const built = execFileSync('obabel', [`-:${text}`, '--gen3d', '-p', '7.4', '-opdbqt'], {
        encoding: 'utf8',
      });
      return write(`ligand${n}.pdbqt`, built);
    });
    const out = write('out.pdbqt', '');
    execFileSync('vina', [
      ...['--receptor', write('rigid.pdbqt', rigid)],
      ...(flexible ? ['--flex', write('flexible.pdbqt', flexible)] : []),
      ...['--ligand', ...ligands],
      ...[...'xyz'].flatMap((axis, n) => [`--center_${axis}`, String(site[n])]),
      ...[...'xyz'].flatMap(axis => [`--size_${axis}`, '18']),
      ...['--exhaustiveness', '2', '--num_modes', '4', '--energy_range', '6'],
      ...['--seed', '1', '--cpu', '1', '--out', out],
    ]);
    // Leaves out the remarks of Open Babel and Vina.
    return readFileSync(out, 'utf8').replaceAll(/^REMARK.*\n/gm, '');
  });
}

/**
 * A docked model with its torsions turned at random: the first of 3000 tries that touches itself, or the first try if none
 * does.
 */
function strainedModel(model: string): string {
  const [pose] = [...moleculesOf(`MODEL 1\n${model}ENDMDL\n`, 'docked.pdbqt')] as [Molecule];
  const random = uniform(1);
  const tries = Array.from({ length: 3000 }, () =>
    turned(
      pose,
      Array.from({ length: 9 }, () => 2 * Math.PI * random()),
      0.001,
    ),
  );
  const { atoms } = tries.find(touchesItself) ?? (tries[0] as Molecule);
  let next = 0;
  return model.replaceAll(/^((?:ATOM {2}|HETATM).{24}).{24}/gm, (_, start) => {
    const atom = atoms[next++] as Molecule['atoms'][number];
    return start + [atom.x, atom.y, atom.z].map(x => x.toFixed(3).padStart(8)).join('');
  });
}

/** True if a carbon and a heteroatom are within bond length, and torsions change the distance between them. */
function touchesItself(pose: Molecule): boolean {
  const fixedLinks = findLinks(pose);
  const { tree: _, ...withoutTree } = pose;
  // Without a tree all distances count as fixed, so links across torsions are found, too.
  return findLinks(withoutTree).some((others, a) =>
    others.some(b => {
      const kinds = [a, b].map(atom => pose.atoms[atom]?.type?.kind);
      if (fixedLinks[a]?.includes(b) || kinds.includes('hydrogen')) return false;
      return kinds.includes('carbon') && kinds.some(kind => kind !== 'carbon');
    }),
  );
}
