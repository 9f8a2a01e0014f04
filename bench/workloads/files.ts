import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateNetwork, type NetworkData } from './network-data.ts';
import { generatePairs, type PairsData } from './pairs-data.ts';

/**
 * The folder of workloads A and B, which every program of the comparison reads: $PEERS_DATA, or one beside the system's
 * temporary files. What is not there yet is generated.
 *
 * Numbers lie in `.bin` files, as float32 or int32 in the order of little-endian bytes; sizes in `A_shapes.json` and
 * `B_meta.json`.
 */
export async function workloadFolder(): Promise<string> {
  const folder = process.env.PEERS_DATA ?? join(tmpdir(), 'posetape-workloads');
  await mkdir(folder, { recursive: true });
  if (!existsSync(join(folder, 'A_shapes.json'))) await writeNetwork(folder, generateNetwork());
  if (!existsSync(join(folder, 'B_meta.json'))) await writePairs(folder, generatePairs());
  return folder;
}

/** Workload A; of its poses, the first so many. */
export async function readNetwork(folder: string, poses?: number): Promise<NetworkData> {
  const meta = JSON.parse(await readFile(join(folder, 'A_shapes.json'), 'utf8')) as NetworkMeta;
  const { NA, n: atoms, E: edges, H: hidden, G: gaussians, B: interactions, cut: cutoff, shapes } = meta;
  const count = Math.min(poses ?? NA, NA);
  const parameters = shapes.reduce((sum, [, rows, columns]) => sum + rows * columns, 0);
  return {
    poses: count,
    atoms,
    edges,
    elements: await filled(folder, 'A_z', new Int32Array(count * atoms)),
    src: await filled(folder, 'A_src', new Int32Array(count * edges)),
    dst: await filled(folder, 'A_dst', new Int32Array(count * edges)),
    distances: await filled(folder, 'A_dist', new Float32Array(count * edges)),
    sizes: { hidden, gaussians, interactions, cutoff },
    params: await filled(folder, 'A_params', new Float32Array(parameters)),
    shapes,
  };
}

/** Workload B; of its poses, the first so many. */
export async function readPairs(folder: string, poses?: number): Promise<PairsData> {
  const meta = JSON.parse(await readFile(join(folder, 'B_meta.json'), 'utf8')) as PairsMeta;
  const { NB, nl: ligand, nr: receptor, T: types, cut: cutoff, Nrot: rotors } = meta;
  const count = Math.min(poses ?? NB, NB);
  return {
    poses: count,
    ligandTypes: await filled(folder, 'B_tl', new Int32Array(ligand)),
    receptorTypes: await filled(folder, 'B_tr', new Int32Array(receptor)),
    types,
    distances: await filled(folder, 'B_d', new Float32Array(count * ligand * receptor)),
    params: await filled(folder, 'B_params', new Float32Array(6 + types)),
    cutoff,
    rotors,
  };
}

interface NetworkMeta {
  readonly NA: number;
  readonly n: number;
  readonly E: number;
  readonly H: number;
  readonly G: number;
  readonly B: number;
  readonly cut: number;
  readonly shapes: NetworkData['shapes'];
}

interface PairsMeta {
  readonly NB: number;
  readonly nl: number;
  readonly nr: number;
  readonly T: number;
  readonly Nrot: number;
  readonly cut: number;
}

export async function writeNetwork(folder: string, data: NetworkData): Promise<void> {
  await writeNumbers(folder, 'A_z', data.elements);
  await writeNumbers(folder, 'A_src', data.src);
  await writeNumbers(folder, 'A_dst', data.dst);
  await writeNumbers(folder, 'A_dist', data.distances);
  await writeNumbers(folder, 'A_params', data.params);
  const { hidden: H, gaussians: G, interactions: B, cutoff: cut } = data.sizes;
  const meta: NetworkMeta = {
    NA: data.poses,
    n: data.atoms,
    E: data.edges,
    H,
    G,
    B,
    cut,
    shapes: data.shapes,
  };
  await writeMeta(folder, 'A_shapes.json', meta);
}

export async function writePairs(folder: string, data: PairsData): Promise<void> {
  await writeNumbers(folder, 'B_d', data.distances);
  await writeNumbers(folder, 'B_tl', data.ligandTypes);
  await writeNumbers(folder, 'B_tr', data.receptorTypes);
  await writeNumbers(folder, 'B_params', data.params);
  const meta: PairsMeta = {
    NB: data.poses,
    nl: data.ligandTypes.length,
    nr: data.receptorTypes.length,
    T: data.types,
    Nrot: data.rotors,
    cut: data.cutoff,
  };
  await writeMeta(folder, 'B_meta.json', meta);
}

function writeNumbers(folder: string, name: string, data: Float32Array | Int32Array): Promise<void> {
  return writeFile(
    join(folder, `${name}.bin`),
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
}

/** Last, and at once: where the sizes are, the numbers are complete. */
async function writeMeta(folder: string, name: string, meta: object): Promise<void> {
  await writeFile(join(folder, `${name}.new`), JSON.stringify(meta));
  await rename(join(folder, `${name}.new`), join(folder, name));
}

/** Fills an array from the beginning of a file. Nothing else is allocated, which would show as memory of the process. */
async function filled<Numbers extends Float32Array | Int32Array>(
  folder: string,
  name: string,
  numbers: Numbers,
): Promise<Numbers> {
  const file = await open(join(folder, `${name}.bin`));
  try {
    const bytes = new Uint8Array(numbers.buffer);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    if (bytesRead < bytes.length)
      throw new Error(`${name}.bin: ${bytesRead} bytes, expected ${bytes.length}`);
    return numbers;
  } finally {
    await file.close();
  }
}
