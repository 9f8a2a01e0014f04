import { Presets, SingleBar } from 'cli-progress';
import type { Output } from './score/command.ts';

/** Tells how far the work has come. */
export interface Progress {
  show(task: string, done: number, total: number): void;
  /** Must be called, after an error as well, or the terminal stays without its cursor. */
  stop(): void;
}

/** A progress bar where the output is a terminal, else silence. When it stops, it leaves no trace. */
export function progressOn(output: Output): Progress {
  if (!output.isTTY) return { show() {}, stop() {} };
  const bar = new SingleBar(
    {
      stream: output,
      format: '{task} {bar} {value}/{total}',
      barsize: 40,
      clearOnComplete: true,
      hideCursor: true,
    },
    Presets.shades_grey,
  );
  return {
    show(task, done, total) {
      if (!bar.isActive) bar.start(total, 0, { task });
      bar.setTotal(total);
      bar.update(done, { task: task.padEnd(10) });
    },
    stop: () => bar.stop(),
  };
}
