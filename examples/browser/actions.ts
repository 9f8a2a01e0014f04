import { calculatorOf, startWorker } from './calculator.ts';
import { messageOf } from './message.ts';
import { type AdjustableKind, settingAt, settingsOf, sliders } from './sliders.ts';
import type { Store } from './state.ts';
import type { CombinationSettings } from './worker/combine.ts';
import type { Molecule } from './worker/molecules.ts';
import type { Files, Opened } from './worker/open.ts';
import type { Input, Output, TaskName } from './worker/tasks.ts';

/** Changes of the shared state that the visitor can make. */
export interface Actions {
  /** Opens files. If one is malformed, shows why and keeps the files that were open. */
  open(files: Files): Promise<void>;
  choose(pose: number): void;
  combineBy(settings: CombinationSettings): void;
  showForces(shows: boolean): void;
  themeChanged(): void;
}

/** Part of the state that is set when files are opened: there are no results yet. */
const noResults = {
  pose: 0,
  combined: undefined,
  curve: undefined,
  slope: undefined,
  trace: undefined,
  drawn: undefined,
  problem: undefined,
};

/** Maximum number of poses drawn. The best poses are drawn; each takes about 2 MB of memory in the 3D view. */
const maxDrawn = 64;

/** Number of intervals into which the points of a curve divide the slider. */
const curveIntervals = 80;

/** Returns actions that compute in a worker of their own and write the results to the store. */
export function actionsOn(store: Store): Actions {
  const calculator = calculatorOf(startWorker());
  const combine = latest('combine', combined => {
    store.update({ combined });
    if (combined.settings.kind !== 'mean' && combined.settings.kind !== store.state.curve?.kind)
      curve({ combined, settings: settingsAlong(combined.settings.kind) });
  });
  const slope = latest('slope', slope => {
    if (slope.pose === store.state.pose) store.update({ slope });
  });
  const trace = latest('trace', trace => {
    if (trace.pose === store.state.pose) store.update({ trace });
  });
  const curve = latest('curve', curve => store.update({ curve }));

  /**
   * Returns a function that runs a task with one input at a time. If inputs arrive while the task runs, only the last of
   * them is kept, and the task runs with it next.
   */
  function latest<Name extends TaskName>(task: Name, show: (output: Output<Name>) => void) {
    let isRunning = false;
    let waiting: { input: Input<Name> } | undefined;
    const ask = async (input: Input<Name>): Promise<void> => {
      if (isRunning) {
        waiting = { input };
        return;
      }
      isRunning = true;
      try {
        show(await calculator.run(task, input));
      } catch (error) {
        store.update({ problem: messageOf(error) });
      } finally {
        isRunning = false;
      }
      const next = waiting;
      waiting = undefined;
      if (next) await ask(next.input);
    };
    return ask;
  }

  /** Loads the molecules of the best poses for drawing, unless other files have been opened meanwhile. */
  async function drawBest(opened: Opened): Promise<void> {
    const { combined } = store.state;
    if (store.state.opened !== opened || !combined) return;
    const poses = bestOf(combined.predictions, maxDrawn);
    const molecules = await calculator.run('molecules', poses);
    if (store.state.opened !== opened) return;
    store.update({ drawn: new Map(poses.map((pose, n) => [pose, molecules[n] as Molecule])) });
  }

  return {
    async open(files) {
      try {
        const opened = await calculator.run('open', files, posesRead => store.update({ posesRead }));
        store.update({ ...noResults, files, opened });
        await combine(store.state.settings);
        slope(0);
        trace(0);
        await drawBest(opened);
      } catch (error) {
        store.update({ problem: messageOf(error) });
      } finally {
        store.update({ posesRead: 0 });
      }
    },
    choose(pose) {
      if (pose === store.state.pose) return;
      store.update({ pose, slope: undefined, trace: undefined });
      slope(pose);
      trace(pose);
    },
    combineBy(settings) {
      store.update({ settings });
      combine(settings);
    },
    showForces: showsForces => store.update({ showsForces }),
    themeChanged: () => store.update({ themeChanges: store.state.themeChanges + 1 }),
  };
}

/** Returns the indices of the `count` lowest predictions. The indices are in ascending order. */
function bestOf(predictions: Float64Array, count: number): number[] {
  const byRank = [...predictions.keys()].sort(
    (a, b) => (predictions[a] as number) - (predictions[b] as number),
  );
  return byRank.slice(0, count).sort((a, b) => a - b);
}

/** Returns the settings of the points of a curve, evenly spaced on the slider. */
function settingsAlong(kind: AdjustableKind): CombinationSettings[] {
  return Array.from({ length: curveIntervals + 1 }, (_, i) =>
    settingsOf(kind, settingAt(sliders[kind], i / curveIntervals)),
  );
}
