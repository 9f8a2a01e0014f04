import { DeviceLostError, type Executor } from '../engine/executor.ts';
import { runGradients } from '../engine/run-gradients.ts';
import type { Tensor } from '../engine/tensor.ts';

/**
 * An executor that switches to another when its device is lost and repeats the failed run there, so earlier poses are kept.
 * Its name lists all executors used, and its precision is the lowest of theirs. An executor that was already lost is not used
 * again.
 */
export function switching(
  first: Executor,
  next: (lost: DeviceLostError) => Executor | Promise<Executor>,
): Executor {
  const used = [first];
  const current = () => used.at(-1) as Executor;
  const going = async (run: (executor: Executor) => Tensor[] | Promise<Tensor[]>): Promise<Tensor[]> => {
    for (;;) {
      try {
        return await run(current());
      } catch (error) {
        if (!(error instanceof DeviceLostError)) throw error;
        const given = await next(error);
        if (used.includes(given)) throw error;
        used.push(given);
      }
    }
  };
  return {
    get name() {
      return used.map(({ name }) => name).join(', then ');
    },
    get precision() {
      // The coarsest, as what was predicted before the loss may be compared with what is predicted after it.
      return used.some(({ precision }) => precision === 'float32') ? 'float32' : 'float64';
    },
    get stops() {
      return current().stops;
    },
    get device() {
      return current().device;
    },
    run: (wanted, options) => going(executor => executor.run(wanted, options)),
    runGradients: (wanted, targets, wrt, options) =>
      going(executor => runGradients(executor, wanted, targets, wrt, options)),
  };
}
