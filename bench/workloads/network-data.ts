import { distance, type Point, randomFrom, scattered } from './random.ts';

/** The numbers of workload A: atoms of a pocket and a ligand, and for each atom its nearest neighbours. */
export interface NetworkData {
  readonly poses: number;
  readonly atoms: number;
  /** Edges of a pose: each atom has equally many. */
  readonly edges: number;
  /** Atomic numbers, shape [poses, atoms]. */
  readonly elements: Int32Array;
  /** Source and target atom of each edge, shape [poses, edges]. */
  readonly src: Int32Array;
  readonly dst: Int32Array;
  /** Å, shape [poses, edges]. */
  readonly distances: Float32Array;
  readonly sizes: { hidden: number; gaussians: number; interactions: number; cutoff: number };
  /** All parameters, one array after the other. */
  readonly params: Float32Array;
  /** Their names and shapes, in that order. */
  readonly shapes: readonly (readonly [name: string, rows: number, columns: number])[];
}

/** The small SchNet's: few atoms for many parameters, and where they are. */
export interface SmallData extends NetworkData {
  readonly ligandAtoms: number;
  /** Å, shape [poses, atoms, 3]: the ligand's atoms, then the pocket's. */
  readonly coordinates: Float32Array;
}

const size = { pocket: 260, ligand: 40, neighbours: 32, elements: 100 };
const network = { hidden: 64, gaussians: 50, interactions: 3, cutoff: 10 };
const small = {
  ligand: 6,
  pocket: 4,
  edges: 82,
  network: { hidden: 128, gaussians: 50, interactions: 6, cutoff: 10 },
};
/** Å: the box of the pocket, how far apart atoms are at least, how wide the ligand is, and how far it strays. */
const shape = { box: 18.2, pocketApart: 1.2, ligandApart: 1.1, ligandWidth: 3, shift: 2 };

/** A pocket of atoms in a box, and about its middle a ligand that is drawn anew for each pose. */
export function generateNetwork(poses = 64): NetworkData {
  const random = randomFrom(1);
  const inBox = (): Point => [random.number(), random.number(), random.number()].map(inBoxUnits) as never;
  const pocket = scattered(size.pocket, inBox, shape.pocketApart);
  const pocketElements = pocket.map(() => [6, 6, 6, 7, 8, 16][random.below(6)] as number);
  const ligandElements = Array.from(
    { length: size.ligand },
    () => [6, 6, 7, 8, 9][random.below(5)] as number,
  );
  const atoms = size.pocket + size.ligand;
  const edges = atoms * size.neighbours;

  const [src, dst] = [new Int32Array(poses * edges), new Int32Array(poses * edges)];
  const distances = new Float32Array(poses * edges);
  let at = 0;
  for (let n = 0; n < poses; n++) {
    const near = (x: number, width: number) => x + width * random.normal();
    const center = [0, 0, 0].map(() => near(shape.box / 2, shape.shift));
    const aboutIt = (): Point => center.map(x => near(x, shape.ligandWidth)) as never;
    const letIn = () => random.number() < 0.02;
    const ligand = scattered(size.ligand, aboutIt, shape.ligandApart, { among: pocket, letIn });
    const all = [...pocket, ...ligand];
    for (const [i, atom] of all.entries()) {
      const others = all.map((other, j) => ({ j, d: distance(atom, other) })).filter(({ j }) => j !== i);
      for (const { j, d } of others.sort((a, b) => a.d - b.d).slice(0, size.neighbours)) {
        [src[at], dst[at], distances[at]] = [j, i, d];
        at++;
      }
    }
  }
  const elements = [...pocketElements, ...ligandElements];
  const { shapes, params } = drawnParams(random.about, network);
  return {
    poses,
    atoms,
    edges,
    elements: Int32Array.from({ length: poses * atoms }, (_, i) => elements[i % atoms] as number),
    src,
    dst,
    distances,
    sizes: network,
    params,
    shapes,
  };
}

/** The SchNet of 455,809 parameters on poses of ten atoms, whose 82 closest pairs are edges. */
export function generateSmall(poses = 64): SmallData {
  const random = randomFrom(5);
  const atoms = small.ligand + small.pocket;
  const coordinates: number[] = [];
  const edges: { src: number; dst: number; d: number }[] = [];
  for (let n = 0; n < poses; n++) {
    const draw = (): Point => [2 * random.normal(), 2 * random.normal(), 2 * random.normal()];
    const all = scattered(atoms, draw, shape.ligandApart);
    coordinates.push(...all.flat());
    const pairs = all.flatMap((atom, dst) =>
      all.map((other, src) => ({ src, dst, d: distance(atom, other) })).filter(({ src }) => src !== dst),
    );
    const closest = pairs.toSorted((a, b) => a.d - b.d).slice(0, small.edges);
    edges.push(...closest.toSorted((a, b) => a.dst - b.dst));
  }
  const elements = Array.from({ length: atoms }, () => [6, 6, 7, 8][random.below(4)] as number);
  return {
    poses,
    atoms,
    edges: small.edges,
    elements: Int32Array.from({ length: poses * atoms }, (_, i) => elements[i % atoms] as number),
    src: Int32Array.from(edges, ({ src }) => src),
    dst: Int32Array.from(edges, ({ dst }) => dst),
    distances: Float32Array.from(edges, ({ d }) => d),
    sizes: small.network,
    ligandAtoms: small.ligand,
    coordinates: Float32Array.from(coordinates),
    ...drawnParams(random.about, small.network),
  };
}

function inBoxUnits(x: number): number {
  return shape.box * x;
}

/** The parameters in the order in which SchNet uses them, drawn evenly with a width that suits each. */
function drawnParams(
  about: (range: number) => number,
  { hidden, gaussians, interactions }: NetworkData['sizes'],
): Pick<NetworkData, 'shapes' | 'params'> {
  const half = hidden / 2;
  const block = (k: number) =>
    [
      [`f1w${k}`, gaussians, hidden],
      [`f1b${k}`, 1, hidden],
      [`f2w${k}`, hidden, hidden],
      [`f2b${k}`, 1, hidden],
      [`lin1${k}`, hidden, hidden],
      [`l2w${k}`, hidden, hidden],
      [`l2b${k}`, 1, hidden],
      [`l3w${k}`, hidden, hidden],
      [`l3b${k}`, 1, hidden],
    ] as const;
  const shapes = [
    ['emb', size.elements, hidden] as const,
    ...Array.from({ length: interactions }, (_, k) => block(k)).flat(),
    ['o1w', hidden, half] as const,
    ['o1b', 1, half] as const,
    ['o2w', half, 1] as const,
    ['o2b', 1, 1] as const,
  ];
  const params = shapes.flatMap(([name, rows, columns]) => {
    const width = name === 'o2w' ? 0.1 : 0.5;
    const range = name === 'emb' ? 0.5 : rows === 1 ? 0 : width * Math.sqrt(6 / (rows + columns));
    return Array.from({ length: rows * columns }, () => about(range));
  });
  return { shapes, params: Float32Array.from(params) };
}
