import type { GroupScorer, Params, Scorer } from 'posetape/combine';
import { atomsOf, type Pose as SmallPose, selected } from '../../examples/networks/pose.ts';
import { schnet, weightShapes } from '../../examples/schnet/schnet.ts';
import type { NetworkData, SmallData } from './network-data.ts';
import { paramsOf } from './params.ts';

/** A pose of workload A: a graph whose edges have lengths in Å. */
export interface NetworkPose {
  readonly elements: Int32Array;
  readonly src: Int32Array;
  readonly dst: Int32Array;
  readonly distances: Float32Array;
}

/** Workload A: a SchNet of 68 thousand parameters over 300 atoms and 9600 edges, in float32. */
export interface Network {
  readonly params: Params;
  readonly score: Scorer<NetworkPose, Params>;
}

export function networkOf(data: NetworkData): Network {
  const { energy } = schnet(data.sizes);
  return {
    params: weightsOf(data),
    score: (tape, weights, pose) =>
      energy(tape, weights, { ...pose, distances: tape.constant(pose.distances) }),
  };
}

/** The parameters by the names of examples/schnet. */
function weightsOf(data: NetworkData): Params {
  const names = weightShapes(data.sizes).keys();
  return Object.fromEntries(Object.values(paramsOf(data)).map(each => [names.next().value as string, each]));
}

/** The SchNet of 455,809 parameters, as examples/schnet scores its poses: one by one, or several on a tape. */
export function smallOf(data: SmallData): {
  readonly params: Params;
  readonly score: Scorer<SmallPose, Params>;
  readonly scoreGroup: GroupScorer<SmallPose, Params>;
} {
  const { score, scoreGroup } = schnet(data.sizes);
  return { params: weightsOf(data), score: (tape, weights, pose) => score(tape, weights, pose), scoreGroup };
}

export function smallPoses(data: SmallData, count: number): SmallPose[] {
  const { atoms, ligandAtoms } = data;
  return networkPoses(data, count).map(({ elements, src, dst }, n) => {
    const all = atomsOf([...elements], [...data.coordinates.subarray(3 * n * atoms, 3 * (n + 1) * atoms)]);
    return {
      ligand: selected(all, atom => atom < ligandAtoms),
      pocket: selected(all, atom => atom >= ligandAtoms),
      complex: { elements, src, dst },
    };
  });
}

/** The first so many poses. */
export function networkPoses(data: NetworkData, count: number): NetworkPose[] {
  const { atoms, edges } = data;
  return Array.from({ length: count }, (_, n) => ({
    elements: data.elements.subarray(n * atoms, (n + 1) * atoms),
    src: data.src.subarray(n * edges, (n + 1) * edges),
    dst: data.dst.subarray(n * edges, (n + 1) * edges),
    distances: data.distances.subarray(n * edges, (n + 1) * edges),
  }));
}
