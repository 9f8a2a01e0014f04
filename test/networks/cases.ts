import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Tensor, tensor } from 'posetape';
import { type Gat, type Sizes as GatSizes, gat } from '../../examples/gat/gat.ts';
import type { Weights } from '../../examples/networks/layers.ts';
import { type Atoms, atomsOf, type PoseSettings, pocketOf } from '../../examples/networks/pose.ts';
import { uniform } from '../../examples/networks/random.ts';
import { type PaiNN, type Sizes as PaiNNSizes, painn } from '../../examples/painn/painn.ts';
import { moleculesOf } from '../../program/read/molecules.ts';
import { networkAtoms } from '../../program/read/structure.ts';

/** Small versions of the two networks, with nonzero weights. */
export interface Subjects {
  readonly painn: PaiNN;
  readonly gat: Gat;
}

export type SubjectName = keyof Subjects;

export const names: readonly SubjectName[] = ['painn', 'gat'];

export const sizes: { readonly painn: PaiNNSizes; readonly gat: GatSizes } = {
  painn: { hidden: 6, waves: 5, interactions: 2, cutoff: 5 },
  gat: { heads: 2, features: 3, gaussians: 5, layers: 2, cutoff: 5 },
};

export const subjects: Subjects = {
  painn: withNoise(painn(sizes.painn, 7)),
  gat: withNoise(gat(sizes.gat, 8)),
};

/** Adds noise to all weights: if all biases were 0, a missing bias would go unnoticed. Three decimals keep the table short. */
function withNoise<N extends { readonly weights: Weights }>(network: N): N {
  const random = uniform(3);
  const weights = Object.entries(network.weights).map(([name, { data, shape }]): [string, Tensor] => [
    name,
    tensor(
      Float64Array.from(data, weight => Math.round(1000 * (weight + 0.4 * (random() - 0.5))) / 1000),
      shape,
    ),
  ]);
  return { ...network, weights: Object.fromEntries(weights) };
}

/** Shipped pose of imatinib in c-Abl, with the atoms of the pocket near it. */
export interface Shipped {
  readonly ligand: Atoms;
  readonly pocket: Atoms;
  readonly settings: PoseSettings;
}

/**
 * Returns the first two shipped poses, the first for its energy, the second for its binding energy. Both are moved to the origin.
 * In the files they are 100 Å away from it, where float32 rounds coordinates by 4·10⁻⁶ Å, enough to change forces.
 */
export function shippedPoses(): Shipped[] {
  const read = (name: string) => {
    const file = fileURLToPath(
      new URL(`../../examples/vina/data/imatinib-abl/${name}.pdbqt`, import.meta.url),
    );
    return [...moleculesOf(readFileSync(file, 'utf8'), file)].map(networkAtoms);
  };
  const [receptor] = read('pocket');
  return read('poses')
    .slice(0, 2)
    .map((ligand, n) => {
      const origin = [...ligand.coordinates.data.slice(0, 3)];
      return {
        ligand: relativeTo(origin, ligand),
        pocket: relativeTo(origin, pocketOf(receptor as Atoms, ligand, 4)),
        settings: { neighbours: 8, cutoff: 5, delta: n === 1 },
      };
    });
}

/** Returns the atoms with coordinates relative to a point, rounded to thousandths of an Å, as in the files. */
function relativeTo(origin: readonly number[], { elements, coordinates }: Atoms): Atoms {
  const thousandths = [...coordinates.data].map((x, i) => Math.round(1000 * (x - (origin[i % 3] as number))));
  return atomsOf(
    [...elements],
    thousandths.map(each => each / 1000),
  );
}
