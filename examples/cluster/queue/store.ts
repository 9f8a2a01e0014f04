// Stores each result of a job in Redis, under a key of its own. A job that runs twice writes the same bits both times.
import { Redis } from 'ioredis';

/** Connection to the Redis at REDIS_HOST and REDIS_PORT. While Redis cannot be reached, commands wait. */
export const connection: Readonly<{
  host: string;
  port: number;
  maxRetriesPerRequest: null;
  retryStrategy: () => number;
}> = {
  host: process.env.REDIS_HOST ?? '127.0.0.1',
  port: Number(process.env.REDIS_PORT ?? 6379),
  maxRetriesPerRequest: null,
  retryStrategy: () => 500, // ms
};

/** Names of the queues: `score` for chunks, `reduce` for all other jobs. */
export const queues = { score: 'posetape-score', reduce: 'posetape-reduce' } as const;

/** Seconds after which a result expires. */
const lifetime = 7 * 24 * 3600;

/** Store of results by key. */
export class Store {
  readonly #redis: Redis = new Redis(connection).on('error', () => {});

  async get<T>(key: string): Promise<T | undefined> {
    const text = await this.#redis.get(`posetape.${key}`);
    return text === null ? undefined : (JSON.parse(text) as T);
  }

  /**
   * Returns the results under all keys, in order.
   *
   * @throws Error naming the first missing key
   */
  async all<T>(keys: readonly string[]): Promise<T[]> {
    const texts = keys.length === 0 ? [] : await this.#redis.mget(keys.map(key => `posetape.${key}`));
    return texts.map((text, i) => {
      if (text === null) throw new Error(`${keys[i]}: expected the result of an earlier job, found none`);
      return JSON.parse(text) as T;
    });
  }

  async set(key: string, result: unknown): Promise<void> {
    await this.#redis.set(`posetape.${key}`, JSON.stringify(result), 'EX', lifetime);
  }

  close(): void {
    this.#redis.disconnect();
  }
}
