import { type Tensor, tensor } from 'posetape';

/** Pose of a synthetic compound in its pocket, as a graph. */
export interface Pose {
  /** Type of each atom: the ligand's atoms, then the pocket's. */
  readonly types: Int32Array;
  readonly ligandAtoms: number;
  /** Target atom of each edge. */
  readonly to: Int32Array;
  /** Source atom of each edge. */
  readonly from: Int32Array;
  /** Length of each edge in Å. */
  readonly distances: Float64Array;
}

/** Parameters of the network, by name. */
export type Theta = Readonly<
  Record<'embed' | 'filter1' | 'mix1' | 'bias1' | 'filter2' | 'mix2' | 'bias2' | 'out', Tensor<Float64Array>>
>;

/** Number of features of each atom, and number of radial functions in which each distance is expanded. */
const [features, radial] = [16, 8];

/**
 * Returns random compounds with 16 poses each, all in the same pocket; the `hidden` parameters, with which the targets of
 * the compounds are computed; and `start`, the parameters from which the fit starts.
 */
export function synthetic(compounds: number): {
  readonly compounds: readonly { readonly name: string; readonly poses: readonly Pose[] }[];
  readonly hidden: Theta;
  readonly start: Theta;
} {
  const { random, normal } = generators(12345);
  // A spiral of 20 atoms on a sphere of radius 6 Å. Each atom is turned by the golden angle from the one before.
  const pocket = Array.from({ length: 20 }, (_, i) => {
    const [z, phi] = [1 - (2 * i + 1) / 20, i * 2.39996];
    const r = Math.sqrt(1 - z * z) * 6;
    return { type: i % 3, x: [r * Math.cos(phi), r * Math.sin(phi), 6 * z] };
  });
  // A ligand is a branched chain of 8 to 14 atoms with bonds of 1.5 Å. Its atoms have types 3 to 6; the pocket's have
  // types 0 to 2.
  const compound = (_: unknown, number: number) => {
    const ligandAtoms = 8 + Math.floor(random() * 7);
    const chain = [[0, 0, 0]];
    while (chain.length < ligandAtoms) {
      const from = chain[Math.floor(random() * chain.length)] as number[];
      const step = [normal(), normal(), normal()];
      const length = Math.hypot(...step);
      chain.push(from.map((x, axis) => x + (1.5 * (step[axis] as number)) / length));
    }
    const ligandTypes = Array.from({ length: ligandAtoms }, () => 3 + Math.floor(random() * 4));
    const types = Int32Array.from([...ligandTypes, ...pocket.map(({ type }) => type)]);
    // A pose turns the ligand by random angles about z and x, and shifts it.
    const pose = (): Pose => {
      const [a, b] = [random() * 6.28, random() * 6.28];
      const t = [normal(), normal(), normal()] as const;
      const turned = chain.map(([x = 0, y = 0, z = 0]) => {
        const [u, v] = [x * Math.cos(a) - y * Math.sin(a), x * Math.sin(a) + y * Math.cos(a)];
        return [u + t[0], v * Math.cos(b) - z * Math.sin(b) + t[1], v * Math.sin(b) + z * Math.cos(b) + t[2]];
      });
      return { types, ligandAtoms, ...edgesOf([...turned, ...pocket.map(({ x }) => x)], ligandAtoms) };
    };
    return { name: `compound ${number}`, poses: Array.from({ length: 16 }, pose) };
  };
  const drawn = Array.from({ length: compounds }, compound);
  const matrix = (rows: number, columns: number, scale: number) =>
    tensor(Array.from({ length: rows }, () => Array.from({ length: columns }, () => scale * normal())));
  const bias = () => tensor(Float64Array.from({ length: features }, () => 0.1 * normal()));
  const params = (scale: number): Theta => ({
    embed: matrix(7, features, scale),
    filter1: matrix(radial, features, 0.5 * scale),
    mix1: matrix(features, features, scale / 4),
    filter2: matrix(radial, features, 0.5 * scale),
    mix2: matrix(features, features, scale / 4),
    bias1: bias(),
    bias2: bias(),
    out: matrix(features, 1, scale / 2),
  });
  return { compounds: drawn, hidden: params(1), start: params(0.7) };
}

/** Returns the edges, in both directions, between atoms closer than 5 Å. Pairs of two pocket atoms have no edge. */
function edgesOf(x: readonly number[][], ligandAtoms: number): Pick<Pose, 'to' | 'from' | 'distances'> {
  const edges: { to: number; from: number; d: number }[] = [];
  for (const [to, a] of x.entries()) {
    for (const [from, b] of x.entries()) {
      const d = Math.hypot(...a.map((coordinate, axis) => coordinate - (b[axis] as number)));
      if (to !== from && d < 5 && (to < ligandAtoms || from < ligandAtoms)) edges.push({ to, from, d });
    }
  }
  return {
    to: Int32Array.from(edges, edge => edge.to),
    from: Int32Array.from(edges, edge => edge.from),
    distances: Float64Array.from(edges, edge => edge.d),
  };
}

/** Returns generators of uniform and normal random numbers. */
function generators(seed: number): { readonly random: () => number; readonly normal: () => number } {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return { random, normal };
}
