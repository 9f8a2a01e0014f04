import type { InputLayout } from './inputs.ts';
import type { PlanPipeline } from './pipeline.ts';
import type { KernelPlan } from './plan/kernels.ts';

/**
 * The pipeline of a structure. Runs may overlap, so that one pushes out the pipeline of another that is still under way: a
 * pipeline that was dropped is destroyed when the last run of it is over.
 */
export class HeldPipeline {
  readonly plan: KernelPlan;
  readonly layout: InputLayout;
  readonly inputs: Float32Array;
  readonly pipeline: PlanPipeline;
  /** Resolves when it is destroyed. */
  readonly gone: Promise<void>;
  #tellGone: () => void = () => {};
  #runs = 0;
  #isDropped = false;

  constructor(plan: KernelPlan, layout: InputLayout, pipeline: PlanPipeline) {
    this.plan = plan;
    this.layout = layout;
    this.inputs = new Float32Array(layout.length);
    this.pipeline = pipeline;
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
      await this.pipeline.destroy();
    } finally {
      this.#tellGone();
    }
  }
}
