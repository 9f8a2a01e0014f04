import { availableParallelism, cpus, freemem, totalmem } from 'node:os';

/** What was measured on, in a line: figures without it mean little. */
export function machine(now: Date = new Date()): string {
  const model = cpus()[0]?.model.trim() || 'unknown CPU';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const date = now.toISOString().slice(0, 10);
  return `${model}, ${availableParallelism()} cores, ${memory}, ${process.platform} ${process.arch}, Node ${process.versions.node} (V8 ${process.versions.v8}), ${date}`;
}

/** How much a single measurement may take of this machine's memory, in bytes: 12 GiB, or most of what is free. */
export function memoryLimit(): number {
  return Math.min(12 * 2 ** 30, 0.8 * freemem());
}
