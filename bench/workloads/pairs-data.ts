import { distance, type Point, randomFrom, scattered } from './random.ts';

/** The numbers of workload B: every distance between 40 ligand and 1000 receptor atoms, for each pose. */
export interface PairsData {
  readonly poses: number;
  readonly ligandAtoms: number;
  readonly receptorAtoms: number;
  readonly ligandTypes: Int32Array;
  readonly receptorTypes: Int32Array;
  readonly types: number;
  /** Å, shape [poses, ligand atoms, receptor atoms]. */
  readonly distances: Float32Array;
  /** Six weights, then a radius for each type. */
  readonly params: Float32Array;
  /** Å; only closer pairs count. */
  readonly cutoff: number;
  readonly rotors: number;
}

const size = { ligand: 40, receptor: 1000, types: 14 };
/** Å: how far apart atoms are at least, how wide the ligand is, and how far it moves; atoms per Å³ of the receptor. */
const shape = {
  receptorApart: 1.3,
  ligandApart: 1.2,
  ligandWidth: 2.2,
  shift: 0.7,
  pocket: 4,
  density: 0.05,
};
const vinaWeights = [-0.035579, -0.005156, 0.840245, -0.035069, -0.587439, 0.05846];

/** A ligand in the middle of a ball of receptor atoms, turned and shifted at random from pose to pose. */
export function generatePairs(poses = 256): PairsData {
  const random = randomFrom(2);
  const outer = Math.cbrt((3 * size.receptor) / (4 * Math.PI * shape.density)) + 2;
  const inBall = (): Point | undefined => {
    const point: Point = [random.about(outer), random.about(outer), random.about(outer)];
    const fromCenter = Math.hypot(...point);
    return fromCenter > shape.pocket && fromCenter < outer ? point : undefined;
  };
  const receptor = scattered(size.receptor, inBall, shape.receptorApart);
  const inMiddle = (): Point => [random.normal(), random.normal(), random.normal()].map(widened) as never;
  const ligand = scattered(size.ligand, inMiddle, shape.ligandApart);
  const ligandTypes = Int32Array.from(ligand, () => random.below(size.types));
  const receptorTypes = Int32Array.from(receptor, () => random.below(size.types));
  const radii = Array.from({ length: size.types }, () => 1.5 + 0.5 * random.number());

  const distances = new Float32Array(poses * ligand.length * receptor.length);
  let at = 0;
  for (let n = 0; n < poses; n++) {
    const turn = turning([random.normal(), random.normal(), random.normal(), random.normal()]);
    const shift = [random.normal(), random.normal(), random.normal()].map(x => shape.shift * x);
    for (const atom of ligand) {
      const moved = turn(atom).map((x, axis) => x + (shift[axis] as number)) as never as Point;
      for (const other of receptor) distances[at++] = Math.max(distance(moved, other), 1);
    }
  }
  const params = Float32Array.from([...vinaWeights, ...radii]);
  return {
    poses,
    ligandAtoms: size.ligand,
    receptorAtoms: size.receptor,
    ligandTypes,
    receptorTypes,
    types: size.types,
    distances,
    params,
    cutoff: 8,
    rotors: 5,
  };
}

function widened(x: number): number {
  return shape.ligandWidth * x;
}

/** The rotation of a quaternion of any length: v + 2w(u × v) + 2u × (u × v). */
function turning(quaternion: readonly [number, number, number, number]): (point: Point) => Point {
  const length = Math.hypot(...quaternion);
  const [w, ...u] = quaternion.map(part => part / length) as [number, number, number, number];
  return point => {
    const once = cross(u, point);
    const twice = cross(u, once);
    return point.map((x, axis) => x + 2 * (w * (once[axis] as number) + (twice[axis] as number))) as never;
  };
}

function cross(a: Point, b: Point): Point {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
