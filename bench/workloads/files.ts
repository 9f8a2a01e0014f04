import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
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

export async function readNetwork(folder: string): Promise<NetworkData> {
  const meta = JSON.parse(await readFile(join(folder, 'A_shapes.json'), 'utf8')) as NetworkMeta;
  return {
    poses: meta.NA,
    atoms: meta.n,
    edges: meta.E,
    elements: new Int32Array(await bytes(folder, 'A_z')),
    src: new Int32Array(await bytes(folder, 'A_src')),
    dst: new Int32Array(await bytes(folder, 'A_dst')),
    distances: new Float32Array(await bytes(folder, 'A_dist')),
    sizes: { hidden: meta.H, gaussians: meta.G, interactions: meta.B, cutoff: meta.cut },
    params: new Float32Array(await bytes(folder, 'A_params')),
    shapes: meta.shapes,
  };
}

export async function readPairs(folder: string): Promise<PairsData> {
  const meta = JSON.parse(await readFile(join(folder, 'B_meta.json'), 'utf8')) as PairsMeta;
  return {
    poses: meta.NB,
    ligandTypes: new Int32Array(await bytes(folder, 'B_tl')),
    receptorTypes: new Int32Array(await bytes(folder, 'B_tr')),
    types: meta.T,
    distances: new Float32Array(await bytes(folder, 'B_d')),
    params: new Float32Array(await bytes(folder, 'B_params')),
    cutoff: meta.cut,
    rotors: meta.Nrot,
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

async function bytes(folder: string, name: string): Promise<ArrayBuffer> {
  const read = await readFile(join(folder, `${name}.bin`));
  return read.buffer.slice(read.byteOffset, read.byteOffset + read.byteLength) as ArrayBuffer;
}
