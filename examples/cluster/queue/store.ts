// Results of jobs in Redis: one key each, written whole. A job that runs twice writes the same bits twice.
import { Redis } from 'ioredis';

/** Redis by REDIS_PORT and REDIS_HOST; a command waits for it for as long as it takes. */
export const connection: Readonly<{
  host: string;
  port: number;
  maxRetriesPerRequest: null;
  retryStrategy: () => number;
}> = {
  host: process.env.REDIS_HOST ?? '127.0.0.1',
  port: Number(process.env.REDIS_PORT ?? 6379),
  maxRetriesPerRequest: null,
  retryStrategy: () => 500,
};

/** Queues: of chunks, and of all that is made of their states. */
export const queues = { score: 'posetape-score', reduce: 'posetape-reduce' } as const;

/** Seconds that a result is kept. */
const kept = 7 * 24 * 3600;

export class Store {
  readonly #redis: Redis = new Redis(connection).on('error', () => {});

  async get<T>(key: string): Promise<T | undefined> {
    const text = await this.#redis.get(`posetape.${key}`);
    return text === null ? undefined : (JSON.parse(text) as T);
  }

  /** @throws Error naming the key that is missing */
  async all<T>(keys: readonly string[]): Promise<T[]> {
    const texts = keys.length === 0 ? [] : await this.#redis.mget(keys.map(key => `posetape.${key}`));
    return texts.map((text, i) => {
      if (text === null) throw new Error(`${keys[i]}: expected the result of an earlier job, found none`);
      return JSON.parse(text) as T;
    });
  }

  async set(key: string, result: unknown): Promise<void> {
    await this.#redis.set(`posetape.${key}`, JSON.stringify(result), 'EX', kept);
  }

  close(): void {
    this.#redis.disconnect();
  }
}
