import type { Params } from '../combine/params.ts';
import type { Answers, Chunk, ScorerFacts, WorkKind } from '../combine/workers.ts';
import type { SentError } from './errors.ts';

/** Messages to a worker. It is given a chunk when it has answered the one before. */
export type ToWorker =
  /**
   * The address of the module; absent for a worker that serves a scorer of its own. The tag comes back with each message of
   * the worker's, as the module may post messages, too.
   */
  | { readonly kind: 'start'; readonly module: string | undefined; readonly tag: string }
  | { readonly kind: 'params'; readonly id: number; readonly params: Params }
  | { readonly kind: 'release'; readonly id: number }
  | { readonly kind: 'chunk'; readonly chunk: Chunk; readonly params: number };

/** Messages from a worker. */
export type FromWorker = { readonly tag?: string } & (
  | { readonly kind: 'ready'; readonly facts: ScorerFacts }
  | { readonly kind: 'answer'; readonly answer: Answers[WorkKind] }
  /** Of the start, or of a chunk. */
  | { readonly kind: 'error'; readonly error: SentError }
);
