// One way to do one workload in jax-js, with its WebAssembly backend. Arguments: the folder of the workloads, network or
// dense, the strategy, the number of poses, and `jit` or `eager`.

import { readFileSync } from 'node:fs';
import { readData } from '../workloads/files.ts';
import { networkPoses } from '../workloads/network.ts';
import { densePoses, pairParams } from '../workloads/pairs.ts';
import { paramsOf } from '../workloads/params.ts';
import { servePeer } from './peer.ts';

// It looks for a browser's.
globalThis.navigator ??= {};
const jax = await import('@jax-js/jax');
const { numpy: np, nn } = jax;
await jax.init('wasm');
jax.defaultDevice('wasm');

const [folder, workload, strategy, count, how] = process.argv.slice(2);
const n = Number(count);
const array = ({ data, shape }) => np.array(data).reshape(shape);

// An array is used up by what it is given to; `.ref` stands for one more use.

/** Parameters by name, poses, and ΔG as a function of both. */
async function networkTask() {
  const data = await readData('network', n, folder);
  const { atoms, edges } = data;
  const { gaussians, interactions: blocks, cutoff } = data.sizes;
  const params = Object.entries(paramsOf(data)).map(([name, param]) => [name, array(param)]);
  const gamma = 0.5 / (cutoff / (gaussians - 1)) ** 2;
  const soft = x => nn.softplus(x).sub(Math.LN2);
  const each = edges / atoms;

  const score = (p, { z, src, d }) => {
    const dense = (x, weight, bias) => np.matmul(x, p[weight]).add(p[bias]);
    const centers = np.linspace(0, cutoff, gaussians).reshape([1, gaussians]);
    const basis = np.exp(np.square(d.ref.sub(centers)).mul(-gamma));
    const near = np.less(d.ref, cutoff).astype(np.float32);
    const fade = np
      .cos(d.mul(Math.PI / cutoff))
      .add(1)
      .mul(0.5)
      .mul(near);
    let x = np.take(p.emb, z, 0);
    for (let k = 0; k < blocks; k++) {
      const inner = soft(dense(basis.ref, `f1w${k}`, `f1b${k}`));
      const filters = dense(inner, `f2w${k}`, `f2b${k}`).mul(fade.ref);
      const messages = np.take(np.matmul(x.ref, p[`lin1${k}`]), src.ref, 0).mul(filters);
      // Edges come atom by atom, equally many each: a sum over an axis is the sum over an atom's edges.
      const received = np.sum(messages.reshape([atoms, each, -1]), 1);
      x = x.add(dense(soft(dense(received, `l2w${k}`, `l2b${k}`)), `l3w${k}`, `l3b${k}`));
    }
    for (const used of [basis, fade, src]) used.dispose();
    return np.sum(dense(soft(dense(x, 'o1w', 'o1b')), 'o2w', 'o2b'));
  };
  const poses = networkPoses(data, n).map(({ elements, src, distances }) => ({
    z: np.array(elements),
    src: np.array(src),
    d: np.array(distances).reshape([edges, 1]),
  }));
  return { params: Object.fromEntries(params), poses, score };
}

async function denseTask() {
  const data = await readData('pairs', n, folder);
  const { ligandAtoms: rows, receptorAtoms: columns, cutoff, rotors } = data;
  const params = Object.fromEntries(
    Object.entries(pairParams(data)).map(([name, param]) => [name, array(param)]),
  );
  const all = densePoses(data, n);
  const shared = {
    hydrophobic: array(all[0].hydrophobic),
    hydrogenBond: array(all[0].hydrogenBond),
    ligand: np.array(all[0].ligandTypes),
    receptor: np.array(all[0].receptorTypes),
  };
  const bell = (s, center, width) => np.exp(np.square(s.sub(center).mul(1 / width)).mul(-1));
  const clamped = x => np.minimum(np.maximum(x, 0), 1);

  const score = ({ weights, radii }, { d, hydrophobic, hydrogenBond, ligand, receptor }) => {
    const reach = np.take(radii.ref, ligand, 0).reshape([rows, 1]);
    const s = d.ref.sub(reach).sub(np.take(radii, receptor, 0).reshape([1, columns]));
    const near = np.less(d, cutoff).astype(np.float32);
    const terms = [
      bell(s.ref, 0, 0.5),
      bell(s.ref, 3, 2),
      np.square(np.minimum(s.ref, 0)),
      clamped(s.ref.mul(-1).add(1.5)).mul(hydrophobic),
      clamped(s.mul(-1 / 0.7)).mul(hydrogenBond),
    ];
    const energies = terms.map((term, k) => weights.ref.slice(k).mul(term)).reduce((a, b) => a.add(b));
    return np.sum(energies.mul(near)).div(weights.slice(5).mul(rotors).add(1));
  };
  const poses = all.map(({ distance }) => ({ d: array(distance), ...jax.tree.ref(shared) }));
  return { params, poses, score };
}

const { params, poses, score } = await (workload === 'network' ? networkTask() : denseTask());
const compiled = how === 'jit' ? jax.jit : each => each;
const names = Object.keys(params);
const numbersOf = async gradient => {
  const arrays = [];
  for (const name of names) arrays.push(await gradient[name].data());
  return arrays;
};

const ofPose = compiled((p, pose) => jax.valueAndGrad(score)(p, pose));
const total = (p, all) => {
  const energies = all.map((pose, i) => score(i < all.length - 1 ? jax.tree.ref(p) : p, pose));
  return nn.logsumexp(np.stack(energies).mul(-1)).mul(-1);
};
const ofAll = compiled((p, all) => jax.valueAndGrad(total)(p, all));

const numbers = async ([value, gradient]) => {
  const [energy] = await value.data();
  return { energy, slopes: await numbersOf(gradient) };
};
const { version } = JSON.parse(
  readFileSync(new URL('node_modules/@jax-js/jax/package.json', import.meta.url), 'utf8'),
);
await servePeer(
  {
    version,
    poses,
    ofPose: pose => numbers(ofPose(jax.tree.ref(params), jax.tree.ref(pose))),
    ofAll: () => numbers(ofAll(jax.tree.ref(params), jax.tree.ref(poses))),
  },
  strategy,
);
