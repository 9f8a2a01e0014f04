import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, Setting } from './engine.ts';

const example = 'examples/cluster/queue';
const node = ['--import', 'tsx', '--conditions=posetape:source'];

/** Engine that runs the fit of the example on its own Redis. */
export async function queue({ processes, folder, poses, chunk, workers }: Setting): Promise<Engine> {
  if (!existsSync(`${example}/node_modules/bullmq`)) await processes.run('npm', ['ci', '--prefix', example]);
  const port = String(20_000 + (process.pid % 20_000) + 2);
  const data = join(folder, 'redis');
  mkdirSync(data);
  const env = { REDIS_PORT: port };
  const args = [poses, '--chunk', String(chunk), '--steps', '2'];
  const start = (name: string, ...args: string[]) =>
    processes.start('node', [...node, `${name}.ts`, ...args], { env, cwd: example });

  const redis = () =>
    processes.start('redis-server', [
      ...['--port', port, '--bind', '127.0.0.1', '--dir', data],
      ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
    ]);
  let server = redis();
  let isStopping = false;
  const children = new Set<ReturnType<typeof start>>();
  // Starts a worker again whenever it ends, as a supervisor would.
  const supervise = async () => {
    while (!isStopping) {
      const worker = start('worker');
      children.add(worker);
      await worker.ended;
      children.delete(worker);
    }
  };
  const supervisors = Array.from({ length: workers }, supervise);

  const output = async (name: string, ...args: string[]) => {
    const { child, ended } = start(name, ...args);
    const closed = new Promise(resolve => child.on('close', resolve));
    await closed;
    const { code, stdout, stderr } = await ended;
    if (code !== 0) throw new Error(`${name}: exit code ${code}\n${stderr}`);
    return stdout;
  };
  return {
    faults: 'Redis killed once',
    isWorker: ({ command }) => command.endsWith(' worker.ts'),
    reference: () => output('alone', ...args),
    result: name => output('produce', ...args, '--run', name),
    async restart() {
      server.child.kill('SIGKILL');
      await server.ended;
      await sleep(1000);
      server = redis();
    },
    async stop() {
      isStopping = true;
      for (const { child } of children) child.kill('SIGTERM');
      await Promise.all(supervisors);
      server.child.kill('SIGTERM');
      await server.ended;
    },
  };
}
