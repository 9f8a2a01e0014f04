import { Stopped } from '../calculator.ts';
import { byId } from '../draw/dom.ts';
import { messageOf } from '../message.ts';

/** Long task in a worker of its own. */
export interface Job<Output> {
  readonly output: Promise<Output>;
  stop(): void;
}

/** Callbacks at the end of a job. Each returns the text of the status line. */
export interface JobEnd<Output> {
  /** Shows the output. */
  done(output: Output): string;
  /** Shows the message of an error. Default: the message itself becomes the text of the status line. */
  failed?(message: string): string;
}

/**
 * Connects the buttons `#<panel>-run` and `#<panel>-stop` and the status line `#<panel>-doing` to a job. One job runs at a time.
 *
 * @param start starts the job; returns undefined if there is nothing to run yet
 * @returns function that starts the job, as the run button does
 */
export function jobButtons<Output>(
  panel: 'memory' | 'scorer' | 'executors',
  start: () => Job<Output> | undefined,
  { done, failed = message => message }: JobEnd<Output>,
): () => void {
  const [run, stop] = [byId<HTMLButtonElement>(`${panel}-run`), byId<HTMLButtonElement>(`${panel}-stop`)];
  const doing = byId(`${panel}-doing`);
  let job: Job<Output> | undefined;

  const begin = async () => {
    if (run.disabled) return;
    job = start();
    if (!job) return;
    [run.disabled, stop.disabled] = [true, false];
    // The progress bar shows no share of the work until the first report.
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
