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

/** The five terms of a pair, each a value of shape [pairs], before they are weighted. */
export interface Terms<T = Value> {
  readonly gauss1: T;
  readonly gauss2: T;
  readonly repulsion: T;
  readonly hydrophobic: T;
  readonly hydrogenBond: T;
}

/** The six parameters: a weight for each term in kcal/mol, and one without unit for the rotors. */
export interface Weights<T = Value> extends Terms<T> {
  readonly rotors: T;
}

/** The weights as numbers, by name. */
export type VinaWeights = { readonly [Name in keyof Weights]: Tensor<Float64Array> };

/**
 * The weights of AutoDock Vina, each of shape [] (O. Trott and A. J. Olson, Journal of Computational Chemistry 31, 455,
 * 2010; with the digits of the program).
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

/** Puts the weights on a tape, as parameters. `combinePoses` does so by itself. */
export function recordWeights(tape: Tape, weights: VinaWeights = vinaWeights()): Weights {
  const entries = Object.entries(weights).map(([name, weight]) => [name, tape.parameter(weight, name)]);
  return Object.fromEntries(entries) as Record<keyof Weights, Value>;
}

/**
 * Records the binding free energy of a pose by the Vina scoring function, in kcal/mol and of shape []:
 *
 *     ΔG = Σ_i s(Σ_j e_ij) / (1 + w_rot N_rot),    e_ij = Σ_terms w f(d_ij),    d_ij = r_ij − R_i − R_j
 *
 * over ligand atoms i and receptor atoms j closer than 8 Å, where s keeps a clashing atom from exceeding 1000 kcal/mol.
 *
 * @param ligand the ligand's coordinates in Å, shape [ligand atoms, 3]; give them as a parameter to get forces
 * @param receptor the receptor's, likewise
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
 * Records the binding free energies of several poses with the ops of one, in kcal/mol and of shape [poses]: each is what
 * {@link score} records of that pose. A receptor that all of them share is not repeated.
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
  const ofPoses = segmentSum(energies, poseOf.ligandAtoms as Int32Array, count);
  return perRotor(weights, ofPoses, tape.constant(fields.rotors));
}

/** The pairs of one pose, or of several whose rows are joined. */
type Pairs = Omit<Pose, 'rotors'>;

type ReceptorFields = { readonly receptorAtom: Field<Pose>; readonly receptor?: Field<Pose> };
const sharedReceptor: ReceptorFields = { receptorAtom: { axis: 'pairs' } };
const ownReceptors: ReceptorFields = {
  receptor: { axis: 'receptorAtoms' },
  receptorAtom: { axis: 'pairs', into: 'receptorAtoms' },
};

/** Records the energies of the ligand atoms in kcal/mol, before the rotors count: of shape [ligand atoms]. */
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

/** Records the energies of pairs in kcal/mol from their terms, of shape [pairs]. */
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

/** energy / (1 + w_rot N_rot): a ligand with more rotors loses more freedom on binding. */
export function perRotor(weights: Weights, energy: Value, rotors: Operand): Value {
  return div(energy, add(1, mul(weights.rotors, rotors)));
}

/** Records the terms of each pair: the repulsion in Å², the others without unit. */
export function terms(
  tape: Tape,
  pairs: Pairs,
  ligand: Value = tape.constant(pairs.ligand),
  receptor: Value = tape.constant(pairs.receptor),
): Terms {
  const r = norm(sub(gather(ligand, pairs.ligandAtom), gather(receptor, pairs.receptorAtom)), 1);
  return termsAt(tape, r, pairs);
}

/** Records the terms of pairs at distances `r`, in Å and of shape [pairs]. */
export function termsAt(
  tape: Tape,
  r: Value,
  pairs: Pick<Pairs, 'radii' | 'hydrophobic' | 'hydrogenBond'>,
): Terms {
  const d = sub(r, tape.constant(pairs.radii)); // between the two surfaces
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

/** exp(−((d − center) / width)²) */
function gaussian(d: Value, center: number, width: number): Value {
  return exp(neg(square(div(sub(d, center), width))));
}

/** 1 up to `full`, 0 from `none` on, and linear in between. */
function ramp(d: Value, full: number, none: number): Value {
  return clamp(div(sub(none, d), none - full), 0, 1);
}

/** e where it attracts; 1000 e / (1000 + e) where it repels. */
export function squashed(e: Value): Value {
  return where(greater(e, 0), div(mul(1000, e), add(1000, e)), e);
}
