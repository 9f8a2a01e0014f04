// The workloads as the JavaScript peers read them.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Arrays are filled from the beginning of a file; nothing else is allocated, which would show as memory. */
export function reader(folder) {
  const filled = (name, numbers) => {
    const file = openSync(join(folder, `${name}.bin`));
    readSync(file, new Uint8Array(numbers.buffer));
    closeSync(file);
    return numbers;
  };
  return {
    floats: (name, length) => filled(name, new Float32Array(length)),
    integers: (name, length) => filled(name, new Int32Array(length)),
    sizes: name => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')).fields,
  };
}

/** Parameters of workload A by name: numbers and shape. */
export function networkParams({ floats, sizes }) {
  const { shapes } = sizes('network');
  const flat = floats(
    'network.params',
    shapes.reduce((sum, [, rows, columns]) => sum + rows * columns, 0),
  );
  let at = 0;
  return shapes.map(([name, rows, columns]) => {
    const from = at;
    at += rows * columns;
    return { name, numbers: flat.slice(from, at), shape: [rows, columns] };
  });
}

/** Poses of workload A. */
export function networkPoses({ floats, integers, sizes }, count) {
  const { atoms, edges } = sizes('network');
  const z = integers('network.elements', count * atoms);
  const [src, dst] = ['src', 'dst'].map(name => integers(`network.${name}`, count * edges));
  const d = floats('network.distances', count * edges);
  return Array.from({ length: count }, (_, k) => ({
    z: z.subarray(k * atoms, (k + 1) * atoms),
    src: src.subarray(k * edges, (k + 1) * edges),
    dst: dst.subarray(k * edges, (k + 1) * edges),
    d: d.subarray(k * edges, (k + 1) * edges),
  }));
}

/** Workload B over all pairs: the atoms, their masks, and the distances of each pose. */
export function densePairs({ floats, integers, sizes }, count) {
  const { ligandAtoms: rows, receptorAtoms: columns, cutoff, rotors, types } = sizes('pairs');
  const [ligand, receptor] = [integers('pairs.ligandTypes', rows), integers('pairs.receptorTypes', columns)];
  const mask = (a, b) =>
    Float32Array.from({ length: rows * columns }, (_, p) =>
      Number(ligand[Math.floor(p / columns)] % 3 === a && receptor[p % columns] % 3 === b),
    );
  const size = rows * columns;
  const d = floats('pairs.distances', count * size);
  return {
    rows,
    columns,
    cutoff,
    rotors,
    ligand,
    receptor,
    hydrophobic: mask(0, 0),
    hydrogenBond: mask(1, 2),
    params: floats('pairs.params', 6 + types),
    distances: Array.from({ length: count }, (_, n) => d.subarray(n * size, (n + 1) * size)),
  };
}
