import { DeviceLostError, type Executor } from '../engine/executor.ts';
import { runGradients } from '../engine/run-gradients.ts';
import type { Tensor } from '../engine/tensor.ts';

/**
 * Makes an executor that, when its device is lost, switches to another and repeats the failed run there. Its name lists
 * all executors used, and its precision is the lowest precision among them. An executor whose device was lost is not
 * used again: if `next` returns it, the error is thrown.
 */
export function switching(
  first: Executor,
  next: (lost: DeviceLostError) => Executor | Promise<Executor>,
): Executor {
  const used = [first];
  const current = () => used.at(-1) as Executor;
  const runOnCurrent = async (
    run: (executor: Executor) => Tensor[] | Promise<Tensor[]>,
  ): Promise<Tensor[]> => {
    for (;;) {
      try {
        return await run(current());
      } catch (error) {
        if (!(error instanceof DeviceLostError)) throw error;
        const replacement = await next(error);
        if (used.includes(replacement)) throw error;
        used.push(replacement);
      }
    }
  };
  return {
    get name() {
      return used.map(({ name }) => name).join(', then ');
    },
    get precision() {
      // Predictions from before and after the loss may be compared, so the lower precision counts.
      return used.some(({ precision }) => precision === 'float32') ? 'float32' : 'float64';
    },
    get stops() {
      return current().stops;
    },
    get device() {
      return current().device;
    },
    run: (wanted, options) => runOnCurrent(executor => executor.run(wanted, options)),
    runGradients: (wanted, targets, wrt, options) =>
      runOnCurrent(executor => runGradients(executor, wanted, targets, wrt, options)),
  };
}
