import { actionsOn } from './actions.ts';
import { byId, hintSideways } from './draw/dom.ts';
import { themeButton } from './draw/theme.ts';
import { messageOf } from './message.ts';
import { combinationPanel } from './panels/combination.ts';
import { executorsPanel } from './panels/executors.ts';
import { memoryPanel } from './panels/memory.ts';
import { posesPanel } from './panels/poses.ts';
import { scorerPanel } from './panels/scorer.ts';
import { tapePanel } from './panels/tape.ts';
import { Store } from './state.ts';
import type { Files } from './worker/open.ts';

// A worker computes, the store holds the results, and panels draw them and turn the visitor's input into actions.
const store = new Store();
const actions = actionsOn(store);

const defaults: Promise<Files> = Promise.all([get('data/pocket.pdbqt'), get('data/poses.pdbqt')]).then(
  async ([receptor, poses]) => ({
    receptor: new File([await receptor.blob()], 'pocket.pdbqt'),
    poses: [new File([await poses.blob()], 'poses.pdbqt')],
    compound: 0,
  }),
);
defaults.then(actions.open, (error: unknown) => store.update({ problem: messageOf(error) }));

themeButton(byId<HTMLButtonElement>('theme'), actions.themeChanged);
posesPanel(store, actions, defaults);
combinationPanel(store, actions);
tapePanel(store);
memoryPanel(store);
scorerPanel(store, async () => (await get('score.ts')).text());
executorsPanel(store);

for (const scroll of document.querySelectorAll<HTMLElement>('.scroll')) hintSideways(scroll);

store.firstResult().then(() => {
  const elapsed = Math.round(performance.now());
  document.documentElement.dataset.firstResult = `${elapsed}`;
  byId('first-result').textContent = `First result ${elapsed} ms after the page was requested.`;
});

/**
 * Fetches a file by its path relative to the page.
 *
 * @throws Error if the server does not send it
 */
async function get(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`cannot read ${path}: ${response.status} ${response.statusText}`);
  return response;
}
