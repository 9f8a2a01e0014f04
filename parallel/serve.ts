import { type ChunkContext, runChunk, type ScorerModule, sumBuffersOf } from '../combine/chunk.ts';
import type { Params } from '../combine/params.ts';
import type { ModuleInfo } from '../combine/workers.ts';
import { toSent } from './errors.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { nodeThreads } from './port.ts';

/**
 * Runs chunks in a worker, for `workers` with the option `worker` instead of `module`. A bundler needs a worker file of your
 * own:
 *
 *     import { serve } from 'posetape/parallel';
 *     import * as scorer from './scorer.js';
 *     serve(scorer);
 *
 * Without a scorer, it serves the `module` of the worker pool.
 *
 * @throws Error outside a worker
 */
export async function serve<Sent, Pose, P extends Params>(
  scorer?: ScorerModule<Sent, Pose, P>,
): Promise<void> {
  const { post: postUntagged, listen } = await portHere();
  let tag: string | undefined;
  const post = (message: FromWorker, transfer?: ArrayBuffer[]) =>
    postUntagged({ ...message, ...(tag && { tag }) }, transfer);
  let scoring: Pick<ChunkContext, 'scorer' | 'executor'> | undefined;
  const contexts = new Map<number, ChunkContext>();
  const start = async (module: string | undefined) => {
    const served = (scorer ??
      (await import(/* @vite-ignore */ /* webpackIgnore: true */ module as string))) as ScorerModule;
    const { score, scoreGroup } = served;
    if (typeof (score ?? scoreGroup) !== 'function')
      throw new TypeError(`workers: ${module ?? 'the scorer'} exports neither score nor scoreGroup`);
    const executor = await (served.executor ?? (await import('../engine/jit/jit.ts')).jit());
    scoring = { scorer: served, executor };
    const { name: executorName, precision } = executor;
    const names = Object.keys(served).filter(name => served[name as keyof ScorerModule] !== undefined);
    const moduleInfo: ModuleInfo = { exports: names, executor: { name: executorName, precision } };
    post({ kind: 'ready', moduleInfo });
  };
  listen(async message => {
    try {
      if (message.kind === 'start') {
        tag = message.tag;
        await start(message.module);
      } else if (message.kind === 'params') {
        const { id, params } = message;
        contexts.set(id, { ...(scoring as ChunkContext), params, shared: new Set(Object.values(params)) });
      } else if (message.kind === 'release') contexts.delete(message.id);
      else {
        const answer = await runChunk(message.chunk, contexts.get(message.params) as ChunkContext);
        post({ kind: 'answer', answer }, sumBuffersOf(answer));
      }
    } catch (error) {
      post({ kind: 'error', error: toSent(error) });
    }
  });
}

/** Returns functions that exchange messages with the thread that started this worker. */
async function portHere(): Promise<{
  post(message: FromWorker, transfer?: ArrayBuffer[]): void;
  listen(listener: (message: ToWorker) => void): void;
}> {
  const threads = await nodeThreads();
  if (threads?.isMainThread === false) {
    const port = threads.parentPort as NonNullable<typeof threads.parentPort>;
    return {
      post: (message, transfer) => port.postMessage(message, transfer),
      listen: listener => port.on('message', listener),
    };
  }
  const scope = globalThis as unknown as EventTarget & {
    postMessage(message: unknown, transfer?: unknown): void;
  };
  if (threads || !('WorkerGlobalScope' in globalThis))
    throw new Error('serve: call it in a worker, not in the main thread');
  return {
    post: (message, transfer) => scope.postMessage(message, transfer ?? []),
    listen: listener =>
      scope.addEventListener('message', event => listener((event as unknown as { data: ToWorker }).data)),
  };
}
