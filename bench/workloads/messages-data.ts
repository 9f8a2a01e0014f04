import { distance, type Point, randomFrom } from './random.ts';

/** The numbers of workload C: compounds of 16 poses, each a graph of a ligand's atoms and a pocket's. */
export interface MessagesData {
  /** Of all compounds together. */
  readonly poses: number;
  readonly posesPerCompound: number;
  readonly features: number;
  readonly bases: number;
  /** Å */
  readonly cutoff: number;
  /** Atoms of the ligand, which come first, of all atoms, and edges: by pose. */
  readonly ligands: Int32Array;
  readonly atoms: Int32Array;
  readonly edges: Int32Array;
  /** By atom, pose after pose. */
  readonly types: Int32Array;
  /** By edge, pose after pose: the atoms within their pose, and the length in Å. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly lengths: Float32Array;
  /** By compound: what is to be predicted. */
  readonly targets: Float32Array;
  /** All parameters, one array after the other; their names and shapes in that order. */
  readonly params: Float32Array;
  readonly shapes: readonly (readonly [name: string, rows: number, columns: number])[];
}

const size = { posesPerCompound: 16, pocket: 20, features: 16, bases: 8, types: 7 };
/** Å: the radius of the pocket, a bond, how far a ligand strays from the middle, and from where on atoms are no neighbours. */
const shape = { pocket: 6, bond: 1.5, shift: 1, cutoff: 2.5 };

/** Ligands that are chains of 8 to 14 atoms, turned and shifted from pose to pose in a pocket that all share. */
export function generateMessages(compounds = 20): MessagesData {
  const random = randomFrom(3);
  const pocket = Array.from({ length: size.pocket }, (_, i): Point => {
    const z = 1 - (2 * i + 1) / size.pocket;
    const [around, r] = [2.39996 * i, Math.sqrt(1 - z * z)];
    return [r * Math.cos(around), r * Math.sin(around), z].map(x => shape.pocket * x) as never;
  });
  const lists = {
    ligands: [] as number[],
    atoms: [] as number[],
    edges: [] as number[],
    types: [] as number[],
    from: [] as number[],
    to: [] as number[],
    lengths: [] as number[],
  };
  for (let c = 0; c < compounds; c++) {
    const count = 8 + random.below(7);
    const chain = bonded(count, random.normal, random.below);
    const types = [...chain.map(() => 3 + random.below(4)), ...pocket.map((_, i) => i % 3)];
    for (let n = 0; n < size.posesPerCompound; n++) {
      const atoms = [...turned(chain, random.number, random.normal), ...pocket];
      const before = lists.to.length;
      for (const [i, atom] of atoms.entries()) {
        for (const [j, other] of atoms.entries()) {
          const d = distance(atom, other);
          if (i === j || d >= shape.cutoff || (i >= count && j >= count)) continue;
          lists.to.push(i);
          lists.from.push(j);
          lists.lengths.push(d);
        }
      }
      lists.ligands.push(count);
      lists.atoms.push(atoms.length);
      lists.edges.push(lists.to.length - before);
      lists.types.push(...types);
    }
  }
  const { features, bases } = size;
  const layer = (k: number) =>
    [
      [`filter${k}`, bases, features],
      [`mix${k}`, features, features],
      [`bias${k}`, 1, features],
    ] as const;
  const shapes = [['embed', size.types, features], ...layer(1), ...layer(2), ['out', features, 1]] as const;
  const widths: Readonly<Record<string, number>> = {
    embed: 0.7,
    filter: 0.35,
    mix: 0.18,
    bias: 0.1,
    out: 0.35,
  };
  const params = shapes.flatMap(([name, rows, columns]) =>
    Array.from(
      { length: rows * columns },
      () => (widths[name.replace(/\d/, '')] as number) * random.normal(),
    ),
  );
  const { lengths, ...integers } = lists;
  const arrays = Object.fromEntries(
    Object.entries(integers).map(([name, list]) => [name, Int32Array.from(list)]),
  ) as Record<keyof typeof integers, Int32Array>;
  return {
    poses: compounds * size.posesPerCompound,
    posesPerCompound: size.posesPerCompound,
    features,
    bases,
    cutoff: shape.cutoff,
    ...arrays,
    lengths: Float32Array.from(lengths),
    targets: Float32Array.from({ length: compounds }, () => 3 * random.normal()),
    params: Float32Array.from(params),
    shapes,
  };
}

/** A tree of bonds, each atom on one that is there already. */
function bonded(count: number, normal: () => number, below: (limit: number) => number): Point[] {
  const atoms: Point[] = [[0, 0, 0]];
  while (atoms.length < count) {
    const from = atoms[below(atoms.length)] as Point;
    const step: Point = [normal(), normal(), normal()];
    const length = Math.hypot(...step);
    atoms.push(from.map((x, axis) => x + (shape.bond * (step[axis] as number)) / length) as never);
  }
  return atoms;
}

/** The atoms turned about z, then about x, and shifted. */
function turned(atoms: readonly Point[], number: () => number, normal: () => number): Point[] {
  const [a, b] = [2 * Math.PI * number(), 2 * Math.PI * number()];
  const shift = [normal(), normal(), normal()].map(x => shape.shift * x) as unknown as Point;
  return atoms.map(([x, y, z]) => {
    const u = x * Math.cos(a) - y * Math.sin(a);
    const v = x * Math.sin(a) + y * Math.cos(a);
    return [
      u + shift[0],
      v * Math.cos(b) - z * Math.sin(b) + shift[1],
      v * Math.sin(b) + z * Math.cos(b) + shift[2],
    ];
  });
}
