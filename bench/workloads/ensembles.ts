import { readFile } from 'node:fs/promises';
import { type Atoms, pocketOf, poseOf, selected } from '../../examples/networks/pose.ts';
import type { Pose as VinaPose } from '../../examples/vina/pairs.ts';
import { readPdbqtAtoms } from '../../program/read/pdbqt-atoms.ts';
import { readEnsemble } from '../../program/vina/files.ts';
import { type ScorerName, schnetReach } from './scorers.ts';

/** Poses of one compound, and a small one of the same structure to warm up with. They can be serialized. */
export interface Poses {
  readonly poses: readonly unknown[];
  readonly small: unknown;
}

const files = {
  receptor: 'examples/vina/data/imatinib-abl/pocket.pdbqt',
  poses: 'examples/vina/data/imatinib-abl/poses.pdbqt',
};

export function posesFor(name: ScorerName): Promise<Poses> {
  return name === 'vina' ? vinaPoses() : schnetPoses();
}

export async function vinaPoses(): Promise<{ poses: readonly VinaPose[]; small: VinaPose }> {
  const { poses } = await readEnsemble(files.receptor, files.poses);
  return { poses, small: firstPairs(poses[0] as VinaPose, 64) };
}

function firstPairs(pose: VinaPose, count: number): VinaPose {
  return {
    ...pose,
    ligandAtom: pose.ligandAtom.slice(0, count),
    receptorAtom: pose.receptorAtom.slice(0, count),
    radii: pose.radii.slice(0, count),
    hydrophobic: pose.hydrophobic.slice(0, count),
    hydrogenBond: pose.hydrogenBond.slice(0, count),
  };
}

async function schnetPoses(): Promise<Poses> {
  const [receptor] = await atomsIn(files.receptor);
  const ligands = await atomsIn(files.poses);
  const settings = { ...schnetReach, delta: false };
  const made = (ligand: Atoms) =>
    poseOf(ligand, pocketOf(receptor as Atoms, ligand, schnetReach.pocket), settings);
  const fewAtoms = selected(ligands[0] as Atoms, atom => atom < 8);
  return { poses: ligands.map(made), small: made(fewAtoms) };
}

async function atomsIn(file: string): Promise<Atoms[]> {
  return readPdbqtAtoms(await readFile(file, 'utf8'), file);
}
