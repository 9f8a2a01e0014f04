import { DeviceLostError, type Executor } from '../engine/executor.ts';
import { runGradients } from '../engine/run-gradients.ts';
import type { Tensor } from '../engine/tensor.ts';

/**
 * An executor that goes on with another where its device is lost: the run that failed is made again there, so that what
 * was folded in before it is kept. It is named after all that ran, and as precise as the coarsest of them. One that was
 * lost already is none to go on with.
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
