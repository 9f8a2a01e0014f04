import type { Actions } from '../actions.ts';
import { shadeOf } from '../draw/colours.ts';
import { byId } from '../draw/dom.ts';
import { fixed, short } from '../draw/numbers.ts';
import { type Viewer, viewerIn } from '../draw/viewer.ts';
import type { State, Store } from '../state.ts';
import type { Files } from '../worker/open.ts';

/** The poses in 3D: the chosen one, the others by their weight, and the forces; and a file of the reader's own. */
export function posesPanel(store: Store, actions: Actions, defaults: Promise<Files>): void {
  const stepper = byId<HTMLInputElement>('pose');
  stepper.addEventListener('input', () => actions.choose(stepper.valueAsNumber - 1));
  byId('pose-previous').addEventListener('click', () => step(-1));
  byId('pose-next').addEventListener('click', () => step(1));
  const step = (by: number) => {
    const poses = store.state.opened?.poses.length ?? 1;
    actions.choose((store.state.pose + by + poses) % poses);
  };
  const forces = byId<HTMLInputElement>('forces');
  forces.addEventListener('change', () => actions.showForces(forces.checked));
  ownFiles(store, actions, defaults);

  store.subscribe(drawFacts);
  const element = byId('viewer');
  store
    .firstResult()
    .then(() => viewerIn(element))
    .then(
      viewer => store.subscribe((state, before) => drawViewer(viewer, state, before)),
      (error: Error) => {
        element.textContent = `The 3D view could not start: ${error.message}`;
      },
    );
}

function drawFacts(state: State): void {
  const { opened, pose, combined, slope, problem, files } = state;
  const count = opened?.poses.length ?? 64;
  const stepper = byId<HTMLInputElement>('pose');
  stepper.max = `${count}`;
  stepper.value = `${pose + 1}`;
  const value = combined?.predictions[pose] ?? Number.NaN;
  const weight = combined?.weights[pose] ?? Number.NaN;
  stepper.setAttribute('aria-valuetext', `pose ${pose + 1} of ${count}, ΔG ${fixed(value, 2)}`);
  byId('pose-number').textContent = `${pose + 1} of ${count}`;
  byId('pose-value').textContent = fixed(value, 3);
  byId('pose-weight').textContent = short(weight);
  byId('pose-force').textContent = slope ? short(longestForce(slope.slope)) : '–';
  byId('legend-largest').textContent = combined ? `${short(Math.max(...combined.weights))} = largest w` : '';
  const message = byId('problem');
  message.hidden = problem === undefined;
  if (message.textContent !== (problem ?? '')) message.textContent = problem ?? '';
  if (files) byId('poses-what').textContent = whatIs(files, count);
  byId('viewer').setAttribute(
    'aria-label',
    `The pocket and ${count} poses in 3D; pose ${pose + 1} stands out, ΔG ${fixed(value, 2)} kcal/mol, weight ${short(weight)}`,
  );
}

function whatIs({ receptor, poses }: Files, count: number): string {
  const isOurs = receptor.name === 'pocket.pdbqt' && poses.name === 'poses.pdbqt';
  return isOurs
    ? `${count} poses of imatinib in the kinase Abl.`
    : `${count === 1 ? 'One pose' : `${count} poses`} of ${poses.name} in ${receptor.name}.`;
}

/** The length of the longest force, in the unit of the slope. */
function longestForce(slope: Float64Array): number {
  let longest = 0;
  for (let i = 0; i < slope.length; i += 3)
    longest = Math.max(longest, Math.hypot(...slope.subarray(i, i + 3)));
  return longest;
}

function drawViewer(viewer: Viewer, state: State, before: State): void {
  const { opened, pose, combined, slope, showsForces, theme } = state;
  const isFirst = state === before || before.opened === undefined;
  if (opened && (isFirst || opened !== before.opened)) viewer.show(opened.receptor, opened.poses);
  if (isFirst || opened !== before.opened || pose !== before.pose || combined !== before.combined) {
    const weights = [...(combined?.weights ?? [])];
    const largest = Math.max(...weights);
    viewer.paint(
      pose,
      weights.map(weight => shadeOf(weight, largest)),
    );
  }
  if (isFirst || slope !== before.slope || showsForces !== before.showsForces) {
    viewer.arrows(showsForces ? slope : undefined);
  }
  if (!isFirst && theme !== before.theme) viewer.repaint();
}

/** Opening files by the button, or by dropping them on the view. */
function ownFiles(store: Store, actions: Actions, defaults: Promise<Files>): void {
  const [input, back, target] = [byId<HTMLInputElement>('own'), byId('back'), byId('poses')];
  const open = async (list: FileList | null | undefined) => {
    const own = await Promise.all(
      [...(list ?? [])].map(async file => ({ name: file.name, text: await file.text() })),
    );
    if (own.length === 0) return;
    const files = { ...(store.state.files ?? (await defaults)) };
    for (const file of own) files[isReceptor(file.text) ? 'receptor' : 'poses'] = file;
    await actions.open(files);
  };
  input.addEventListener('change', async () => {
    await open(input.files);
    input.value = '';
  });
  target.addEventListener('dragover', event => {
    event.preventDefault();
    target.classList.add('dropping');
  });
  target.addEventListener('dragleave', () => target.classList.remove('dropping'));
  target.addEventListener('drop', event => {
    event.preventDefault();
    target.classList.remove('dropping');
    open(event.dataTransfer?.files);
  });
  back.addEventListener('click', async () => actions.open(await defaults));
  defaults.then(
    ours =>
      store.subscribe(({ files }) => {
        back.hidden = files === undefined || files === ours;
      }),
    () => {},
  );
}

/** A docked ligand has a torsion tree or several models; a receptor has neither, and many residues. */
function isReceptor(text: string): boolean {
  const atoms = text.match(/^(?:ATOM|HETATM)/gm)?.length ?? 0;
  return !/^(?:ROOT|MODEL|BRANCH)/m.test(text) && atoms > 200;
}
