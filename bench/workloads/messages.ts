import { type Tape, type Tensor, tensor, type Value } from 'posetape';
import { collate, type GroupScorer, type Scorer } from 'posetape/combine';
import {
  add,
  cosineCutoff,
  expandDims,
  gather,
  gaussians,
  matmul,
  mul,
  segmentSum,
  slice,
  sum,
  tanh,
} from 'posetape/ops';
import type { MessagesData } from './messages-data.ts';
import { paramsOf } from './params.ts';

/** A pose of workload C: the ligand's atoms, then the pocket's, and edges with lengths in Å. */
export interface MessagesPose {
  readonly types: Int32Array;
  readonly ligandAtoms: number;
  /** By atom: 1 in the ligand, 0 in the pocket. */
  readonly isLigand: Float32Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly lengths: Float32Array;
}

export interface MessagesCompound {
  readonly poses: readonly MessagesPose[];
  /** The measured value: what the combination of the poses should be. */
  readonly target: number;
}

type MessagesParams = Readonly<Record<string, Tensor>>;

/** Workload C: two layers of message passing with 16 features, in float32, on the compounds of the first so many poses. */
export interface Messages {
  readonly params: MessagesParams;
  readonly compounds: readonly MessagesCompound[];
  readonly score: Scorer<MessagesPose, MessagesParams>;
  readonly scoreGroup: GroupScorer<MessagesPose, MessagesParams>;
}

export function messagesOf(data: MessagesData, count: number = data.poses): Messages {
  const { bases, cutoff } = data;
  const centers = Array.from({ length: bases }, (_, k) => 1 + ((cutoff - 1) * k) / (bases - 1));

  /** The features of the atoms after two layers, shape [atoms, features]. */
  const features = (
    tape: Tape,
    p: Readonly<Record<string, Value>>,
    { types, from, to, lengths }: Pick<MessagesPose, 'types' | 'from' | 'to'> & { lengths: Tensor },
  ): Value => {
    const [source, target] = [tape.index(from), tape.index(to)];
    const d = tape.constant(lengths);
    const basis = mul(gaussians(d, tape.constant(centers), 2), expandDims(cosineCutoff(d, cutoff), 1));
    let h = gather(p.embed as Value, tape.index(types));
    for (const k of [1, 2]) {
      const [filter, mix, bias] = [p[`filter${k}`], p[`mix${k}`], p[`bias${k}`]] as [Value, Value, Value];
      const received = segmentSum(mul(gather(h, source), matmul(basis, filter)), target, types.length);
      h = add(h, tanh(add(matmul(received, mix), bias)));
    }
    return h;
  };

  return {
    params: paramsOf(data),
    compounds: compoundsIn(data, count),
    score: (tape, p, pose) => {
      const h = features(tape, p, { ...pose, lengths: tensor(pose.lengths) });
      return sum(matmul(slice(h, 0, pose.ligandAtoms), p.out as Value));
    },
    scoreGroup: (tape, p, poses) => {
      const { fields, poseOf, count } = collate(poses, {
        types: { axis: 'atoms' },
        isLigand: { axis: 'atoms' },
        from: { axis: 'edges', into: 'atoms' },
        to: { axis: 'edges', into: 'atoms' },
        lengths: { axis: 'edges' },
      });
      const [types, from, to] = [fields.types, fields.from, fields.to].map(
        ({ data }) => data as Int32Array,
      ) as [Int32Array, Int32Array, Int32Array];
      const h = features(tape, p, { types, from, to, lengths: fields.lengths });
      const ofAtoms = mul(sum(matmul(h, p.out as Value), 1), tape.constant(fields.isLigand));
      return segmentSum(ofAtoms, poseOf.atoms as Int32Array, count);
    },
  };
}

function compoundsIn(data: MessagesData, count: number): MessagesCompound[] {
  const compounds: { poses: MessagesPose[]; target: number }[] = [];
  let [atom, edge] = [0, 0];
  for (let n = 0; n < count; n++) {
    const [ligandAtoms, atoms, edges] = [data.ligands[n], data.atoms[n], data.edges[n]] as [
      number,
      number,
      number,
    ];
    const c = Math.floor(n / data.posesPerCompound);
    compounds[c] ??= { poses: [], target: data.targets[c] as number };
    compounds[c].poses.push({
      types: data.types.subarray(atom, atom + atoms),
      ligandAtoms,
      isLigand: Float32Array.from({ length: atoms }, (_, i) => Number(i < ligandAtoms)),
      from: data.from.subarray(edge, edge + edges),
      to: data.to.subarray(edge, edge + edges),
      lengths: data.lengths.subarray(edge, edge + edges),
    });
    atom += atoms;
    edge += edges;
  }
  return compounds;
}
