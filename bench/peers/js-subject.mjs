// Process that benchmarks measure. It runs the SchNet of workload A in TensorFlow.js or jax-js, with their WebAssembly backends
// on one thread. Arguments: folder of the workloads, `network`, `stream`, number of poses, and system.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { SmoothMinimum } from '../hand/fold.ts';
import { restartPeak } from '../support/peak.ts';
import { serve, timeOf, warmedUp } from '../support/serve.ts';
import { graphsOf, paramsOf, readData } from '../workloads/data.ts';

const [folder, workload, , count, system] = process.argv.slice(2);
const n = Number(count);
const data = await readData(folder, workload);
const { gaussians, interactions, cutoff } = data.settings;
const gamma = 0.5 / (cutoff / (gaussians - 1)) ** 2;
const [graphs, theta] = [graphsOf(data, n), paramsOf(data)];
const [names, atoms] = [Object.keys(theta), graphs[0].types.length];
// The edges are sorted by target atom, and each atom has the same number of them. So an array of edges can be reshaped to
// [atoms, edges per atom, …], and the sum over an atom's edges is a sum over the second axis.
const edgesPerAtom = graphs[0].src.length / atoms;

/** Returns the version of TensorFlow.js, and a function that computes value and gradient of a pose. */
async function tensorflow() {
  // Silences the advice of TensorFlow.js to install other backends.
  console.warn = () => {};
  console.log = () => {};
  const require = createRequire(import.meta.url);
  const tf = require('@tensorflow/tfjs');
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(
    join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'wasm-out/'),
  );
  wasm.setThreadsCount(1);
  // The gradient of a gather needs this kernel, which the backend has only under another name.
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
  const params = names.map(name => tf.variable(tf.tensor2d(theta[name].data, theta[name].shape), true, name));
  const p = Object.fromEntries(params.map(param => [param.name, param]));
  const centers = tf.linspace(0, cutoff, gaussians).reshape([1, gaussians]);
  const soft = x => tf.sub(tf.softplus(x), Math.LN2);
  const dense = (layer, x) => {
    const [product, bias] = [tf.matMul(x, p[`${layer}.weight`]), p[`${layer}.bias`]];
    return bias ? tf.add(product, bias) : product;
  };
  const scores = graphs.map(graph => {
    const [z, src] = [graph.types, graph.src].map(index => tf.tensor1d(index, 'int32'));
    const d = tf.tensor2d(graph.lengths, [graph.lengths.length, 1]);
    return () => {
      const basis = tf.exp(tf.mul(-gamma, tf.square(tf.sub(d, centers))));
      const wave = tf.mul(0.5, tf.add(1, tf.cos(tf.mul(Math.PI / cutoff, d))));
      const fade = tf.where(tf.less(d, cutoff), wave, tf.zerosLike(wave));
      let x = tf.gather(p.embedding, z);
      for (let k = 0; k < interactions; k++) {
        const named = layer => `interaction${k}.${layer}`;
        const filters = tf.mul(dense(named('filter2'), soft(dense(named('filter1'), basis))), fade);
        const messages = tf.mul(tf.gather(dense(named('atomwise1'), x), src), filters);
        const received = tf.sum(tf.reshape(messages, [atoms, edgesPerAtom, -1]), 1);
        x = tf.add(x, dense(named('atomwise3'), soft(dense(named('atomwise2'), received))));
      }
      return tf.sum(dense('readout2', soft(dense('readout1', x))));
    };
  });
  const scorePose = i => {
    const { value, grads } = tf.variableGrads(scores[i], params);
    const [energy] = value.dataSync();
    const slopes = names.map(name => grads[name].dataSync());
    tf.dispose([value, grads]);
    return { energy, slopes };
  };
  return { version: tf.version.tfjs, scorePose };
}

/** Returns the version of jax-js, and a function that computes value and gradient of a pose. */
async function jaxJs() {
  // jax-js expects a browser, which always has a `navigator`.
  globalThis.navigator ??= {};
  const jax = await import('@jax-js/jax');
  const { numpy: np, nn } = jax;
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  const array = ({ data, shape }) => np.array(data).reshape(shape);
  const params = Object.fromEntries(names.map(name => [name, array(theta[name])]));
  const soft = x => nn.softplus(x).sub(Math.LN2);

  // Each operation of jax-js frees the arrays that it reads. `.ref` lets an array be read once more.
  const score = (p, { z, src, d }) => {
    const dense = (layer, x) => {
      const [product, bias] = [np.matmul(x, p[`${layer}.weight`]), p[`${layer}.bias`]];
      return bias ? product.add(bias) : product;
    };
    const centers = np.linspace(0, cutoff, gaussians).reshape([1, gaussians]);
    const basis = np.exp(np.square(d.ref.sub(centers)).mul(-gamma));
    const near = np.less(d.ref, cutoff).astype(np.float32);
    const fade = np
      .cos(d.mul(Math.PI / cutoff))
      .add(1)
      .mul(0.5)
      .mul(near);
    let x = np.take(p.embedding, z, 0);
    for (let k = 0; k < interactions; k++) {
      const named = layer => `interaction${k}.${layer}`;
      const filters = dense(named('filter2'), soft(dense(named('filter1'), basis.ref))).mul(fade.ref);
      const messages = np.take(dense(named('atomwise1'), x.ref), src.ref, 0).mul(filters);
      const received = np.sum(messages.reshape([atoms, edgesPerAtom, -1]), 1);
      x = x.add(dense(named('atomwise3'), soft(dense(named('atomwise2'), received))));
    }
    for (const used of [basis, fade, src]) used.dispose();
    return np.sum(dense('readout2', soft(dense('readout1', x))));
  };
  const poses = graphs.map(({ types, src, lengths }) => ({
    z: np.array(types),
    src: np.array(src),
    d: np.array(lengths).reshape([lengths.length, 1]),
  }));
  const compiled = jax.jit((p, pose) => jax.valueAndGrad(score)(p, pose));
  const scorePose = async i => {
    const [value, gradient] = compiled(jax.tree.ref(params), jax.tree.ref(poses[i]));
    const [energy] = await value.data();
    const slopes = [];
    for (const name of names) slopes.push(await gradient[name].data());
    return { energy, slopes };
  };
  const manifest = new URL('node_modules/@jax-js/jax/package.json', import.meta.url);
  return { version: JSON.parse(readFileSync(manifest, 'utf8')).version, scorePose };
}

const { version, scorePose } = await (system === 'jax-js' ? jaxJs() : tensorflow());

async function run() {
  const [minimum, flat] = [new SmoothMinimum(data.params.length), new Float64Array(data.params.length)];
  for (let i = 0; i < n; i++) {
    const { energy, slopes } = await scorePose(i);
    let at = 0;
    for (const array of slopes) {
      flat.set(array, at);
      at += array.length;
    }
    minimum.add(energy, flat);
  }
  const value = minimum.finish();
  return { value, norm: Math.sqrt(minimum.gradient.reduce((sum, x) => sum + x * x, 0)) };
}

let timeRound;
await serve({
  version: () => ({ version }),
  peak: async () => {
    const peak = restartPeak();
    let answer;
    const { cpu, wall } = await timeOf(async () => {
      answer = await run();
    });
    return { ...answer, cpu: cpu / n, wall: wall / n, processBytes: peak() };
  },
  round: async () => {
    timeRound ??= warmedUp({ units: n, run });
    return (await timeRound)();
  },
});
