/**
 * Compares `refine` with `vina --local_only` on each pose of the example, and prints a table. It needs Debian's package
 * autodock-vina.
 *
 *     npm run test:refine -- --poses 8 --shake
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jit, Tape, type Tensor, type Value } from 'posetape';
import { command } from '../../../bench/support/command.ts';
import { count } from '../../../program/command/numbers.ts';
import type { Molecule } from '../../../program/molecule/molecule.ts';
import { Linkage, type Motion } from '../../../program/molecule/motion.ts';
import { moleculeOf, moleculesOf } from '../../../program/read/molecules.ts';
import { type Refined, Refiner, vinaFieldIn } from '../../../program/refine/refiner.ts';
import { writerFor } from '../../../program/refine/written.ts';
import { coordinatesOf } from '../../../program/vina/bonds.ts';
import { receptorOf } from '../../../program/vina/poses.ts';

const options = command('test:refine', {
  does: 'Refines the poses of the example by this program and by vina --local_only, has vina score both, and prints the scores side by side.',
  takes: 'a few seconds a pose',
  writes: 'nothing, or with --write the table that npm test compares with',
})
  .option('--poses <number>', 'compare only the first <number> poses', count)
  .option('--shake', 'displace each pose at random first')
  .option('--write', 'overwrite test/program/refine/vina-local-only.json')
  .parse()
  .opts<{ poses?: number; shake?: true; write?: true }>();

const data = fileURLToPath(new URL('../../../examples/vina/data/imatinib-abl', import.meta.url));
const tableFile = fileURLToPath(new URL('vina-local-only.json', import.meta.url));
const pocket = join(data, 'pocket.pdbqt');
const folder = mkdtempSync(join(tmpdir(), 'posetape-vina-'));

interface VinaEnergies {
  readonly score: number;
  readonly inter: number;
  readonly intra: number;
}

/** Energies that vina prints for a pose, and the CPU time of vina in seconds. */
function vina(ligand: string, ...flags: string[]): VinaEnergies & { readonly seconds: number } {
  const command = `vina --receptor ${pocket} --ligand ${ligand} ${flags.join(' ')} --autobox --cpu 1; times`;
  const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
  const energy = (name: string) => {
    const [, number] = new RegExp(`${name}[^:]*: +(-?[\\d.]+)`).exec(stdout) ?? [];
    if (number === undefined) throw new Error(`vina printed no ${name}: ${stderr || stdout}`);
    return Number(number);
  };
  const seconds = [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return {
    score: energy('Estimated Free Energy of Binding'),
    inter: energy('Final Intermolecular Energy'),
    intra: energy('Final Total Internal Energy'),
    seconds: seconds.reduce((sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest), 0),
  };
}

let state = 12345;
/** Random number between −1 and 1. The sequence is the same in each run. */
function random(): number {
  state = (state * 48271) % 2147483647;
  return (2 * state) / 2147483647 - 1;
}

/**
 * Returns a function that displaces poses at random: by up to 0.4 Å along each axis, by up to 7° about each axis, and by up
 * to 17° about each rotatable bond.
 */
function shaker(tree: NonNullable<Molecule['tree']>): (molecule: Molecule) => Molecule {
  const linkage = new Linkage(tree);
  const motion = linkage.rest();
  const tape = new Tape();
  const named = Object.entries<Tensor>({ ...motion }).map(([name, values]) => [name, tape.constant(values)]);
  const wanted = [linkage.record(tape, Object.fromEntries(named) as Motion<Value>)];
  const executor = jit();
  return molecule => {
    linkage.setReference(molecule.atoms.flatMap(({ x, y, z }) => [x, y, z]));
    motion.translation.data.forEach((_, k, values) => {
      values[k] = 0.4 * random();
    });
    motion.rotation.data.forEach((_, k, values) => {
      values[k] = 0.12 * random();
    });
    motion.torsions.data.forEach((_, k, values) => {
      values[k] = 0.3 * random();
    });
    const [{ data: moved }] = executor.run(wanted) as [Tensor];
    const atoms = molecule.atoms.map((atom, i) => {
      const [x, y, z] = [0, 1, 2].map(axis => Number((moved[3 * i + axis] as number).toFixed(3)));
      return { ...atom, x: x as number, y: y as number, z: z as number };
    });
    return { ...molecule, atoms };
  };
}

const text = readFileSync(join(data, 'poses.pdbqt'), 'utf8');
const all = [...moleculesOf(text, 'poses.pdbqt', { keepLines: true })];
const shake = options.shake
  ? shaker(all[0]?.tree as NonNullable<Molecule['tree']>)
  : (molecule: Molecule) => molecule;
const poses = all.slice(0, options.poses ?? all.length).map(shake);
const refiner = new Refiner(vinaFieldIn(receptorOf(moleculeOf(readFileSync(pocket, 'utf8'), pocket))));
const pdbqt = writerFor('refined.pdbqt');
const median = (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] as number;

try {
  const rows: { ours: VinaEnergies; theirs: VinaEnergies }[] = [];
  const seconds = { ours: 0, theirs: 0, first: 0 };
  console.log(
    'pose    start     vina     ours   difference    in minimised energy    (kcal/mol, all by vina)',
  );
  for (const [k, pose] of poses.entries()) {
    const [start, local, refined] = ['start', 'local', 'refined'].map(name =>
      join(folder, `${name}.pdbqt`),
    ) as [string, string, string];
    const before = process.cpuUsage();
    const result = await refiner.refine(pose);
    const { user, system } = process.cpuUsage(before);
    seconds[k === 0 ? 'first' : 'ours'] += (user + system) / 1e6;
    const withoutModel = (refined: Refined) => pdbqt(pose, refined, 1).replace(/^MODEL.*\n|^ENDMDL\n/gm, '');
    writeFileSync(start, withoutModel({ ...result, coordinates: coordinatesOf(pose) }));
    writeFileSync(refined, withoutModel(result));
    const { score } = vina(start, '--score_only');
    const minimisation = vina(start, '--local_only', '--out', local);
    seconds.theirs += minimisation.seconds;
    const [theirs, ours] = [vina(local, '--score_only'), vina(refined, '--score_only')];
    rows.push({ ours, theirs });
    const cells = [
      score,
      theirs.score,
      ours.score,
      ours.score - theirs.score,
      minimisedOf(ours) - minimisedOf(theirs),
    ];
    const widths = [9, 9, 9, 13, 23];
    console.log(
      `${String(k + 1).padStart(4)}${cells.map((cell, i) => cell.toFixed(3).padStart(widths[i] as number)).join('')}`,
    );
  }
  for (const [name, energyOf] of [
    ['score', ({ score }: VinaEnergies) => score],
    ['minimised energy', minimisedOf],
  ] as const) {
    const differences = rows.map(({ ours, theirs }) => energyOf(ours) - energyOf(theirs));
    const share = differences.filter(difference => difference <= 0.05).length / rows.length;
    console.log(
      `${name}: at most 0.05 above vina's in ${(100 * share).toFixed(1)} %, median difference ${median(differences).toFixed(3)}`,
    );
  }
  const rate = (count: number, time: number) => (count / time).toPrecision(3);
  console.log(
    `poses a CPU second: ${rate(rows.length - 1, seconds.ours)} by refine after the first pose, which took ` +
      `${seconds.first.toFixed(2)} s; ${rate(rows.length, seconds.theirs)} by vina --local_only --autobox`,
  );
  if (options.write) writeFileSync(tableFile, tableOf(rows.map(({ theirs }) => theirs)));
} finally {
  rmSync(folder, { recursive: true });
}

/** Energy that refinement minimises. */
function minimisedOf({ inter, intra }: VinaEnergies): number {
  return inter + intra;
}

/** Text of `vina-local-only.json`. */
function tableOf(rows: readonly VinaEnergies[]): string {
  const call = (ligand: string) => `vina --receptor pocket.pdbqt --ligand ${ligand} --autobox --cpu 1`;
  const head = {
    program: 'AutoDock Vina 1.2.3 (Debian autodock-vina 1.2.3-2)',
    command: `${call('POSE.pdbqt --local_only --out LOCAL.pdbqt')}; ${call('LOCAL.pdbqt --score_only')}`,
    units: 'kcal/mol',
  };
  const lines = rows.map(({ score, inter, intra }, k) => {
    const cells = Object.entries({ pose: k + 1, score, inter, intra }).map(
      ([name, value]) => `"${name}": ${value}`,
    );
    return `    { ${cells.join(', ')} }`;
  });
  return `${JSON.stringify(head, undefined, 2).slice(0, -2)},\n  "poses": [\n${lines.join(',\n')}\n  ]\n}\n`;
}
