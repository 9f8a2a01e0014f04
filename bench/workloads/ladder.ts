import { type Tape, type Tensor, tensor, type Value } from 'posetape';
import { collate, type Params } from 'posetape/combine';
import { add, exp, gather, matmul, mul, neg, segmentSum, square, sub, sum, tanh } from 'posetape/ops';
import { networkTask } from './networks.ts';
import { spread } from './spread.ts';
import type { Task } from './tasks.ts';

/** Function that makes a scorer of the given sizes with `count` poses. */
type Maker = (sizes: readonly number[], count: number) => Task;

/**
 * Makers of scorers by kind. A scorer is named by its kind and sizes, such as `pairs,1000`. bench/peers/torch_subject.py has
 * the same scorers under the same names, with the same parameters and poses.
 */
const makers: Readonly<Record<string, Maker>> = {
  pairs: ([pairs = 1], count) => erased(pairsTask(pairs, count)),
  dense: ([width = 1, layers = 1, rows = 1], count) => erased(denseTask(width, layers, rows, count)),
  graph: ([atoms = 1, edges = 1, features = 1], count) => erased(graphTask(atoms, edges, features, count)),
  painn: (sizes, count) => networkTask('painn', sizes, count),
  gat: (sizes, count) => networkTask('gat', sizes, count),
};

/**
 * Makes the scorer of this name with `count` poses.
 *
 * @throws Error if the kind is unknown
 */
export function ladderTask(name: string, count: number): Task {
  const [kind = '', ...sizes] = name.split(',');
  const maker = makers[kind];
  if (!maker) throw new Error(`the ladder has no scorer ${kind}, only ${Object.keys(makers).join(', ')}`);
  return maker(sizes.map(Number), count);
}

/** Drops the types of a task's poses and parameters. This is safe, because its scorer only gets poses of the same task. */
function erased<Pose, P extends Params>(task: Task<Pose, P>): Task {
  return task as unknown as Task;
}

const types = 10;

interface Pairs {
  readonly type: Int32Array;
  readonly distance: Float32Array;
}
type PairsParams = Readonly<Record<'depth' | 'radius', Tensor<Float32Array>>>;

/**
 * Makes a pair potential: ΔG = Σ depth exp(−(d − radius)²) over the pairs of a pose. d is the distance of a pair. Each of
 * the ten pair types has its own depth and radius.
 */
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
      const byPair = energies(tape, p, fields.type.data as Int32Array, fields.distance);
      return segmentSum(byPair, poseOf.pairs as Int32Array, count);
    },
    precision: 'float32',
    hand: { gradient, run: hand },
  };
}

interface Rows {
  readonly x: Tensor<Float32Array>;
}
type Layers = Readonly<Record<string, Tensor<Float32Array>>>;

/** Makes a network of L layers h ← h + tanh(h W)/L, each with its own W. ΔG is the sum of a row of h, averaged over rows. */
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

interface Graph {
  readonly type: Int32Array;
  readonly src: Int32Array;
  readonly dst: Int32Array;
  readonly basis: Tensor<Float32Array>;
}
const bases = 8;

/**
 * Makes two layers of message passing: hᵢ ← hᵢ + tanh(mᵢ M). The message mᵢ is the sum of hⱼ ⊙ (basis F) over the edges from
 * atoms j to atom i. Each layer has its own matrices F and M. ΔG is the mean of hᵢ · out over the atoms.
 */
function graphTask(atoms: number, edges: number, features: number, count: number): Task<Graph, Layers> {
  const weights = (rows: number, columns: number, seed: number) =>
    tensor(
      spread(rows * columns, seed).map(x => x / Math.sqrt(rows)),
      [rows, columns],
    );
  const layers = [0, 1].flatMap(l => [
    [`filter${l}`, weights(bases, features, 1000 * l)] as const,
    [`mix${l}`, weights(features, features, 1000 * l + 500)] as const,
  ]);
  const poses = Array.from({ length: count }, (_, n) => ({
    type: Int32Array.from({ length: atoms }, (_, i) => (7 * i + n) % types),
    src: Int32Array.from({ length: edges }, (_, e) => (7 * e + n) % atoms),
    dst: Int32Array.from({ length: edges }, (_, e) => Math.floor((e * atoms) / edges)),
    basis: tensor(spread(edges * bases, 100 + n * edges * bases), [edges, bases]),
  }));
  /** Records the energies of the atoms, of shape [atoms]. */
  const energies = (p: Readonly<Record<string, Value>>, tape: Tape, { type, src, dst, basis }: Graph) => {
    const [from, to] = [tape.index(src), tape.index(dst)];
    let h = gather(p.embedding as Value, tape.index(type));
    for (const l of [0, 1]) {
      const messages = mul(gather(h, from), matmul(tape.constant(basis), p[`filter${l}`] as Value));
      h = add(h, tanh(matmul(segmentSum(messages, to, type.length), p[`mix${l}`] as Value)));
    }
    return sum(matmul(h, p.out as Value), 1);
  };
  return {
    poses,
    params: {
      embedding: weights(types, features, 1),
      ...Object.fromEntries(layers),
      out: weights(features, 1, 2),
    },
    score: (tape, p, pose) => mul(1 / atoms, sum(energies(p, tape, pose))),
    scoreGroup: (tape, p, group) => {
      const { fields, poseOf, count } = collate(group, {
        type: { axis: 'atoms' },
        src: { axis: 'edges', into: 'atoms' },
        dst: { axis: 'edges', into: 'atoms' },
        basis: { axis: 'edges' },
      });
      const [type, src, dst] = [fields.type, fields.src, fields.dst].map(({ data }) => data) as Int32Array[];
      const joined = { type, src, dst, basis: fields.basis } as Graph;
      return mul(1 / atoms, segmentSum(energies(p, tape, joined), poseOf.atoms as Int32Array, count));
    },
    precision: 'float32',
  };
}
