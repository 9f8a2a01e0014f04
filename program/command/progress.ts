import { Presets, SingleBar } from 'cli-progress';
import type { Output } from './terminal.ts';

/** Tells how far the work has come. */
export interface Progress {
  /** @param total absent where it is not known */
  show(task: string, done: number, total?: number): void;
  /** Leaves no bar behind, so that something can be printed; the next `show` brings it back. */
  stop(): void;
}

/** Silence. */
export const noProgress: Progress = { show() {}, stop() {} };

/** Milliseconds between lines where there is no terminal, and before the first. */
const lineEvery = 10_000;

/** A bar on a terminal, and a line every ten seconds elsewhere. It hides the cursor until it is stopped. */
export function progressOn(output: Output): Progress {
  return output.isTTY ? barOn(output) : linesOn(output);
}

function barOn(output: Output): Progress {
  const bar = new SingleBar(
    {
      stream: output,
      format: (_, { value, total, progress }, { task, isCounted }) =>
        isCounted
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
      const payload = { task, isCounted: total !== undefined };
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
