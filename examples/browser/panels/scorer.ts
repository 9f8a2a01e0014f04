import { runApart, Stopped } from '../calculator.ts';
import { byId, element, fillTable } from '../draw/dom.ts';
import type { Editor } from '../draw/editor.ts';
import { fixed, milliseconds, short } from '../draw/numbers.ts';
import type { Store } from '../state.ts';
import type { Verdict } from '../worker/scorer.ts';

/** An editor with the scorer's source: edit, run, see ΔG, its gradient and a check of it. */
export function scorerPanel(store: Store, loadSource: () => Promise<string>): void {
  const [run, stop, reset] = [
    byId<HTMLButtonElement>('scorer-run'),
    byId<HTMLButtonElement>('scorer-stop'),
    byId<HTMLButtonElement>('scorer-reset'),
  ];
  const status = byId('scorer-status');
  let editor: Editor | undefined;
  let end = () => {};

  const tryIt = async () => {
    const { files, pose, settings, combined } = store.state;
    if (!files || !editor || run.disabled) return;
    [run.disabled, stop.disabled] = [true, false];
    editor.mark();
    status.textContent = 'running';
    const trial = { source: editor.source, pose, settings };
    const job = runApart(files, 'tryScorer', trial, doing => {
      status.textContent = `running: ${doing}`;
    });
    end = job.stop;
    try {
      const verdict = await job.output;
      drawVerdict(verdict, pose, combined?.predictions[pose]);
      if (verdict.ok) status.textContent = `ran in ${milliseconds(verdict.milliseconds)}`;
      else {
        status.textContent = `error in line ${verdict.line}`;
        editor.mark(verdict);
      }
    } catch (error) {
      const isStopped = error instanceof Stopped;
      status.textContent = isStopped ? 'Stopped.' : 'error';
      if (!isStopped) drawProblem((error as Error).message);
    } finally {
      [run.disabled, stop.disabled] = [false, true];
    }
  };
  run.addEventListener('click', tryIt);
  stop.addEventListener('click', () => end());

  const start = async () => {
    await near(byId('scorer'));
    const [{ editorIn }, source] = await Promise.all([import('../draw/editor.ts'), loadSource()]);
    editor = editorIn(byId('editor'), source, tryIt);
    reset.addEventListener('click', () => {
      if (!editor) return;
      editor.mark();
      editor.source = source;
    });
  };
  start().catch((error: Error) => drawProblem(`The editor could not start: ${error.message}`));
}

/** Waits until an element is about to come into view: the editor is heavy, and below what one sees first. */
function near(element: HTMLElement): Promise<void> {
  return new Promise(resolve => {
    const observer = new IntersectionObserver(
      entries => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        resolve();
      },
      { rootMargin: '600px' },
    );
    observer.observe(element);
  });
}

function drawProblem(message: string): void {
  byId('scorer-result').replaceChildren(element('p', { class: 'problem', role: 'alert' }, message));
}

function drawVerdict(verdict: Verdict, pose: number, ours: number | undefined): void {
  if (!verdict.ok) {
    drawProblem(`Line ${verdict.line}: ${verdict.message}`);
    return;
  }
  const { value, combined, entries, report, force } = verdict;
  const isOk = entries.every(entry => entry.verdict === 'agrees');
  const table = element('table', {}, element('caption', {}, 'The gradient beside finite differences'));
  fillTable(
    table,
    ['parameter', '∂ΔGₙ/∂', 'difference', 'verdict'],
    entries.map(({ parameter, entry, gradient, difference, verdict: said }) =>
      element(
        'tr',
        { 'data-verdict': said },
        element('th', { scope: 'row' }, parameter === 'x' ? `x[${entry}]` : parameter),
        element('td', {}, short(gradient)),
        element('td', {}, short(difference)),
        element('td', { class: 'text' }, said),
      ),
    ),
    ['verdict'],
  );
  const fact = (name: string, text: string, kind = '') =>
    element('div', { class: kind }, element('dt', {}, name), element('dd', {}, text));
  byId('scorer-result').replaceChildren(
    element(
      'dl',
      { class: 'facts' },
      fact(`ΔG of pose ${pose + 1}`, fixed(value, 4), 'large'),
      fact('Vina’s own', fixed(ours ?? Number.NaN, 4)),
      fact('ΔG of all poses', fixed(combined, 4)),
      fact('longest force', short(force), 'backward'),
    ),
    element('p', { class: isOk ? 'verdict good' : 'verdict bad', id: 'scorer-report' }, report),
    element(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Gradient and differences' },
      table,
    ),
  );
}
