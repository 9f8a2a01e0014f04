import { type Tensor, tensor, type Value } from 'posetape';
import { collate, type GroupScorer, type Scorer } from 'posetape/combine';
import {
  add,
  clamp,
  div,
  exp,
  gather,
  minimum,
  mul,
  neg,
  type Operand,
  segmentSum,
  slice,
  square,
  sub,
  sum,
} from 'posetape/ops';
import { type Data, graphsOf } from './data.ts';

/** Parameters of workload B, a Vina-like pair potential: 20 numbers in float32, 6 weights and 14 radii. */
export type PairParams = {
  /** Weights of the five terms and of the rotors, shape [6]. */
  readonly weights: Tensor<Float32Array>;
  /** Radius of each atom type in Å, shape [types]. */
  readonly radii: Tensor<Float32Array>;
};

/** Pairs of a ligand atom and a receptor atom that are closer than the cutoff, in one pose. */
export interface PairList {
  /** Type of the ligand atom of each pair. */
  readonly ligandType: Int32Array;
  /** Type of the receptor atom of each pair. */
  readonly receptorType: Int32Array;
  /** Distance of each pair in Å. */
  readonly distance: Float32Array;
  /** 1 for each pair with the hydrophobic term, else 0. */
  readonly hydrophobic: Float32Array;
  /** 1 for each pair with the hydrogen-bond term, else 0. */
  readonly hydrogenBond: Float32Array;
  /** Number of rotatable bonds. */
  readonly rotors: number;
}

/** Returns the pair lists of `count` poses. */
export function pairLists(data: Data, count: number): PairList[] {
  return graphsOf(data, count).map(({ types, src, dst, lengths }) => {
    const [ligandType, receptorType] = [src, dst].map(atoms => atoms.map(atom => types[atom] as number)) as [
      Int32Array,
      Int32Array,
    ];
    // A type modulo 3 is 0 for hydrophobic atoms, 1 for hydrogen-bond donors and 2 for acceptors. In a hydrogen bond,
    // the donor is always the ligand's atom.
    const mask = (ligand: number, receptor: number) =>
      Float32Array.from(ligandType, (type, p) =>
        Number(type % 3 === ligand && (receptorType[p] as number) % 3 === receptor),
      );
    const masks = { hydrophobic: mask(0, 0), hydrogenBond: mask(1, 2) };
    return { ligandType, receptorType, distance: lengths, ...masks, rotors: data.settings.rotors as number };
  });
}

/** Scorer of a pose. */
export const scoreList: Scorer<PairList, PairParams> = (_, params, pose) =>
  perRotor(sum(pairEnergies(params, { ...pose, distance: tensor(pose.distance) })), params, pose.rotors);

/** Scorer of several poses on one tape. */
export const scoreLists: GroupScorer<PairList, PairParams> = (tape, params, poses) => {
  const { fields, poseOf, count } = collate(poses, {
    ligandType: { axis: 'pairs' },
    receptorType: { axis: 'pairs' },
    distance: { axis: 'pairs' },
    hydrophobic: { axis: 'pairs' },
    hydrogenBond: { axis: 'pairs' },
    rotors: { axis: 'poses' },
  });
  const energies = pairEnergies(params, {
    ligandType: fields.ligandType.data as Int32Array,
    receptorType: fields.receptorType.data as Int32Array,
    distance: fields.distance,
    hydrophobic: fields.hydrophobic.data as Float32Array,
    hydrogenBond: fields.hydrogenBond.data as Float32Array,
  });
  return perRotor(
    segmentSum(energies, poseOf.pairs as Int32Array, count),
    params,
    tape.constant(fields.rotors),
  );
};

type Recorded = Readonly<Record<keyof PairParams, Value>>;
type Pairs = Omit<PairList, 'distance' | 'rotors'> & { readonly distance: Tensor };

function pairEnergies({ weights, radii }: Recorded, pairs: Pairs): Value {
  const { tape } = weights;
  const sizes = add(gather(radii, pairs.ligandType), gather(radii, pairs.receptorType));
  const s = sub(tape.constant(pairs.distance), sizes);
  const terms = [
    exp(neg(square(div(s, 0.5)))),
    exp(neg(square(div(sub(s, 3), 2)))),
    square(minimum(s, 0)),
    mul(clamp(sub(1.5, s), 0, 1), tape.constant(pairs.hydrophobic)),
    mul(clamp(div(s, -0.7), 0, 1), tape.constant(pairs.hydrogenBond)),
  ];
  return terms.map((term, k) => mul(weight(weights, k), term)).reduce((a, b) => add(a, b));
}

function perRotor(energy: Value, { weights }: Recorded, rotors: Operand): Value {
  const rotorWeight = weight(weights, 5);
  return div(energy, add(1, mul(rotorWeight, rotors)));
}

/** Records weight k as a value of shape [1], which broadcasts to other shapes. */
function weight(weights: Value, k: number): Value {
  return slice(weights, k, k + 1);
}
