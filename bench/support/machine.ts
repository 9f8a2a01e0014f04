import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';

/** Returns CPU, memory, versions, date and commit in one line, for the head of a report. Call it before the benchmark begins. */
export function machine(now: Date = new Date()): string {
  const model = cpus()[0]?.model.trim() || 'unknown CPU';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const date = now.toISOString().slice(0, 10);
  const count = availableParallelism();
  const cores = count === 1 ? '1 core' : `${count} cores`;
  return `${model}, ${cores}, ${memory}, ${process.platform} ${process.arch}, Node ${process.versions.node} (V8 ${process.versions.v8}), ${date}, ${commit()}`;
}

/** Returns the current commit, followed by "with changes" if a tracked file outside bench/report has been changed since. */
function commit(): string {
  const git = (...args: readonly string[]) => spawnSync('git', args, { encoding: 'utf8' });
  const { status, stdout: hash } = git('rev-parse', '--short', 'HEAD');
  if (status !== 0) return 'commit unknown';
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!bench/report').stdout;
  return `commit ${hash.trim()}${changed.trim() === '' ? '' : ' with changes'}`;
}
