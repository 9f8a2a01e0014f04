import { runApart } from '../calculator.ts';
import { startConfined } from '../confined.ts';
import { byId, element, fillTable, typeset, untilNear } from '../draw/dom.ts';
import type { Editor } from '../draw/editor.ts';
import { fixed, milliseconds, short } from '../draw/numbers.ts';
import { messageOf } from '../message.ts';
import type { Store } from '../state.ts';
import type { Verdict } from '../worker/scorer.ts';
import { jobButtons } from './job.ts';

/** Sets up the panel with the editor of the scorer, ΔG, its gradient and the check of the gradient. */
export function scorerPanel(store: Store, loadSource: () => Promise<string>): void {
  let editor: Editor | undefined;
  let triedPose = 0;
  const tryIt = () => {
    const { files, pose, settings } = store.state;
    if (!files || !editor) return undefined;
    editor.mark();
    triedPose = pose;
    const trial = { source: editor.source, pose, settings };
    return runApart(startConfined, files, 'tryScorer', trial, doing => {
      byId('scorer-doing').textContent = `running: ${doing}`;
    });
  };
  const done = (verdict: Verdict) => {
    drawVerdict(verdict, triedPose, store.state.combined?.predictions[triedPose]);
    if (verdict.ok) return `ran in ${milliseconds(verdict.milliseconds)}`;
    editor?.mark(verdict);
    return `error in line ${verdict.line}`;
  };
  const failed = (message: string) => {
    drawProblem(message);
    return 'error';
  };
  const run = jobButtons('scorer', tryIt, { done, failed });

  const start = async () => {
    await untilNear(byId('scorer'));
    const [{ editorIn }, source] = await Promise.all([import('../draw/editor.ts'), loadSource()]);
    editor = editorIn(byId('editor'), source, run);
    byId('scorer-reset').addEventListener('click', () => {
      if (!editor) return;
      editor.mark();
      editor.source = source;
    });
  };
  start().catch((error: unknown) => drawProblem(`The editor could not start: ${messageOf(error)}`));
}

function drawProblem(message: string): void {
  byId('scorer-result').replaceChildren(element('p', { class: 'problem', role: 'alert' }, message));
}

function drawVerdict(verdict: Verdict, pose: number, byDefaultScorer: number | undefined): void {
  if (!verdict.ok) {
    drawProblem(`Line ${verdict.line}: ${verdict.message}`);
    return;
  }
  const { value, combined, entries, report, force } = verdict;
  const isOk = entries.every(entry => entry.verdict === 'agrees');
  const table = element(
    'table',
    {},
    element('caption', {}, ...typeset('Gradient of ΔGₙ against finite differences')),
  );
  fillTable(
    table,
    ['parameter', 'gradient', 'finite difference', 'verdict'],
    entries.map(({ parameter, entry, gradient, difference, verdict }) =>
      element(
        'tr',
        { 'data-verdict': verdict },
        element('th', { scope: 'row' }, parameter === 'x' ? `x[${entry}]` : parameter),
        element('td', {}, short(gradient)),
        element('td', {}, short(difference)),
        element('td', { class: 'text' }, verdict),
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
      fact('by the original scorer', fixed(byDefaultScorer ?? Number.NaN, 4)),
      fact('ΔG of all poses', fixed(combined, 4)),
      fact('longest force', short(force), 'backward'),
    ),
    element('p', { class: isOk ? 'verdict good' : 'verdict bad', id: 'scorer-report' }, report),
    element(
      'div',
      { class: 'scroll limited', tabindex: '0', role: 'region', 'aria-label': 'Gradient and differences' },
      table,
    ),
  );
}
