// The workloads as the JavaScript peers read them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function reader(folder) {
  const bytes = name => {
    const file = readFileSync(join(folder, `${name}.bin`));
    return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
  };
  return {
    floats: name => new Float32Array(bytes(name)),
    integers: name => new Int32Array(bytes(name)),
    sizes: name => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')),
  };
}

/** Parameters of workload A by name: numbers and shape. */
export function networkParams({ floats, sizes }) {
  const flat = floats('A_params');
  let at = 0;
  return sizes('A_shapes').shapes.map(([name, rows, columns]) => {
    const from = at;
    at += rows * columns;
    return { name, numbers: flat.slice(from, at), shape: [rows, columns] };
  });
}

/** Poses of workload A. */
export function networkPoses({ floats, integers, sizes }, count) {
  const { n: atoms, E: edges } = sizes('A_shapes');
  const [z, src, dst, d] = [integers('A_z'), integers('A_src'), integers('A_dst'), floats('A_dist')];
  return Array.from({ length: count }, (_, k) => ({
    z: z.slice(k * atoms, (k + 1) * atoms),
    src: src.slice(k * edges, (k + 1) * edges),
    dst: dst.slice(k * edges, (k + 1) * edges),
    d: d.slice(k * edges, (k + 1) * edges),
  }));
}

/** Workload B over all pairs: the atoms, their masks, and the distances of each pose. */
export function densePairs({ floats, integers, sizes }, count) {
  const { nl: rows, nr: columns, cut: cutoff, Nrot: rotors } = sizes('B_meta');
  const [ligand, receptor] = [integers('B_tl'), integers('B_tr')];
  const mask = (a, b) =>
    Float32Array.from({ length: rows * columns }, (_, p) =>
      Number(ligand[Math.floor(p / columns)] % 3 === a && receptor[p % columns] % 3 === b),
    );
  const d = floats('B_d');
  const size = rows * columns;
  return {
    rows,
    columns,
    cutoff,
    rotors,
    ligand,
    receptor,
    hydrophobic: mask(0, 0),
    hydrogenBond: mask(1, 2),
    params: floats('B_params'),
    distances: Array.from({ length: count }, (_, n) => d.slice(n * size, (n + 1) * size)),
  };
}
