import type { InputLayout } from './inputs.ts';
import type { PlanPipeline } from './pipeline.ts';
import type { KernelPlan } from './plan/kernels.ts';

/**
 * The pipeline of a structure. Runs may overlap, so a run may evict a pipeline that another run still uses. Therefore a
 * dropped pipeline is destroyed only when its last run is over.
 */
export class HeldPipeline {
  readonly plan: KernelPlan;
  readonly layout: InputLayout;
  readonly inputs: Float32Array;
  readonly pipeline: PlanPipeline;
  /** Resolves when the pipeline is destroyed. */
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

  /** Marks the beginning of a run. */
  take(): void {
    this.#runs++;
  }

  /** Marks the end of a run. */
  async give(): Promise<void> {
    this.#runs--;
    if (this.#isDropped && this.#runs === 0) await this.#destroy();
  }

  /** Destroys the pipeline once its last run is over. */
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
