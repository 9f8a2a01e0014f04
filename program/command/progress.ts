import { Presets, SingleBar } from 'cli-progress';
import type { Output } from './terminal.ts';

/** Display of the progress of the work. */
export interface Progress {
  /**
   * Shows how much of a task is done.
   *
   * @param total size of the task; absent if unknown
   */
  show(task: string, done: number, total?: number): void;
  /** Removes the bar and shows the cursor, so that other text can be written. The next `show` restores the bar. */
  stop(): void;
}

/** Display that shows nothing. */
export const noProgress: Progress = { show() {}, stop() {} };

/** Milliseconds before the first line of progress, and between two lines, if the output is not a terminal. */
const lineEvery = 10_000;

/** Returns a bar for a terminal, or a line every ten seconds for other outputs. A bar hides the cursor until `stop`. */
export function progressOn(output: Output): Progress {
  return output.isTTY ? barOn(output) : linesOn(output);
}

function barOn(output: Output): Progress {
  const bar = new SingleBar(
    {
      stream: output,
      format: (_, { value, total, progress }, { task, hasTotal }) =>
        hasTotal
          ? `${task.padEnd(10)} ${'█'.repeat(40 * progress).padEnd(40, '░')} ${value}/${total}`
          : `${task} ${value}`,
      barsize: 40,
      clearOnComplete: true,
      hideCursor: true,
    },
    Presets.shades_grey,
  );
  return {
    show(task, done, total) {
      const payload = { task, hasTotal: total !== undefined };
      if (!bar.isActive) bar.start(total ?? done, 0, payload);
      bar.setTotal(total ?? done + 1);
      bar.update(done, payload);
    },
    stop: () => bar.stop(),
  };
}

function linesOn(output: Output): Progress {
  let last = performance.now();
  return {
    show(task, done, total) {
      const now = performance.now();
      if (now - last < lineEvery) return;
      last = now;
      output.write(`${task}: ${done}${total === undefined ? '' : ` of ${total}`}\n`);
    },
    stop() {},
  };
}
