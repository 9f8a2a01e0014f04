import type { Params } from '../combine/params.ts';
import type { Answers, Chunk, ModuleInfo, WorkKind } from '../combine/workers.ts';
import type { SentError } from './errors.ts';

/** Messages to a worker. A worker gets a chunk only after it has answered the previous chunk. */
export type ToWorker =
  /**
   * Starts the worker. The address of the module is absent if the worker's file passes its scorer to `serve`. Each message of
   * the worker carries the tag, which distinguishes it from messages that the module itself may post.
   */
  | { readonly kind: 'start'; readonly module: string | undefined; readonly tag: string }
  | { readonly kind: 'params'; readonly id: number; readonly params: Params }
  | { readonly kind: 'release'; readonly id: number }
  | { readonly kind: 'chunk'; readonly chunk: Chunk; readonly params: number };

/** Messages from a worker. */
export type FromWorker = { readonly tag?: string } & (
  | { readonly kind: 'ready'; readonly moduleInfo: ModuleInfo }
  | { readonly kind: 'answer'; readonly answer: Answers[WorkKind] }
  /** Error of the start or of a chunk. */
  | { readonly kind: 'error'; readonly error: SentError }
);
