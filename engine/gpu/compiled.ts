import type { InputLayout } from './inputs.ts';
import type { KernelPlan } from './plan/kernels.ts';
import type { Program } from './program.ts';

/**
 * The program of a structure. Runs may overlap, so that one pushes out the program of another that is still under way: a
 * program that was dropped is destroyed when the last run of it is over.
 */
export class Compiled {
  readonly plan: KernelPlan;
  readonly layout: InputLayout;
  readonly inputs: Float32Array;
  readonly program: Program;
  /** Resolves when it is destroyed. */
  readonly gone: Promise<void>;
  #tellGone: () => void = () => {};
  #runs = 0;
  #isDropped = false;

  constructor(plan: KernelPlan, layout: InputLayout, program: Program) {
    this.plan = plan;
    this.layout = layout;
    this.inputs = new Float32Array(layout.length);
    this.program = program;
    this.gone = new Promise(resolve => {
      this.#tellGone = resolve;
    });
  }

  /** A run begins. */
  take(): void {
    this.#runs++;
  }

  /** A run is over. */
  async give(): Promise<void> {
    this.#runs--;
    if (this.#isDropped && this.#runs === 0) await this.#destroy();
  }

  /** It serves no further run. */
  async drop(): Promise<void> {
    if (this.#isDropped) return;
    this.#isDropped = true;
    if (this.#runs === 0) await this.#destroy();
  }

  async #destroy(): Promise<void> {
    try {
      await this.program.destroy();
    } finally {
      this.#tellGone();
    }
  }
}
