import { Presets, SingleBar } from 'cli-progress';
import { atEnd } from './at-end.ts';

/** Progress on stderr: a bar, on a terminal and if the number of steps is known, or else a line for each step. */
export class Progress {
  readonly #bar: SingleBar | undefined;
  readonly #steps: number | undefined;
  readonly #start: number = performance.now();
  #done = 0;

  constructor(steps?: number) {
    this.#steps = steps;
    if (!process.stderr.isTTY || steps === undefined) return;
    const format = '{bar} {value}/{total}  {step}';
    const settings = { stream: process.stderr, format, barsize: 30, clearOnComplete: true, hideCursor: true };
    this.#bar = new SingleBar(settings, Presets.shades_grey);
    this.#bar.start(steps, 0, { step: '' });
    // Restores the cursor of the terminal.
    atEnd(() => this.stop());
  }

  /** Reports the step that begins now; the one before is done. */
  next(step: string): void {
    const seconds = `${Math.round((performance.now() - this.#start) / 1000)} s`;
    const place = this.#steps === undefined ? seconds.padStart(6) : `${this.#done + 1}/${this.#steps}`;
    if (this.#bar) this.#bar.update(this.#done, { step });
    else console.error(`${place}  ${step}`);
    this.#done++;
  }

  /** Removes the bar, so that other text may follow. */
  stop(): void {
    this.#bar?.stop();
  }
}
