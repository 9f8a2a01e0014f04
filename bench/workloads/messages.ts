import { type Tape, type Tensor, tensor, type Value } from 'posetape';
import { collate } from 'posetape/combine';
import {
  add,
  cosineCutoff,
  expandDims,
  gather,
  gaussians,
  matmul,
  mul,
  reshape,
  segmentSum,
  sum,
  tanh,
} from 'posetape/ops';
import { type Data, type Graph, graphsOf, paramsOf } from './data.ts';
import type { Task } from './tasks.ts';

type Joined = Readonly<Record<'types' | 'src' | 'dst', Int32Array> & Record<'lengths' | 'isLigand', Tensor>>;

/**
 * Makes workload C: two layers of message passing, hᵢ ← hᵢ + tanh(mᵢ M + b). The message mᵢ is the sum of hⱼ ⊙ (basis F) over
 * the edges from atoms j to atom i. Each layer has its own F, M and b. ΔG is the sum of hᵢ · out over the ligand's atoms.
 * Each compound has 16 poses and one target.
 */
export function messagesTask(data: Data, count: number): Task {
  const { cutoff = 0, bases = 0, posesPerCompound = 1 } = data.settings;
  const centers = Array.from({ length: bases }, (_, k) => 0.5 * (k + 1));
  /** Records the energy of each atom, of shape [atoms]. It is 0 for atoms of the pocket. */
  const energies = (tape: Tape, p: Readonly<Record<string, Value>>, graph: Joined): Value => {
    const [src, dst, d] = [tape.index(graph.src), tape.index(graph.dst), tape.constant(graph.lengths)];
    const fade = expandDims(cosineCutoff(d, cutoff), 1);
    const basis = mul(gaussians(d, tape.constant(centers), 2), fade);
    let h = gather(p.embedding as Value, tape.index(graph.types));
    for (const l of [0, 1]) {
      const messages = mul(gather(h, src), matmul(basis, p[`filter${l}`] as Value));
      const mixed = matmul(segmentSum(messages, dst, graph.types.length), p[`mix${l}`] as Value);
      h = add(h, tanh(add(mixed, p[`bias${l}`] as Value)));
    }
    return mul(reshape(matmul(h, p.out as Value), [graph.types.length]), tape.constant(graph.isLigand));
  };
  const poses = graphsOf(data, count).map(graph => ({
    ...graph,
    isLigand: Float32Array.from(graph.types, (_, atom) => Number(atom < graph.ligandAtoms)),
  }));
  type Pose = Graph & { readonly isLigand: Float32Array };
  const task = {
    poses,
    compounds: Array.from({ length: count / posesPerCompound }, (_, c) => ({
      poses: poses.slice(c * posesPerCompound, (c + 1) * posesPerCompound),
      target: (c % 5) - 2, // arbitrary
    })),
    params: paramsOf(data),
    score: (tape: Tape, p: Readonly<Record<string, Value>>, pose: Pose) =>
      sum(energies(tape, p, { ...pose, lengths: tensor(pose.lengths), isLigand: tensor(pose.isLigand) })),
    scoreGroup: (tape: Tape, p: Readonly<Record<string, Value>>, group: readonly Pose[]) => {
      const { fields, poseOf, count } = collate(group, {
        types: { axis: 'atoms' },
        isLigand: { axis: 'atoms' },
        src: { axis: 'edges', into: 'atoms' },
        dst: { axis: 'edges', into: 'atoms' },
        lengths: { axis: 'edges' },
      });
      const [types, src, dst] = [fields.types, fields.src, fields.dst].map(({ data }) => data);
      const joined = { types, src, dst, lengths: fields.lengths, isLigand: fields.isLigand } as Joined;
      return segmentSum(energies(tape, p, joined), poseOf.atoms as Int32Array, count);
    },
    precision: 'float32',
  };
  return task as unknown as Task;
}
