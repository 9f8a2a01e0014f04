import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, Setting } from './engine.ts';

const scripts = 'examples/cluster/slurm';
const program = ['--import', 'tsx', '--conditions=posetape:source', 'program/main.ts'];

/** Engine that runs the array job of the example on a Slurm on this machine. */
export async function slurm({ processes, folder, poses, chunk, workers }: Setting): Promise<Engine> {
  const port = 20_000 + (process.pid % 20_000);
  const env = { SLURM_FOLDER: join(folder, 'slurm'), SLURM_PORT: String(port), ROUNDS: '100' };
  const loopback = (action: string) => processes.run('bash', [`${scripts}/loopback.sh`, action], { env });
  const conf = (await loopback('start')).trim();
  let submit = async (): Promise<void> => {};
  const args = [poses, '--receptor', join(poses, 'pocket.pdbqt'), '--chunk', String(chunk)];
  return {
    faults: 'the scheduler restarted once and killed once',
    isWorker: ({ environment }) => environment.split('\0').includes('SLURM_JOB_NAME=posetape-score'),
    async reference() {
      const state = join(folder, 'reference.json');
      await processes.run('node', [...program, 'score', ...args, '--shard', '1/1', '--state', state]);
      return processes.run('node', [...program, 'merge', state, '--format', 'jsonl']);
    },
    async result(name) {
      const run = join(folder, name);
      mkdirSync(run);
      const SHARDS = String(3 * workers);
      submit = async () => {
        await processes.run('bash', [`${scripts}/submit.sh`, ...args], {
          env: { ...env, SLURM_CONF: conf, RUN: run, SHARDS, FORMAT: 'jsonl' },
        });
      };
      await submit();
      const result = join(run, 'result.csv');
      for (let tries = 0; !existsSync(result); tries++) {
        if (tries > 3000) throw new Error(`no result of ${name}\n${logs(run)}`);
        await sleep(100);
      }
      return readFileSync(result, 'utf8');
    },
    async restart() {
      await loopback('restart');
    },
    async crash() {
      await loopback('crash');
      // Duplicate jobs and a drained node show only after some seconds.
      await sleep(5000);
      await loopback('recover');
      await submit();
    },
    async stop() {
      await loopback('stop');
    },
  };
}

/** Texts of the log files of a run. */
function logs(run: string): string {
  const files = readdirSync(run).filter(name => name.endsWith('.log'));
  return files.map(name => `${name}:\n${readFileSync(join(run, name), 'utf8')}`).join('\n');
}
