import { type Tape, type Tensor, tensor, type Value } from 'posetape';
import { collate } from 'posetape/combine';
import { add, exp, gather, matmul, mul, neg, segmentSum, square, sub, sum, tanh } from 'posetape/ops';
import type { Task } from './tasks.ts';

/**
 * Scorers of any size: `pairs,P`, a potential of 20 parameters on P pairs, or `dense,w,L,r`, L residual layers of w × w on
 * r rows. bench/peers/torch_subject.py has the same, from the same numbers.
 */
export function ladderTask(name: string, count: number): Task {
  const [kind, ...sizes] = name.split(',');
  const [a = 1, b = 1, c = 1] = sizes.map(Number);
  return (kind === 'pairs' ? pairsTask(a, count) : denseTask(a, b, c, count)) as unknown as Task;
}

/** Numbers from −1/2 to 1/2 that every language computes alike: multiples of the golden ratio, modulo 1. */
export function spread(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => (Math.imul(i + 1 + seed, 2654435761) >>> 0) / 2 ** 32 - 0.5);
}

const types = 10;

interface Pairs {
  readonly type: Int32Array;
  readonly distance: Float32Array;
}
type PairsParams = Readonly<Record<'depth' | 'radius', Tensor<Float32Array>>>;

/** Σ depth exp(−(d − radius)²), both by the type of the pair. */
function pairsTask(pairs: number, count: number): Task<Pairs, PairsParams> {
  const params = {
    depth: tensor(spread(types, 1)),
    radius: tensor(spread(types, 2).map(x => 3 + x)),
  };
  const poses = Array.from({ length: count }, (_, n) => ({
    type: Int32Array.from({ length: pairs }, (_, p) => (7 * p + n) % types),
    distance: spread(pairs, 100 + n * pairs).map(x => 3 + 2 * x),
  }));
  const energies = (
    tape: Tape,
    { depth, radius }: Readonly<Record<'depth' | 'radius', Value>>,
    type: Int32Array,
    distance: Tensor,
  ) => {
    const index = tape.index(type);
    return mul(gather(depth, index), exp(neg(square(sub(tape.constant(distance), gather(radius, index))))));
  };
  const gradient = new Float64Array(2 * types);
  const hand = ({ type, distance }: Pairs): number => {
    const [depth, radius] = [params.depth.data, params.radius.data];
    gradient.fill(0);
    let energy = 0;
    for (let p = 0; p < type.length; p++) {
      const t = type[p] as number;
      const u = (distance[p] as number) - (radius[t] as number);
      const bell = Math.exp(-u * u);
      const term = (depth[t] as number) * bell;
      energy += term;
      (gradient[t] as number) += bell;
      (gradient[types + t] as number) += 2 * u * term;
    }
    return energy;
  };
  return {
    poses,
    params,
    score: (tape, p, { type, distance }) => sum(energies(tape, p, type, tensor(distance))),
    scoreGroup: (tape, p, group) => {
      const { fields, poseOf, count } = collate(group, {
        type: { axis: 'pairs' },
        distance: { axis: 'pairs' },
      });
      const each = energies(tape, p, fields.type.data as Int32Array, fields.distance);
      return segmentSum(each, poseOf.pairs as Int32Array, count);
    },
    precision: 'float32',
    hand: { gradient, run: hand },
  };
}

interface Rows {
  readonly x: Tensor<Float32Array>;
}
type Layers = Readonly<Record<string, Tensor<Float32Array>>>;

/** h ← h + tanh(h W)/L, layer by layer; ΔG is the mean of the rows' sums. */
function denseTask(width: number, depth: number, rows: number, count: number): Task<Rows, Layers> {
  const scale = 4 / Math.sqrt(width);
  const layers = Array.from({ length: depth }, (_, l) => {
    const weights = spread(width * width, 1000 * l).map(x => scale * x);
    return [`w${l}`, tensor(weights, [width, width])] as const;
  });
  const poses = Array.from({ length: count }, (_, n) => ({
    x: tensor(spread(rows * width, 100 + n * rows * width), [rows, width]),
  }));
  const sums = (p: Readonly<Record<string, Value>>, x: Value): Value => {
    let h = x;
    for (let l = 0; l < depth; l++) h = add(h, mul(1 / depth, tanh(matmul(h, p[`w${l}`] as Value))));
    return sum(h, 1);
  };
  return {
    poses,
    params: Object.fromEntries(layers),
    score: (tape, p, { x }) => mul(1 / rows, sum(sums(p, tape.constant(x)))),
    scoreGroup: (tape, p, group) => {
      const { fields, poseOf, count } = collate(group, { x: { axis: 'rows' } });
      return mul(1 / rows, segmentSum(sums(p, tape.constant(fields.x)), poseOf.rows as Int32Array, count));
    },
    precision: 'float32',
  };
}
