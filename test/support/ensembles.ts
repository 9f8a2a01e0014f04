import { vinaPoses } from '../../bench/workloads/tasks.ts';
import { type Atoms, pocketOf, poseOf } from '../../examples/networks/pose.ts';
import { readMolecules } from '../../program/read/files.ts';
import { networkAtoms } from '../../program/read/structure.ts';
import { type ScorerName, schnetReach } from './scorers.ts';

const files = {
  receptor: 'examples/vina/data/imatinib-abl/pocket.pdbqt',
  poses: 'examples/vina/data/imatinib-abl/poses.pdbqt',
};

/** The 64 poses of imatinib in c-Abl, in the format that the named scorer reads. */
export async function posesFor(name: ScorerName): Promise<{ readonly poses: readonly unknown[] }> {
  if (name === 'vina') return { poses: await vinaPoses() };
  const [receptor] = await atomsIn(files.receptor);
  const settings = { ...schnetReach, delta: false };
  const poses = (await atomsIn(files.poses)).map(ligand =>
    poseOf(ligand, pocketOf(receptor as Atoms, ligand, schnetReach.pocket), settings),
  );
  return { poses };
}

async function atomsIn(file: string): Promise<Atoms[]> {
  const atoms: Atoms[] = [];
  for await (const molecule of readMolecules(file)) atoms.push(networkAtoms(molecule));
  return atoms;
}
