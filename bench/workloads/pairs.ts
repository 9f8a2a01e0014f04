import { type Tensor, tensor, type Value } from 'posetape';
import { collate, type GroupScorer, type Scorer } from 'posetape/combine';
import {
  add,
  clamp,
  div,
  exp,
  expandDims,
  gather,
  less,
  minimum,
  mul,
  neg,
  type Operand,
  segmentSum,
  slice,
  square,
  sub,
  sum,
  where,
} from 'posetape/ops';
import type { PairsData } from './pairs-data.ts';

/**
 * Workload B: a Vina-like pair potential of 20 parameters, in float32. Its poses come as a list of the pairs under the
 * cutoff, or as all pairs with a mask.
 */
export type PairParams = {
  /** Of the five terms, and of the rotors: shape [6]. */
  readonly weights: Tensor<Float32Array>;
  /** By atom type, in Å: shape [types]. */
  readonly radii: Tensor<Float32Array>;
};

/** The pairs of a pose that are closer than the cutoff. */
export interface PairList {
  readonly ligandType: Int32Array;
  readonly receptorType: Int32Array;
  /** Å */
  readonly distance: Float32Array;
  /** 1 for pairs that the term is for, else 0. */
  readonly hydrophobic: Float32Array;
  readonly hydrogenBond: Float32Array;
  readonly rotors: number;
}

/** All pairs of a pose: tensors of shape [ligand atoms, receptor atoms]. */
export interface DensePose {
  readonly ligandTypes: Int32Array;
  readonly receptorTypes: Int32Array;
  readonly distance: Tensor<Float32Array>;
  readonly hydrophobic: Tensor<Float32Array>;
  readonly hydrogenBond: Tensor<Float32Array>;
  readonly cutoff: number;
  readonly rotors: number;
}

export function pairParams({ params }: PairsData): PairParams {
  return { weights: tensor(params.slice(0, 6)), radii: tensor(params.slice(6)) };
}

/** The first so many poses with all their pairs. */
export function densePoses(data: PairsData, count: number): DensePose[] {
  const { ligandTypes, receptorTypes, distances, cutoff, rotors } = data;
  const shape = [ligandTypes.length, receptorTypes.length];
  const [size, columns] = [ligandTypes.length * receptorTypes.length, receptorTypes.length];
  const mask = (takesPart: typeof isHydrophobic) => {
    const where = (_: unknown, p: number) =>
      takesPart(ligandTypes[Math.floor(p / columns)] as number, receptorTypes[p % columns] as number);
    return tensor(
      Float32Array.from({ length: size }, (_, p) => Number(where(_, p))),
      shape,
    );
  };
  const shared = {
    ligandTypes,
    receptorTypes,
    hydrophobic: mask(isHydrophobic),
    hydrogenBond: mask(isHydrogenBond),
    cutoff,
    rotors,
  };
  return Array.from({ length: count }, (_, n) => ({
    ...shared,
    distance: tensor(distances.subarray(n * size, (n + 1) * size), shape),
  }));
}

/** The first so many poses with their pairs under the cutoff alone. */
export function pairLists(data: PairsData, count: number): PairList[] {
  return densePoses(data, count).map(pose => {
    const near = [...pose.distance.data.keys()].filter(p => (pose.distance.data[p] as number) < pose.cutoff);
    const columns = pose.receptorTypes.length;
    return {
      ligandType: Int32Array.from(near, p => pose.ligandTypes[Math.floor(p / columns)] as number),
      receptorType: Int32Array.from(near, p => pose.receptorTypes[p % columns] as number),
      distance: Float32Array.from(near, p => pose.distance.data[p] as number),
      hydrophobic: Float32Array.from(near, p => pose.hydrophobic.data[p] as number),
      hydrogenBond: Float32Array.from(near, p => pose.hydrogenBond.data[p] as number),
      rotors: pose.rotors,
    };
  });
}

export const scoreList: Scorer<PairList, PairParams> = (tape, { weights, radii }, pose) => {
  const sizes = add(gather(radii, pose.ligandType), gather(radii, pose.receptorType));
  const s = sub(tape.constant(pose.distance), sizes);
  const energies = pairEnergies(
    weights,
    s,
    tape.constant(pose.hydrophobic),
    tape.constant(pose.hydrogenBond),
  );
  return perRotor(sum(energies), weights, pose.rotors);
};

export const scoreDense: Scorer<DensePose, PairParams> = (tape, { weights, radii }, pose) => {
  const d = tape.constant(pose.distance);
  const ligandRadii = expandDims(gather(radii, pose.ligandTypes), 1);
  const s = sub(sub(d, ligandRadii), gather(radii, pose.receptorTypes));
  const energies = pairEnergies(
    weights,
    s,
    tape.constant(pose.hydrophobic),
    tape.constant(pose.hydrogenBond),
  );
  return perRotor(sum(where(less(d, pose.cutoff), energies, 0)), weights, pose.rotors);
};

/** The pair lists of several poses on one tape. */
export const scoreLists: GroupScorer<PairList, PairParams> = (tape, { weights, radii }, poses) => {
  const { fields, poseOf, count } = collate(poses, {
    ligandType: { axis: 'pairs' },
    receptorType: { axis: 'pairs' },
    distance: { axis: 'pairs' },
    hydrophobic: { axis: 'pairs' },
    hydrogenBond: { axis: 'pairs' },
    rotors: { axis: 'poses' },
  });
  const [ligandType, receptorType] = [fields.ligandType.data, fields.receptorType.data] as [
    Int32Array,
    Int32Array,
  ];
  const sizes = add(gather(radii, ligandType), gather(radii, receptorType));
  const s = sub(tape.constant(fields.distance), sizes);
  const [hydrophobic, hydrogenBond] = [tape.constant(fields.hydrophobic), tape.constant(fields.hydrogenBond)];
  const energies = pairEnergies(weights, s, hydrophobic, hydrogenBond);
  const ofPoses = segmentSum(energies, poseOf.pairs as Int32Array, count);
  return perRotor(ofPoses, weights, tape.constant(fields.rotors));
};

function pairEnergies(weights: Value, s: Value, hydrophobic: Value, hydrogenBond: Value): Value {
  const terms = [
    exp(neg(square(div(s, 0.5)))),
    exp(neg(square(div(sub(s, 3), 2)))),
    square(minimum(s, 0)),
    mul(clamp(sub(1.5, s), 0, 1), hydrophobic),
    mul(clamp(div(s, -0.7), 0, 1), hydrogenBond),
  ];
  return terms.map((term, k) => mul(weight(weights, k), term)).reduce((a, b) => add(a, b));
}

function perRotor(energy: Value, weights: Value, rotors: Operand): Value {
  return div(energy, add(1, mul(weight(weights, 5), rotors)));
}

/** Of shape [1], which broadcasts. */
function weight(weights: Value, k: number): Value {
  return slice(weights, k, k + 1);
}

function isHydrophobic(ligandType: number, receptorType: number): boolean {
  return ligandType % 3 === 0 && receptorType % 3 === 0;
}

function isHydrogenBond(ligandType: number, receptorType: number): boolean {
  return ligandType % 3 === 1 && receptorType % 3 === 2;
}
