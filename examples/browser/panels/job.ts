import { Stopped } from '../calculator.ts';
import { byId } from '../draw/dom.ts';
import { messageOf } from '../message.ts';

/** Long work in a worker of its own. */
export interface Job<Output> {
  readonly output: Promise<Output>;
  stop(): void;
}

/** Line of status beside a panel's buttons. */
export interface Telling<Output> {
  /** Shows what came out. */
  done(output: Output): string;
  /** Shows an error's message; by default the line says it. */
  failed?(message: string): string;
}

/**
 * The buttons `#<panel>-run` and `#<panel>-stop`, and the line `#<panel>-doing`: one job at a time.
 *
 * @param start starts the job; undefined where there is nothing to run yet
 * @returns what the run button does
 */
export function jobButtons<Output>(
  panel: 'memory' | 'scorer' | 'executors',
  start: () => Job<Output> | undefined,
  { done, failed = message => message }: Telling<Output>,
): () => void {
  const [run, stop] = [byId<HTMLButtonElement>(`${panel}-run`), byId<HTMLButtonElement>(`${panel}-stop`)];
  const doing = byId(`${panel}-doing`);
  let job: Job<Output> | undefined;

  const begin = async () => {
    if (run.disabled) return;
    job = start();
    if (!job) return;
    [run.disabled, stop.disabled] = [true, false];
    // Until the first report nothing is known but that it runs.
    doing.textContent = 'reading the poses …';
    document.getElementById(`${panel}-progress`)?.removeAttribute('value');
    try {
      doing.textContent = done(await job.output);
    } catch (error) {
      doing.textContent = error instanceof Stopped ? 'Stopped.' : failed(messageOf(error));
    } finally {
      [run.disabled, stop.disabled] = [false, true];
    }
  };
  run.addEventListener('click', begin);
  stop.addEventListener('click', () => job?.stop());
  return begin;
}
