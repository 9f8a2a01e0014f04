import { Presets, SingleBar } from 'cli-progress';
import { atEnd } from './at-end.ts';

/** Tells how far the work has come, on stderr: a bar on a terminal, elsewhere a line for each step. */
export class Progress {
  readonly #bar: SingleBar | undefined;
  readonly #steps: number;
  #done = 0;

  constructor(steps: number) {
    this.#steps = steps;
    if (process.stderr.isTTY) {
      const format = '{bar} {value}/{total}  {step}';
      const options = {
        stream: process.stderr,
        format,
        barsize: 30,
        clearOnComplete: true,
        hideCursor: true,
      };
      this.#bar = new SingleBar(options, Presets.shades_grey);
      this.#bar.start(steps, 0, { step: '' });
      // Or the terminal stays without its cursor.
      atEnd(() => this.stop());
    }
  }

  /** Says what begins now; what was said before is done. */
  next(step: string): void {
    if (this.#bar) this.#bar.update(this.#done, { step });
    else console.error(`${`${this.#done + 1}`.padStart(`${this.#steps}`.length)}/${this.#steps}  ${step}`);
    this.#done++;
  }

  /** Takes the bar away, so that other text may follow. */
  stop(): void {
    this.#bar?.stop();
  }
}
