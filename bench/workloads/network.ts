import { type Tensor, tensor } from 'posetape';
import type { Params, Scorer } from 'posetape/combine';
import { schnet, weightShapes } from '../../examples/schnet/schnet.ts';
import type { NetworkData } from './network-data.ts';

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

export function networkOf({ sizes, params }: NetworkData): Network {
  const { energy } = schnet(sizes);
  let at = 0;
  const tensors = [...weightShapes(sizes)].map(([name, shape]): [string, Tensor] => {
    const from = at;
    at += shape[0] * shape[1];
    return [name, tensor(params.slice(from, at), shape)];
  });
  if (at !== params.length) throw new Error(`workload A: ${params.length} parameters, expected ${at}`);
  return {
    params: Object.fromEntries(tensors),
    score: (tape, weights, pose) =>
      energy(tape, weights, { ...pose, distances: tape.constant(pose.distances) }),
  };
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
