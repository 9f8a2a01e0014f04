import { join } from 'node:path';
import { posesIn, type Settings } from '../schnet/model.ts';
import type { Compound } from '../schnet/training.ts';
import { readAffinities } from './affinities.ts';
import { readPoses, readReceptor } from './structure.ts';
import { readText } from './text.ts';

/**
 * Reads compounds, docked and measured: `pocket.pdbqt`, `affinities.csv`, and for each of its rows the poses in
 * `<ligand>.pdbqt`.
 *
 * @param mostPoses of a compound; those that come first in its file are taken
 * @throws Error naming the file and, where there is one, the line that is wrong
 */
export async function readCompounds(
  folder: string,
  settings: Settings,
  mostPoses: number = Number.POSITIVE_INFINITY,
): Promise<Compound[]> {
  const files = { receptor: join(folder, 'pocket.pdbqt'), affinities: join(folder, 'affinities.csv') };
  const affinities = readAffinities(await readText(files.affinities), files.affinities);
  const receptor = await readReceptor(files.receptor);
  const compounds: Compound[] = [];
  for (const { ligand, pKi, bound, line } of affinities) {
    if (bound)
      throw new Error(`${files.affinities}, line ${line}: expected a measured affinity, found a bound`);
    const poses = join(folder, `${ligand}.pdbqt`);
    const ligands = (await readPoses(poses)).slice(0, mostPoses);
    compounds.push({
      name: ligand,
      pKi,
      poses: posesIn(receptor, ligands, settings, { receptor: files.receptor, poses }),
    });
  }
  return compounds;
}
