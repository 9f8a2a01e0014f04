import { Presets, SingleBar } from 'cli-progress';
import { atEnd } from './at-end.ts';

/** Progress on stderr: a bar if stderr is a terminal and the number of steps is known, else a line for each step. */
export class Progress {
  readonly #bar: SingleBar | undefined;
  readonly #steps: number | undefined;
  readonly #start: number = performance.now();
  /** Number of steps begun. All but the last are done. */
  #begun = 0;

  constructor(steps?: number) {
    this.#steps = steps;
    if (!process.stderr.isTTY || steps === undefined) return;
    const format = '{bar} {value}/{total}  {step}';
    const settings = { stream: process.stderr, format, barsize: 30, clearOnComplete: true, hideCursor: true };
    this.#bar = new SingleBar(settings, Presets.shades_grey);
    this.#bar.start(steps, 0, { step: '' });
    // The bar hides the terminal's cursor. Stopping it shows the cursor again.
    atEnd(() => this.stop());
  }

  /** Reports the step that begins now. The step before is done. */
  next(step: string): void {
    const seconds = `${Math.round((performance.now() - this.#start) / 1000)} s`;
    const prefix = this.#steps === undefined ? seconds.padStart(6) : `${this.#begun + 1}/${this.#steps}`;
    if (this.#bar) this.#bar.update(this.#begun, { step });
    else console.error(`${prefix}  ${step}`);
    this.#begun++;
  }

  /** Removes the bar, so that other text can follow. */
  stop(): void {
    this.#bar?.stop();
  }
}
