import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Measured, type Programs, type Settings } from '../support/measured.ts';

// The path is relative to the folder of package.json, in which npm runs scripts.
const folder = 'bench/peers';

/** Systems to compare with posetape, if they are installed. */
export const peerNames = ['PyTorch', 'TensorFlow.js', 'jax-js'] as const;
export type PeerName = (typeof peerNames)[number];

const npm = `\`npm install --prefix ${folder}\``;
/** Instructions to install each peer. None of them is a dependency of posetape. */
export const howToInstall: Readonly<Record<PeerName, string>> = {
  PyTorch:
    'on Debian or Ubuntu `apt-get install --no-install-recommends python3-torch python3-numpy libopenblas0-serial`, ' +
    'elsewhere `pip install torch numpy`; set $PYTHON if its interpreter is not the first on the path',
  'TensorFlow.js': npm,
  'jax-js': npm,
};

const runs = (command: string | undefined, code: string) =>
  command !== undefined && spawnSync(command, ['-c', code]).status === 0;
/** Result of {@link pythonWithTorch}; null before the first call. */
let python: string | undefined | null = null;

/** Returns the command of a Python interpreter with PyTorch, if there is one. */
function pythonWithTorch(): string | undefined {
  if (python === null) {
    const candidates = [process.env.PYTHON, 'python3', '/usr/bin/python3', 'python'];
    python = candidates.find(candidate => runs(candidate, 'import torch, numpy'));
  }
  return python;
}

/** True if PyTorch has a GPU to compute on. */
export function torchHasGpu(): boolean {
  return runs(pythonWithTorch(), 'import sys, torch; sys.exit(not torch.cuda.is_available())');
}

/** True if the peer is installed. */
export function isInstalled(peer: PeerName): boolean {
  if (peer === 'PyTorch') return pythonWithTorch() !== undefined;
  const module = peer === 'jax-js' ? '@jax-js/jax' : '@tensorflow/tfjs-backend-wasm';
  return existsSync(join(folder, 'node_modules', module));
}

/** Source of the peers in JavaScript, relative to bench/. */
export const peerSource = 'peers/js-subject.mjs';

/**
 * Starts the process of a peer.
 *
 * @param args workload, strategy and number of poses; for PyTorch also a device and a number of poses per batch, or `matmul` and
 * the arguments of a matrix product
 */
export function startPeer(
  peer: PeerName,
  programs: Programs,
  data: string,
  args: readonly (string | number)[],
  settings?: Settings,
): Measured {
  const all = [data, ...args.map(String)];
  if (peer === 'PyTorch')
    return new Measured(pythonWithTorch() ?? 'python3', [`${folder}/torch_subject.py`, ...all], settings);
  return programs.start(peerSource, [...all, peer], settings);
}
