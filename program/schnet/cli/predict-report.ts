import { combinationNames } from '../../score/options.ts';
import type { Prediction } from './predict-run.ts';
import { section, table } from './table.ts';

/** How many poses, and how many atoms, are listed. */
const listed = { poses: 8, atoms: 5 };

/**
 * The results as text, at most 80 columns wide unless the names of the files are longer.
 *
 * @param styled whether headings are bold, as only a terminal can show
 */
export function describePrediction(prediction: Prediction, styled: boolean): string {
  const { combination, pose, peakBytes } = prediction;
  return [
    section(styled, 'SchNet, differentiated pose by pose', input(prediction)),
    section(
      styled,
      `Best poses: ΔG_n, and by ${combination} w_n and c_n = ∂ΔG/∂ΔG_n`,
      table(bestPoses(prediction)),
    ),
    section(styled, 'All poses: ΔG', table(combined(prediction))),
    section(
      styled,
      `|∂ΔG/∂θ| by ${combination}, of each parameter of the network`,
      table(gradientNorms(prediction)),
      `  Never more than one pose's tape was alive: ${peakBytes.toLocaleString('en')} bytes at most.`,
    ),
    section(
      styled,
      `Pose ${pose.number}: ∂ΔG_n/∂x where it is steepest, and ∂ΔG/∂x = c_n ∂ΔG_n/∂x`,
      table(steepest(prediction)),
    ),
    section(styled, `Pose ${pose.number}, refined along them, the receptor held fast`, refined(prediction)),
    '',
  ].join('\n\n');
}

function input({ files, predictions, settings, kT, t }: Prediction): string {
  const { hidden, gaussians, interactions, neighbours, cutoff, pocket, delta } = settings;
  return [
    `  receptor  ${files.receptor}`,
    `            heavy atoms within ${pocket} Å of the ligand`,
    `  poses     ${files.poses} (${predictions.length})`,
    `  network   ${hidden} features, ${gaussians} Gaussians, ${interactions} interactions,`,
    `            ${neighbours} neighbours within ${cutoff} Å`,
    `  ΔG_n      ${delta ? 'complex − pocket − ligand' : 'of the complex'}; kT = ${kT}, t = ${t}`,
    files.weights === null
      ? '  weights   random: the network is untrained, and its energies mean nothing'
      : `  weights   ${files.weights}; energies in kcal/mol, if it was fitted to such`,
  ].join('\n');
}

function bestPoses({ predictions, weights, coefficients }: Prediction): string[][] {
  const best = [...predictions.entries()].sort(([, a], [, b]) => a - b).slice(0, listed.poses);
  return [
    ['pose', 'ΔG_n', 'w_n', 'c_n'],
    ...best.map(([n, energy]) => [
      String(n + 1).padStart(4),
      energy.toFixed(3),
      (weights[n] as number).toFixed(4),
      (coefficients[n] as number).toFixed(4),
    ]),
  ];
}

function combined({ combined: energies }: Prediction): string[][] {
  return [
    ['', ...combinationNames],
    ['ΔG', ...combinationNames.map(name => energies[name].toFixed(4))],
  ];
}

function gradientNorms({ gradientNorms: norms }: Prediction): string[][] {
  return Object.entries(norms).map(([name, norm]) => [name, norm.toPrecision(4)]);
}

function steepest({ pose }: Prediction): string[][] {
  const atoms = pose.slopes.map((slope, i) => ({ i, slope, length: Math.hypot(...slope) }));
  const first = atoms.sort((a, b) => b.length - a.length).slice(0, listed.atoms);
  return [
    ['atom', '|∂ΔG_n/∂x|', 'x', 'y', 'z', '|∂ΔG/∂x|'],
    ...first.map(({ i, slope, length }) => [
      `${String(i + 1).padStart(4)} ${pose.elements[i]}`,
      length.toFixed(4),
      ...slope.map(each => each.toFixed(4)),
      (Math.abs(pose.coefficient) * length).toFixed(4),
    ]),
  ];
}

function refined({ refined: { energies, rmsd } }: Prediction): string {
  const [before, after] = [energies[0] as number, energies.at(-1) as number];
  return [
    `  ΔG_n before      ${before.toFixed(4)}`,
    `  ΔG_n after       ${after.toFixed(4)}, ${energies.length - 1} steps of damped steepest descent`,
    `  atoms moved by   ${rmsd.toFixed(3)} Å (root mean square)`,
    '  Nothing but the model holds the atoms of the ligand together.',
  ].join('\n');
}
