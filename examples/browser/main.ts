import { actionsOn } from './actions.ts';
import { byId } from './draw/dom.ts';
import { themeButton } from './draw/theme.ts';
import { combinationPanel } from './panels/combination.ts';
import { executorsPanel } from './panels/executors.ts';
import { memoryPanel } from './panels/memory.ts';
import { posesPanel } from './panels/poses.ts';
import { scorerPanel } from './panels/scorer.ts';
import { tapePanel } from './panels/tape.ts';
import { Store } from './state.ts';
import type { Files } from './worker/open.ts';

// A worker computes, the store holds what came out, panels draw it and turn what the reader does into actions.
const store = new Store();
const actions = actionsOn(store);

const defaults: Promise<Files> = Promise.all([text('data/pocket.pdbqt'), text('data/poses.pdbqt')]).then(
  ([receptor, poses]) => ({
    receptor: { name: 'pocket.pdbqt', text: receptor },
    poses: { name: 'poses.pdbqt', text: poses },
  }),
);
defaults.then(actions.open, (error: Error) => store.update({ problem: error.message }));

themeButton(byId<HTMLButtonElement>('theme'), actions.themeChanged);
posesPanel(store, actions, defaults);
combinationPanel(store, actions);
tapePanel(store, actions);
memoryPanel(store);
scorerPanel(store, () => text('score.ts'));
executorsPanel(store);

store.firstResult().then(() => {
  const taken = Math.round(performance.now());
  document.documentElement.dataset.firstResult = `${taken}`;
  byId('first-result').textContent = `First result ${taken} ms after you asked for the page.`;
});

/** A file beside the page. */
async function text(path: string): Promise<string> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`cannot read ${path}: ${response.status} ${response.statusText}`);
  return response.text();
}
