// One way to do one workload in TensorFlow.js, with its WebAssembly backend on one thread. Arguments: the folder of the
// workloads, network or dense, the strategy, the number of poses.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readData } from '../workloads/files.ts';
import { networkPoses } from '../workloads/network.ts';
import { densePoses } from '../workloads/pairs.ts';
import { paramsOf } from '../workloads/params.ts';
import { servePeer } from './peer.ts';

// What it says of installing other backends is not for the reader of a report.
console.warn = () => {};
console.log = () => {};

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');

const [folder, workload, strategy, count] = process.argv.slice(2);
const n = Number(count);

wasm.setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'wasm-out/'));
wasm.setThreadsCount(1);
// The backend has no kernel of this name, but one that does the same.
tf.registerKernel({
  kernelName: 'UnsortedSegmentSum',
  backendName: 'wasm',
  kernelFunc({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) {
    const indices = { ...segmentIds, shape: [segmentIds.shape[0], 1] };
    const scatter = tf.getKernel('ScatterNd', 'wasm').kernelFunc;
    const shape = [numSegments, ...x.shape.slice(1)];
    return scatter({ inputs: { indices, updates: x }, attrs: { shape }, backend });
  },
});
await tf.setBackend('wasm');

/** Parameters, and for each pose a function of no arguments that gives its ΔG. */
async function networkTask() {
  const data = await readData('network', n, folder);
  const { atoms } = data;
  const { gaussians, interactions: blocks, cutoff } = data.sizes;
  const params = Object.entries(paramsOf(data)).map(([name, param]) =>
    tf.variable(tf.tensor2d(param.data, param.shape), true, name),
  );
  const p = Object.fromEntries(params.map(param => [param.name, param]));
  const centers = tf.linspace(0, cutoff, gaussians).reshape([1, gaussians]);
  const gamma = 0.5 / (cutoff / (gaussians - 1)) ** 2;
  const soft = x => tf.sub(tf.softplus(x), Math.LN2);
  const dense = (x, weight, bias) => tf.add(tf.matMul(x, p[weight]), p[bias]);

  const scores = networkPoses(data, n).map(pose => {
    const z = tf.tensor1d(pose.elements, 'int32');
    const [src, dst] = [tf.tensor1d(pose.src, 'int32'), tf.tensor1d(pose.dst, 'int32')];
    const d = tf.tensor2d(pose.distances, [pose.distances.length, 1]);
    return () => {
      const basis = tf.exp(tf.mul(-gamma, tf.square(tf.sub(d, centers))));
      const wave = tf.mul(0.5, tf.add(1, tf.cos(tf.mul(Math.PI / cutoff, d))));
      const fade = tf.where(tf.less(d, cutoff), wave, tf.zerosLike(wave));
      let x = tf.gather(p.emb, z);
      for (let k = 0; k < blocks; k++) {
        const filters = tf.mul(dense(soft(dense(basis, `f1w${k}`, `f1b${k}`)), `f2w${k}`, `f2b${k}`), fade);
        const messages = tf.mul(tf.gather(tf.matMul(x, p[`lin1${k}`]), src), filters);
        const received = tf.unsortedSegmentSum(messages, dst, atoms);
        x = tf.add(x, dense(soft(dense(received, `l2w${k}`, `l2b${k}`)), `l3w${k}`, `l3b${k}`));
      }
      return tf.sum(dense(soft(dense(x, 'o1w', 'o1b')), 'o2w', 'o2b'));
    };
  });
  return { params, scores };
}

async function denseTask() {
  const data = await readData('pairs', n, folder);
  const { cutoff, rotors } = data;
  const weights = tf.variable(tf.tensor1d(data.params.slice(0, 6)), true, 'weights');
  const radii = tf.variable(tf.tensor1d(data.params.slice(6)), true, 'radii');
  const all = densePoses(data, n);
  const [first] = all;
  const [ligand, receptor] = [first.ligandTypes, first.receptorTypes].map(types =>
    tf.tensor1d(types, 'int32'),
  );
  const matrix = ({ data, shape }) => tf.tensor2d(data, shape);
  const [hydrophobic, hydrogenBond] = [first.hydrophobic, first.hydrogenBond].map(matrix);
  const bell = (s, center, width) => tf.exp(tf.neg(tf.square(tf.div(tf.sub(s, center), width))));

  const scores = all.map(({ distance }) => {
    const d = matrix(distance);
    return () => {
      const reach = tf.gather(radii, ligand).reshape([-1, 1]);
      const s = tf.sub(tf.sub(d, reach), tf.gather(radii, receptor).reshape([1, -1]));
      const terms = [
        bell(s, 0, 0.5),
        bell(s, 3, 2),
        tf.square(tf.minimum(s, 0)),
        tf.mul(tf.clipByValue(tf.sub(1.5, s), 0, 1), hydrophobic),
        tf.mul(tf.clipByValue(tf.div(s, -0.7), 0, 1), hydrogenBond),
      ];
      const w = tf.unstack(weights);
      const energies = terms.map((term, k) => tf.mul(w[k], term)).reduce((a, b) => tf.add(a, b));
      const near = tf.cast(tf.less(d, cutoff), 'float32');
      return tf.div(tf.sum(tf.mul(energies, near)), tf.add(1, tf.mul(w[5], rotors)));
    };
  });
  return { params: [weights, radii], scores };
}

const { params, scores } = await (workload === 'network' ? networkTask() : denseTask());

/** Value and gradient of a function of the parameters, as numbers. */
function differentiated(score) {
  const { value, grads } = tf.variableGrads(score, params);
  const energy = value.dataSync()[0];
  const slopes = params.map(({ name }) => grads[name].dataSync());
  tf.dispose([value, grads]);
  return { energy, slopes };
}

await servePeer(
  {
    version: tf.version.tfjs,
    poses: scores,
    ofPose: differentiated,
    ofAll: () => differentiated(() => tf.neg(tf.logSumExp(tf.neg(tf.stack(scores.map(score => score())))))),
  },
  strategy,
);
