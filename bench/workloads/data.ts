import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Tensor, tensor } from 'posetape';
import { initialWeights } from '../../examples/networks/layers.ts';
import { nearestNeighbours } from '../../examples/networks/neighbours.ts';
import { uniform } from '../../examples/networks/random.ts';
import { weightShapes } from '../../examples/schnet/schnet.ts';

/** Poses of a workload in flat arrays. Each pose is a graph. Its atoms are the ligand's, followed by the pocket's. */
export interface Data {
  /** Settings of the scorer, such as a cutoff in Å. */
  readonly settings: Readonly<Record<string, number>>;
  /** Number of ligand atoms in each pose. */
  readonly ligands: Int32Array;
  /** Number of atoms in each pose, including the ligand's. */
  readonly atoms: Int32Array;
  /** Number of edges in each pose. */
  readonly edges: Int32Array;
  /** Atomic number or other type of each atom. */
  readonly types: Int32Array;
  /** x, y and z of each atom in Å. */
  readonly coordinates: Float32Array;
  /** Source atom of each edge, numbered within the pose. */
  readonly src: Int32Array;
  /** Target atom of each edge, numbered within the pose. */
  readonly dst: Int32Array;
  /** Length of each edge in Å. */
  readonly lengths: Float32Array;
  /** All parameters in one array, in the order of `shapes`. */
  readonly params: Float32Array;
  readonly shapes: readonly (readonly [name: string, shape: readonly number[]])[];
}

/** One pose of {@link Data}. */
export interface Graph extends Pick<Data, 'types' | 'coordinates' | 'src' | 'dst' | 'lengths'> {
  readonly ligandAtoms: number;
}

type Point = readonly [number, number, number];
type Edge = readonly [src: number, dst: number];
/** Pose as it is drawn at random, before all poses are joined in flat arrays. */
interface Drawn {
  readonly ligandAtoms: number;
  readonly types: readonly number[];
  readonly atoms: readonly Point[];
  readonly edges: readonly Edge[];
}

/**
 * Returns generators of random numbers that are the same on every machine: `number()` is uniform in (0, 1), `below(limit)`
 * is a whole number from 0 to limit − 1, and `point(width)` is a point whose three coordinates are normally distributed
 * with standard deviation `width` (computed by the Box–Muller method).
 */
function randomFrom(seed: number) {
  const number = uniform(seed);
  const normal = () => Math.sqrt(-2 * Math.log(number())) * Math.cos(2 * Math.PI * number());
  const point = (width: number): Point => [width * normal(), width * normal(), width * normal()];
  return { number, below: (limit: number) => Math.floor(limit * number()), point };
}
type Random = ReturnType<typeof randomFrom>;

/** Number of atom types of workload B. */
const typeCount = 14;
/** Number of features of an atom in workload C. */
const features = 16;

/** Makers of synthetic data. Radii, widths and distances are in Å. Their values are arbitrary. */
const makers = {
  /** Workload A: a SchNet over 300 atoms, each with its 32 nearest neighbours. */
  network: (poses = 16): Data => {
    const random = randomFrom(1);
    const beyondAll = 1000; // Å, so that the cutoff excludes no atom
    const pocket = scattered(260, () => inShell(random, 4, 11), 1.2);
    const ligand = scattered(40, () => random.point(2.2), 1.1);
    const types = [...ligand, ...pocket].map(() => [6, 6, 6, 7, 8, 16][random.below(6)] as number);
    const drawn = Array.from({ length: poses }, (): Drawn => {
      const atoms = [...moved(ligand, random, 1), ...pocket];
      const { src, dst } = nearestNeighbours(atoms.flat(), { neighbours: 32, cutoff: beyondAll });
      const edges = Array.from(src, (from, e): Edge => [from, dst[e] as number]);
      return { ligandAtoms: ligand.length, types, atoms, edges };
    });
    return schnetData({ hidden: 64, gaussians: 50, interactions: 3, cutoff: 10 }, drawn);
  },
  /**
   * Workload `small`: a SchNet of 455,809 parameters on poses of ten atoms and 82 edges: the 41 closest pairs, each in both
   * directions.
   */
  small: (poses = 64): Data => {
    const random = randomFrom(5);
    const types = Array.from({ length: 10 }, () => [6, 6, 7, 8][random.below(4)] as number);
    const drawn = Array.from({ length: poses }, (): Drawn => {
      const atoms = scattered(10, () => random.point(2), 1.1);
      const length = ([i, j]: Edge) => distance(atoms[i] as Point, atoms[j] as Point);
      const closest = pairsOf(atoms, () => true).sort((a, b) => length(a) - length(b));
      return { ligandAtoms: 6, types, atoms, edges: closest.slice(0, 82).sort((a, b) => a[1] - b[1]) };
    });
    return schnetData({ hidden: 128, gaussians: 50, interactions: 6, cutoff: 10 }, drawn);
  },
  /**
   * Workload B: a Vina-like potential between 40 ligand and 1000 receptor atoms, on the ligand–receptor pairs closer than
   * 8 Å.
   */
  list: (poses = 64): Data => {
    const random = randomFrom(2);
    const pocket = scattered(1000, () => inShell(random, 4, 18.8), 1.3);
    const ligand = scattered(40, () => random.point(2.2), 1.2);
    const types = [...ligand, ...pocket].map(() => random.below(typeCount));
    const radii = Array.from({ length: typeCount }, () => 1.5 + 0.5 * random.number());
    const settings = { cutoff: 8, rotors: 5 };
    const drawn = Array.from({ length: poses }, (): Drawn => {
      const atoms = [...moved(ligand, random, 0.7), ...pocket];
      const edges = pairsOf(atoms, (_src, _dst, d) => d < settings.cutoff, ligand.length);
      return { ligandAtoms: 40, types, atoms, edges };
    });
    // The weights of AutoDock Vina.
    const weights = [-0.035579, -0.005156, 0.840245, -0.035069, -0.587439, 0.05846];
    return joined(settings, { weights: [[6], weights], radii: [[typeCount], radii] }, drawn);
  },
  /**
   * Workload C: message passing between atoms closer than 4 Å, at least one of them the ligand's. Each compound has 16
   * poses. All compounds share one pocket of 10 atoms.
   */
  messages: (poses = 320): Data => {
    const random = randomFrom(3);
    const settings = { cutoff: 4, bases: 8, posesPerCompound: 16 };
    const pocket = scattered(10, () => inShell(random, 4, 6), 1.2);
    let ligand: Point[] = [];
    let types: number[] = [];
    const drawn = Array.from({ length: poses }, (_, n): Drawn => {
      if (n % settings.posesPerCompound === 0) {
        ligand = scattered(8 + random.below(7), () => random.point(2.2), 1.2);
        types = [...ligand.map(() => 3 + random.below(4)), ...pocket.map((_, i) => i % 3)];
      }
      const [atoms, ligandAtoms] = [[...moved(ligand, random, 1), ...pocket], ligand.length];
      const edges = pairsOf(atoms, (src, dst, d) => d < settings.cutoff && Math.min(src, dst) < ligandAtoms);
      return { ligandAtoms, types, atoms, edges };
    });
    const matrix = (rows: number, columns: number, scale: number) => {
      const numbers = Array.from({ length: rows * columns }, () => scale * (random.number() - 0.5));
      return [rows === 1 ? [columns] : [rows, columns], numbers] as const;
    };
    const layer = (l: number) => ({
      [`filter${l}`]: matrix(settings.bases, features, 1),
      [`mix${l}`]: matrix(features, features, 0.6),
      [`bias${l}`]: matrix(1, features, 0.3),
    });
    const params = {
      embedding: matrix(7, features, 2),
      ...layer(0),
      ...layer(1),
      out: matrix(features, 1, 1),
    };
    return joined(settings, params, drawn);
  },
};
export type DataName = keyof typeof makers;
export const dataNames = Object.keys(makers) as DataName[];

/** Generates the data of a workload with `count` poses. */
export function generate(name: DataName, count?: number): Data {
  return makers[name](count);
}

type Params = Readonly<Record<string, readonly [shape: readonly number[], numbers: ArrayLike<number>]>>;

function schnetData(sizes: Parameters<typeof weightShapes>[0], drawn: readonly Drawn[]): Data {
  const weights = Object.entries(initialWeights(weightShapes(sizes), 1));
  const params = weights.map(([name, { shape, data }]) => [name, [shape, data]] as const);
  return joined({ ...sizes }, Object.fromEntries(params), drawn);
}

function joined(settings: Data['settings'], params: Params, drawn: readonly Drawn[]): Data {
  const integers = (numbersOf: (pose: Drawn) => number | readonly number[]) =>
    Int32Array.from(drawn.flatMap(numbersOf));
  // Random atoms may overlap. An edge shorter than 1 Å counts as 1 Å long.
  const length = ({ atoms }: Drawn, [i, j]: Edge) =>
    Math.max(distance(atoms[i] as Point, atoms[j] as Point), 1);
  return {
    settings: { ...settings, poses: drawn.length },
    ligands: integers(pose => pose.ligandAtoms),
    atoms: integers(pose => pose.atoms.length),
    edges: integers(pose => pose.edges.length),
    types: integers(pose => pose.types),
    coordinates: Float32Array.from(drawn.flatMap(pose => pose.atoms.flat())),
    src: integers(pose => pose.edges.map(([src]) => src)),
    dst: integers(pose => pose.edges.map(([, dst]) => dst)),
    lengths: Float32Array.from(drawn.flatMap(pose => pose.edges.map(edge => length(pose, edge)))),
    params: Float32Array.from(Object.values(params).flatMap(([, numbers]) => Array.from(numbers))),
    shapes: Object.entries(params).map(([name, [shape]]) => [name, shape]),
  };
}

/** Returns `count` poses. If the data has fewer, the poses are repeated in order. */
export function graphsOf(data: Data, count: number): Graph[] {
  let [atom, edge] = [0, 0];
  const graphs = Array.from({ length: Math.min(count, data.atoms.length) }, (_, n) => {
    const [firstAtom, firstEdge] = [atom, edge];
    atom += data.atoms[n] as number;
    edge += data.edges[n] as number;
    return {
      ligandAtoms: data.ligands[n] as number,
      types: data.types.slice(firstAtom, atom),
      coordinates: data.coordinates.slice(3 * firstAtom, 3 * atom),
      src: data.src.slice(firstEdge, edge),
      dst: data.dst.slice(firstEdge, edge),
      lengths: data.lengths.slice(firstEdge, edge),
    };
  });
  return Array.from({ length: count }, (_, n) => graphs[n % graphs.length] as Graph);
}

/** Returns the parameters as tensors by name. */
export function paramsOf({ params, shapes }: Data): Record<string, Tensor<Float32Array>> {
  let offset = 0;
  const tensors = shapes.map(([name, shape]) => {
    const from = offset;
    offset += shape.reduce((a, b) => a * b);
    return [name, tensor(params.slice(from, offset), shape)] as const;
  });
  return Object.fromEntries(tensors);
}

/**
 * Writes the data of the workload `name`: each array to a file of its own, such as `list.lengths.bin`, in little-endian
 * bytes; the settings, the parameters' shapes and the arrays' types to one JSON file, such as `list.json`.
 */
export async function writeData(folder: string, name: string, data: Data): Promise<void> {
  const arrays: Record<string, 'int32' | 'float32'> = {};
  for (const [field, content] of Object.entries(data)) {
    if (!ArrayBuffer.isView(content)) continue;
    arrays[field] = content instanceof Int32Array ? 'int32' : 'float32';
    await writeFile(join(folder, `${name}.${field}.bin`), content as Int32Array<ArrayBuffer>);
  }
  const { settings, shapes } = data;
  await writeFile(join(folder, `${name}.json`), JSON.stringify({ settings, shapes, arrays }));
}

/** Reads what {@link writeData} wrote. */
export async function readData(folder: string, name: string): Promise<Data> {
  const { arrays, ...data } = JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));
  for (const [field, type] of Object.entries(arrays)) {
    const { buffer, byteOffset, byteLength } = await readFile(join(folder, `${name}.${field}.bin`));
    const Numbers = type === 'int32' ? Int32Array : Float32Array;
    data[field] = new Numbers(buffer, byteOffset, byteLength / 4);
  }
  return data;
}

function distance(a: Point, b: Point): number {
  return Math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2);
}

/**
 * Returns the edges between different atoms that `isEdge` accepts. With `sources`, they go only from the first `sources` atoms
 * to the others.
 */
function pairsOf(
  atoms: readonly Point[],
  isEdge: (src: number, dst: number, d: number) => boolean,
  sources?: number,
): Edge[] {
  const edges: Edge[] = [];
  for (let dst = sources ?? 0; dst < atoms.length; dst++) {
    for (let src = 0; src < (sources ?? atoms.length); src++) {
      const d = distance(atoms[src] as Point, atoms[dst] as Point);
      if (src !== dst && isEdge(src, dst, d)) edges.push([src, dst]);
    }
  }
  return edges;
}

/** Returns `count` points that are at least `least` Å from each other. Drops drawn points too close to earlier ones. */
function scattered(count: number, draw: () => Point, least: number): Point[] {
  const points: Point[] = [];
  while (points.length < count) {
    const point = draw();
    if (points.every(other => distance(point, other) >= least)) points.push(point);
  }
  return points;
}

/** Draws a point between the spheres of radius `inner` and `outer` about the origin. */
function inShell({ number }: Random, inner: number, outer: number): Point {
  for (;;) {
    const point = [number(), number(), number()].map(x => outer * (2 * x - 1)) as unknown as Point;
    const radius = Math.hypot(...point);
    if (radius > inner && radius < outer) return point;
  }
}

/** Rotates the atoms by random angles about z and then x. Then shifts all by one random vector of width `shift`. */
function moved(atoms: readonly Point[], { number, point }: Random, shift: number): Point[] {
  const [a, b] = [2 * Math.PI * number(), 2 * Math.PI * number()];
  const [dx, dy, dz] = point(shift);
  return atoms.map(([x, y, z]) => {
    const [u, v] = [x * Math.cos(a) - y * Math.sin(a), x * Math.sin(a) + y * Math.cos(a)];
    return [u + dx, v * Math.cos(b) - z * Math.sin(b) + dy, v * Math.sin(b) + z * Math.cos(b) + dz];
  });
}
