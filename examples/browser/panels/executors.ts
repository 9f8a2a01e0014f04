import { runApart, startWorker } from '../calculator.ts';
import { byId, element, fillTable } from '../draw/dom.ts';
import { fixed, milliseconds, short } from '../draw/numbers.ts';
import { executorChoices } from '../executors.ts';
import type { Store } from '../state.ts';
import type { ExecutorResult } from '../worker/executors.ts';
import { jobButtons } from './job.ts';

const columns = ['executor', 'ms per pose', 'relative', 'what ran', 'first run', 'ΔG', 'difference'];

/** Sets up the panel that times every executor, and says why some cannot run in this browser. */
export function executorsPanel(store: Store): void {
  draw([]);
  const start = () => {
    const { files } = store.state;
    if (!files) return undefined;
    return runApart(startWorker, files, 'executors', null, ({ done, doing, results }) => {
      byId<HTMLProgressElement>('executors-progress').value = done;
      byId('executors-doing').textContent = doing;
      draw(results);
    });
  };
  const done = (results: readonly ExecutorResult[]) => {
    byId<HTMLProgressElement>('executors-progress').value = 1;
    draw(results);
    return 'Done. Times are medians over interleaved rounds.';
  };
  jobButtons('executors', start, { done });
}

function draw(results: readonly ExecutorResult[]): void {
  const times = results.flatMap(result => ('failed' in result ? [] : [result.millisecondsPerPose]));
  const slowest = Math.max(...times, Number.MIN_VALUE);
  const rows = executorChoices.map(({ name, what }) => {
    const result = results.find(({ choice }) => choice === name);
    const title = element('th', { scope: 'row' }, name, element('small', {}, what));
    return element('tr', {}, title, ...cells(result, slowest));
  });
  fillTable(byId<HTMLTableElement>('executors-table'), columns, rows, ['what ran', 'relative']);
}

function cells(result: ExecutorResult | undefined, slowest: number): HTMLTableCellElement[] {
  const span = `${columns.length - 1}`;
  if (!result) return [element('td', { colspan: span, class: 'quiet' }, 'not run yet')];
  if ('failed' in result)
    return [element('td', { colspan: span, class: 'failed' }, element('span', {}, result.failed))];
  const bar = element('span', { class: 'time' });
  bar.style.setProperty('--share', `${result.millisecondsPerPose / slowest}`);
  return [
    element('td', {}, fixed(result.millisecondsPerPose, 3)),
    element('td', { class: 'bar' }, bar),
    element('td', { class: 'text' }, result.ran),
    element('td', {}, milliseconds(result.firstMilliseconds)),
    element('td', {}, fixed(result.value, 4)),
    element('td', {}, short(result.difference)),
  ];
}
