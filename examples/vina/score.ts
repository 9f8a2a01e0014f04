import { type Operand, type Tape, type Tensor, tensor, type Value } from 'posetape';
import { collate, type Field } from 'posetape/combine';
import {
  add,
  clamp,
  div,
  exp,
  gather,
  greater,
  minimum,
  mul,
  neg,
  norm,
  segmentSum,
  square,
  sub,
  sum,
  where,
} from 'posetape/ops';
import type { Pose } from './pairs.ts';

/** Five terms of the pairs before weighting, each a value of shape [pairs]. */
export interface Terms<T = Value> {
  readonly gauss1: T;
  readonly gauss2: T;
  readonly repulsion: T;
  readonly hydrophobic: T;
  readonly hydrogenBond: T;
}

/** Six parameters: the weights of the five terms, and the weight of the rotors, a number without unit. */
export interface Weights<T = Value> extends Terms<T> {
  readonly rotors: T;
}

/** Weights as tensors, by name. */
export type VinaWeights = { readonly [Name in keyof Weights]: Tensor<Float64Array> };

/**
 * Returns the weights of AutoDock Vina, each of shape [] (O. Trott and A. J. Olson, Journal of Computational Chemistry 31, 455,
 * 2010; with all digits of the program).
 */
export function vinaWeights(): VinaWeights {
  return {
    gauss1: tensor(-0.035579),
    gauss2: tensor(-0.005156),
    repulsion: tensor(0.840245),
    hydrophobic: tensor(-0.035069),
    hydrogenBond: tensor(-0.587439),
    rotors: tensor(0.05846),
  };
}

/** Records the weights on a tape as parameters. `combinePoses` does this for you. */
export function recordWeights(tape: Tape, weights: VinaWeights = vinaWeights()): Weights {
  const entries = Object.entries(weights).map(([name, weight]) => [name, tape.parameter(weight, name)]);
  return Object.fromEntries(entries) as Record<keyof Weights, Value>;
}

/**
 * Records the binding free energy of a pose by the Vina scoring function, in kcal/mol and of shape []:
 *
 *     ΔG = Σ_i s(Σ_j e_ij) / (1 + w_rot N_rot),    e_ij = Σ_terms w f(d_ij),    d_ij = r_ij − R_i − R_j
 *
 * over ligand atoms i and receptor atoms j closer than 8 Å. The function s keeps the energy of a clashing atom below
 * 1000 kcal/mol.
 *
 * @param ligand ligand coordinates in Å, shape [ligand atoms, 3]. Pass a parameter to get forces. Default: the pose's.
 * @param receptor receptor coordinates in Å, shape [receptor atoms, 3]. Default: the pose's.
 * @example
 * const tape = new Tape();
 * const x = tape.parameter(pose.ligand, 'x');
 * const energy = score(tape, recordWeights(tape), pose, x);
 * const [energyByX] = gradient(energy, [x]); // ∂ΔG/∂x in kcal/mol/Å, shape [ligand atoms, 3]
 */
export function score(
  tape: Tape,
  weights: Weights,
  pose: Pose,
  ligand: Value = tape.constant(pose.ligand),
  receptor: Value = tape.constant(pose.receptor),
): Value {
  return perRotor(weights, sum(atomEnergies(tape, weights, pose, ligand, receptor)), pose.rotors);
}

/**
 * Records the binding free energies of several poses with as many ops as for one, in kcal/mol and of shape [poses]. Each entry
 * equals what {@link score} gives for that pose. A receptor that all poses share is recorded once.
 *
 * @example
 * const tape = new Tape();
 * const weights = recordWeights(tape);
 * const energies = scoreGroup(tape, weights, poses);
 * const slopes = gradient(sum(energies), Object.values(weights)); // Σ_n ∂ΔG_n/∂w, each of shape []
 */
export function scoreGroup(tape: Tape, weights: Weights, poses: readonly Pose[]): Value {
  const [first] = poses as readonly [Pose];
  const isShared = poses.every(({ receptor }) => receptor === first.receptor);
  const { fields, poseOf, count } = collate(poses, {
    ligand: { axis: 'ligandAtoms' },
    ligandAtom: { axis: 'pairs', into: 'ligandAtoms' },
    ...(isShared ? sharedReceptor : ownReceptors),
    radii: { axis: 'pairs' },
    hydrophobic: { axis: 'pairs' },
    hydrogenBond: { axis: 'pairs' },
    rotors: { axis: 'poses' },
  });
  const energies = atomEnergies(tape, weights, {
    ligand: fields.ligand as Pairs['ligand'],
    receptor: isShared ? first.receptor : (fields.receptor as Pairs['receptor']),
    ligandAtom: fields.ligandAtom.data as Int32Array,
    receptorAtom: fields.receptorAtom.data as Int32Array,
    radii: fields.radii.data as Float64Array,
    hydrophobic: fields.hydrophobic.data as Float64Array,
    hydrogenBond: fields.hydrogenBond.data as Float64Array,
  });
  const byPose = segmentSum(energies, poseOf.ligandAtoms as Int32Array, count);
  return perRotor(weights, byPose, tape.constant(fields.rotors));
}

/** Pairs of one pose, or joined pairs of several. */
type Pairs = Omit<Pose, 'rotors'>;

type ReceptorFields = { readonly receptorAtom: Field<Pose>; readonly receptor?: Field<Pose> };
const sharedReceptor: ReceptorFields = { receptorAtom: { axis: 'pairs' } };
const ownReceptors: ReceptorFields = {
  receptor: { axis: 'receptorAtoms' },
  receptorAtom: { axis: 'pairs', into: 'receptorAtoms' },
};

/** Records the energies of the ligand atoms before the division by rotors, in kcal/mol and of shape [ligand atoms]. */
function atomEnergies(
  tape: Tape,
  weights: Weights,
  pairs: Pairs,
  ligand: Value = tape.constant(pairs.ligand),
  receptor: Value = tape.constant(pairs.receptor),
): Value {
  const [atoms = 0] = pairs.ligand.shape;
  const energies = pairEnergies(weights, terms(tape, pairs, ligand, receptor));
  return squashed(segmentSum(energies, pairs.ligandAtom, atoms));
}

/** Records the energies of pairs from their terms, in kcal/mol and of shape [pairs]. */
export function pairEnergies(
  weights: Weights,
  { gauss1, gauss2, repulsion, hydrophobic, hydrogenBond }: Terms,
): Value {
  return total(
    mul(weights.gauss1, gauss1),
    mul(weights.gauss2, gauss2),
    mul(weights.repulsion, repulsion),
    mul(weights.hydrophobic, hydrophobic),
    mul(weights.hydrogenBond, hydrogenBond),
  );
}

/** Records energy / (1 + w_rot N_rot): a ligand with more rotors loses more freedom on binding. */
export function perRotor(weights: Weights, energy: Value, rotors: Operand): Value {
  return div(energy, add(1, mul(weights.rotors, rotors)));
}

/** Records the terms of each pair. The repulsion is in Å², the others have no unit. */
export function terms(
  tape: Tape,
  pairs: Pairs,
  ligand: Value = tape.constant(pairs.ligand),
  receptor: Value = tape.constant(pairs.receptor),
): Terms {
  const r = norm(sub(gather(ligand, pairs.ligandAtom), gather(receptor, pairs.receptorAtom)), 1);
  return termsAt(tape, r, pairs);
}

/** Records the terms of pairs at distances `r`, which are in Å and of shape [pairs]. */
export function termsAt(
  tape: Tape,
  r: Value,
  pairs: Pick<Pairs, 'radii' | 'hydrophobic' | 'hydrogenBond'>,
): Terms {
  const d = sub(r, tape.constant(pairs.radii)); // distance between the surfaces
  return {
    gauss1: gaussian(d, 0, 0.5),
    gauss2: gaussian(d, 3, 2),
    repulsion: square(minimum(d, 0)),
    hydrophobic: mul(tape.constant(pairs.hydrophobic), ramp(d, 0.5, 1.5)),
    hydrogenBond: mul(tape.constant(pairs.hydrogenBond), ramp(d, -0.7, 0)),
  };
}

function total(...values: Value[]): Value {
  return values.reduce((a, b) => add(a, b));
}

/** Records exp(−((d − center) / width)²). */
function gaussian(d: Value, center: number, width: number): Value {
  return exp(neg(square(div(sub(d, center), width))));
}

/** Records 1 for d up to `full`, 0 from `none` on, and linear in between. */
function ramp(d: Value, full: number, none: number): Value {
  return clamp(div(sub(none, d), none - full), 0, 1);
}

/** Records e where e is attractive, and 1000 e / (1000 + e) where it is repulsive. */
export function squashed(e: Value): Value {
  return where(greater(e, 0), div(mul(1000, e), add(1000, e)), e);
}
