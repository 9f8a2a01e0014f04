import { counted } from '../command/counted.ts';
import { escaped } from '../command/errors.ts';
import { fixed, section, table } from '../command/table.ts';
import type { PoseResult, RefineResults } from './result.ts';

/** Maximum number of poses that are listed. */
const mostPoses = 20;

const titles = {
  vina: 'Refined poses: Vina scores, kcal/mol',
  schnet: 'Refined poses: SchNet scores',
} as const;

/** Formats results as text. Lines have at most 80 columns, unless file names are long. */
export function describe(results: RefineResults, isStyled: boolean): string {
  const { scorer, poses } = results;
  const shown = poses.slice(0, mostPoses);
  const more = poses.length - shown.length;
  const isOneFile = poses.every(({ file }) => file === poses[0]?.file);
  const row = ({ file, pose, before, after, rmsd, steps, converged }: PoseResult): string[] => [
    isOneFile ? String(pose).padStart(4) : `${escaped(file)} ${pose}`,
    fixed(before.score, 3),
    fixed(after.score, 3),
    signed(after.minimised - before.minimised),
    fixed(rmsd, 2),
    `${steps}${converged ? ' ' : '*'}`,
  ];
  return `${section(
    isStyled,
    titles[scorer],
    inputText(results),
    table([['pose', 'before', 'after', 'energy', 'moved, Å', 'steps'], ...shown.map(row)]),
    ...(more > 0 ? [`  and ${more} more: --json has all`] : []),
    summaryText(results),
  )}\n`;
}

function inputText({ receptor, scorer, weights, steps, tolerance, poses }: RefineResults): string {
  const files = [...new Set(poses.map(({ file }) => file))];
  return [
    `  receptor  ${escaped(receptor)}`,
    `  poses     ${escaped(files[0] ?? '')}${files.length > 1 ? ` and ${counted(files.length - 1, 'more file')}` : ''}`,
    ...(weights === undefined ? [] : [`  weights   ${escaped(weights)}`]),
    `  stops     at ${tolerance} kcal/mol/Å, or after ${steps} steps (marked *)`,
    `  energy    change of ${scorer === 'vina' ? 'the minimised energy, inter- and intramolecular' : 'the score'}`,
  ].join('\n');
}

/** Formats a change with a sign, which is + for a positive change. */
function signed(change: number): string {
  return `${change > 0 ? '+' : ''}${fixed(change, 3)}`;
}

function summaryText({ poses, refined, seconds, out }: RefineResults): string {
  const changes = poses.map(({ before, after }) => after.score - before.score).sort((a, b) => a - b);
  const median = changes[Math.floor((changes.length - 1) / 2)] ?? 0;
  const rate = (refined / seconds).toPrecision(3);
  return [
    `  ${counted(refined, 'pose')} in ${fixed(seconds, 1)} s, ${rate} a second; median change of score ${signed(median)}`,
    ...(out === undefined ? [] : [`  written to ${escaped(out)}`]),
  ].join('\n');
}
