import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, describe, expect, test } from 'vitest';
import type { Context } from '../../program/command/subcommand.ts';
import { declareScore, scoreOptions } from '../../program/score/options.ts';
import { runShard, type ShardOptions } from '../../program/shard/run.ts';

const data = (name: string) =>
  fileURLToPath(new URL(`../../examples/vina/data/imatinib-abl/${name}`, import.meta.url));
const models = readFileSync(data('poses.pdbqt'), 'utf8').split(/(?=^MODEL)/m);
const folder = mkdtempSync(join(tmpdir(), 'posetape-changed-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Scores six poses in chunks of two, appends a line to their file at pose `changeAt`, and returns the path of the state. */
async function scoreWhileChanging(name: string, changeAt: number, saveEvery: number): Promise<string> {
  const poses = join(folder, `${name}.pdbqt`);
  const state = join(folder, `${name}.json`);
  writeFileSync(poses, models.slice(0, 6).join(''));
  const command = new Command();
  declareScore(command);
  const shard = ['--shard', '1/1', '--chunk', '2', '--state', state, '--save-every', `${saveEvery}`];
  command.exitOverride().parse([poses, '--receptor', data('pocket.pdbqt'), ...shard], { from: 'user' });
  let shown = 0;
  const context: Context = {
    async write() {},
    warn() {},
    isStyled: false,
    signal: new AbortController().signal,
    breathe: () => undefined,
    unguarded: work => work(),
    progress: {
      show() {
        if (++shown === changeAt) appendFileSync(poses, 'REMARK\n');
      },
      stop() {},
    },
  };
  await expect(runShard(scoreOptions(command) as ShardOptions, context)).rejects.toThrow(
    `${poses}: changed while it was scored`,
  );
  return state;
}

describe('a shard whose file of poses changes while it is scored', () => {
  test('saves no unfinished sums after the change', async () => {
    expect(existsSync(`${await scoreWhileChanging('early', 1, 0)}.partial`)).toBe(false);
  });

  test('saves no finished sums', async () => {
    expect(existsSync(await scoreWhileChanging('late', 6, 1000))).toBe(false);
  });
});
