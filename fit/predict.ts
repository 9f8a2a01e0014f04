import {
  type BatchOptions,
  type ByWorkers,
  type CombineOptions,
  type Compound,
  combinePoses,
  type Grouped,
  type Params,
} from '../combine/index.ts';
import { checkOptions } from '../engine/options.ts';

/** Options of {@link predict}: the options of `combineBatch` except losses. */
export type PredictOptions<Pose, C extends Compound<Pose>, P extends Params> = Omit<
  BatchOptions<Pose, C, P>,
  'compounds' | 'loss' | 'batchLoss' | 'poseLoss' | 'poseReadout'
> & {
  /** The compounds, in the order of the predictions. */
  readonly compounds: readonly C[];
};

const names = [
  'compounds',
  'params',
  'score',
  'posesPerTape',
  'pool',
  'combination',
  'strategy',
  'readout',
  'executor',
  'onDeviceLost',
  'signal',
  'badPose',
  'tolerance',
] as const;

/**
 * Predicts compounds, without gradients. Returns the readout of each compound if that option is given, else its ΔG.
 *
 * @throws the errors of `combinePoses`, naming the compound
 */
export async function predict<Pose, C extends Compound<Pose>, const P extends Params>(
  options: Grouped<PredictOptions<Pose, C, P>, Pose, P>,
): Promise<Float64Array>;
export async function predict<Pose, C extends Compound<Pose>, const P extends Params>(
  options: ByWorkers<PredictOptions<Pose, C, P>>,
): Promise<Float64Array>;
export async function predict<Pose, C extends Compound<Pose>, const P extends Params>(
  options: PredictOptions<Pose, C, P>,
): Promise<Float64Array>;
export async function predict<Pose, C extends Compound<Pose>, const P extends Params>(
  options:
    | PredictOptions<Pose, C, P>
    | Grouped<PredictOptions<Pose, C, P>, Pose, P>
    | ByWorkers<PredictOptions<Pose, C, P>>,
): Promise<Float64Array> {
  // A union type has only the keys that its members share, hence the cast.
  checkOptions('predict', options, names as never);
  const { compounds, ...scoring } = options;
  if (!Array.isArray(compounds)) throw new TypeError('predict: compounds must be an array');
  const predictions = new Float64Array(compounds.length);
  for (const [i, compound] of (compounds as readonly C[]).entries()) {
    try {
      const all = { ...scoring, poses: compound.poses, gradient: false };
      const { readout, value } = await combinePoses<Pose, P>(all as CombineOptions<Pose, P>);
      predictions[i] = readout ?? value;
    } catch (cause) {
      if (options.signal?.aborted || !(cause instanceof Error)) throw cause;
      const { name } = compound as { readonly name?: unknown };
      const who = typeof name === 'string' ? name : `compound ${i}`;
      throw new Error(`predict: ${who}: ${cause.message}`, { cause });
    }
  }
  return predictions;
}
