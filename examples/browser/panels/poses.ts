import type { Actions } from '../actions.ts';
import { shadeOf } from '../draw/colours.ts';
import { byId, element } from '../draw/dom.ts';
import { fixed, short } from '../draw/numbers.ts';
import { type Viewer, viewerIn } from '../draw/viewer.ts';
import { messageOf } from '../message.ts';
import { textOf } from '../read.ts';
import type { State, Store } from '../state.ts';
import type { CompoundSummary, Files } from '../worker/open.ts';
import { countedPoses } from '../worker/ways.ts';

/** Sets up the panel of the poses: 3D view, choice of a pose, and opening of the visitor's own files. */
export function posesPanel(store: Store, actions: Actions, defaults: Promise<Files>): void {
  const stepper = byId<HTMLInputElement>('pose');
  stepper.addEventListener('input', () => actions.choose(stepper.valueAsNumber - 1));
  byId('pose-previous').addEventListener('click', () => step(-1));
  byId('pose-next').addEventListener('click', () => step(1));
  const step = (by: number) => {
    const poses = store.state.opened?.poses ?? 1;
    actions.choose((store.state.pose + by + poses) % poses);
  };
  const forces = byId<HTMLInputElement>('forces');
  forces.addEventListener('change', () => actions.showForces(forces.checked));
  acceptFiles(store, actions, defaults);

  store.subscribe(drawNumbers);
  const element = byId('viewer');
  store
    .firstResult()
    .then(() => viewerIn(element))
    .then(
      viewer => store.subscribe((state, before) => drawViewer(viewer, state, before)),
      (error: unknown) => {
        element.textContent = `The 3D view could not start: ${messageOf(error)}`;
      },
    );
}

/** Number of poses of the page's own files, shown until files have been read. */
const defaultCount = 64;

function drawNumbers(state: State): void {
  const { opened, pose, combined, slope, problem, drawn } = state;
  const count = opened?.poses ?? defaultCount;
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
  byId('legend-largest').textContent = combined ? `${short(Math.max(...combined.weights))} (largest w)` : '';
  const message = byId('problem');
  const isPartial = drawn !== undefined && drawn.size < count;
  byId('poses-drawn').hidden = !isPartial;
  byId('poses-drawn').textContent = isPartial
    ? `Showing the ${drawn.size} best of ${count} poses, and the chosen one.`
    : '';
  message.hidden = problem === undefined;
  if (message.textContent !== (problem ?? '')) message.textContent = problem ?? '';
  byId('viewer').setAttribute(
    'aria-label',
    `The pocket and ${countedPoses(count)} in 3D; pose ${pose + 1} is highlighted, ΔG ${fixed(value, 2)} kcal/mol, weight ${short(weight)}`,
  );
}

/** Returns a sentence on the opened poses. While files are being read, it gives the number of poses read so far. */
function summaryOf({ files, opened, posesRead }: State, ours: Files): string {
  if (posesRead > 0) return `Reading: ${posesRead} poses so far.`;
  if (!files || !opened) return '64 poses of imatinib in the kinase Abl.';
  const { compounds, poses } = opened;
  if (areOurs(files, ours)) return `${poses} poses of imatinib in the kinase Abl.`;
  const compound = compounds[files.compound] as CompoundSummary;
  const title = compounds.length > 1 ? titleOf(compound) : files.poses.map(({ name }) => name).join(', ');
  return `${poses === 1 ? 'One pose' : `${poses} poses`} of ${title} in ${files.receptor.name}.`;
}

/** True if the files are the page's own. The chosen compound does not matter. */
function areOurs(files: Files, ours: Files): boolean {
  return files.receptor === ours.receptor && files.poses === ours.poses;
}

function titleOf({ name, file }: CompoundSummary): string {
  return name === '' ? file : `${name} (${file})`;
}

/** Returns the length of the longest force, in the unit of the slope. */
function longestForce(slope: Float64Array): number {
  let longest = 0;
  for (let i = 0; i < slope.length; i += 3)
    longest = Math.max(longest, Math.hypot(...slope.subarray(i, i + 3)));
  return longest;
}

function drawViewer(viewer: Viewer, state: State, before: State): void {
  const { opened, drawn, pose, combined, slope, showsForces, themeChanges } = state;
  if (!opened || !drawn) return;
  const isNew = state === before || drawn !== before.drawn;
  if (isNew) viewer.show(opened.receptor, drawn);
  if (slope && (isNew || slope !== before.slope)) viewer.add(slope.pose, slope.molecule);
  if (isNew || slope !== before.slope || pose !== before.pose || combined !== before.combined) {
    const weights = [...(combined?.weights ?? [])];
    const largest = Math.max(...weights);
    viewer.paint(
      pose,
      weights.map(weight => shadeOf(weight, largest)),
    );
  }
  if (isNew || slope !== before.slope || showsForces !== before.showsForces) {
    viewer.arrows(showsForces ? slope : undefined);
  }
  if (!isNew && themeChanges !== before.themeChanges) viewer.repaint();
}

/** Fills the list of compounds, and shows it if there are several. */
function drawCompounds(select: HTMLSelectElement, { opened, files }: State): void {
  const compounds = opened?.compounds ?? [];
  byId('compound-row').hidden = compounds.length < 2;
  select.replaceChildren(
    ...compounds.map((compound, n) =>
      element('option', { value: `${n}` }, `${titleOf(compound)}: ${countedPoses(compound.poses)}`),
    ),
  );
  select.value = `${files?.compound ?? 0}`;
}

/** Lets the visitor open files by the button, or by dropping them on the panel. */
function acceptFiles(store: Store, actions: Actions, defaults: Promise<Files>): void {
  const [input, back, target] = [byId<HTMLInputElement>('own'), byId('back'), byId('poses')];
  const open = async (list: FileList | null | undefined) => {
    const given = [...(list ?? [])];
    if (given.length === 0) return;
    const { receptor, poses } = store.state.files ?? (await defaults);
    try {
      const areReceptors = await Promise.all(given.map(isReceptor));
      const givenPoses = given.filter((_, n) => !areReceptors[n]);
      await actions.open({
        receptor: given.find((_, n) => areReceptors[n]) ?? receptor,
        poses: givenPoses.length > 0 ? givenPoses : poses,
        compound: 0,
      });
    } catch (error) {
      store.update({ problem: messageOf(error) });
    }
  };
  const select = byId<HTMLSelectElement>('compound');
  select.addEventListener('change', () => {
    const { files } = store.state;
    if (files) actions.open({ ...files, compound: Number(select.value) });
  });
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
      store.subscribe((state, before) => {
        const { files, opened } = state;
        back.hidden = files === undefined || areOurs(files, ours);
        byId('poses-what').textContent = summaryOf(state, ours);
        if (opened !== before.opened) drawCompounds(select, state);
      }),
    () => {},
  );
}

/**
 * True if the beginning of a file looks like a receptor: it has more than 200 atoms, but no torsion tree and no models, which
 * a file of docked poses has.
 */
async function isReceptor(file: File): Promise<boolean> {
  let text = '';
  for await (const chunk of textOf(file)) {
    text += chunk;
    if (text.length >= headLength) break;
  }
  const atoms = text.match(/^(?:ATOM|HETATM)/gm)?.length ?? 0;
  return !/^(?:ROOT|MODEL|BRANCH|DOCKED)/m.test(text) && atoms > 200;
}

/** Number of characters of a file to look at. They hold about 800 atoms. */
const headLength = 64_000;
