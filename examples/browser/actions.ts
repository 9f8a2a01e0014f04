import { startCalculator } from './calculator.ts';
import { type SetKind, settingAt, settingsOf, sliders } from './sliders.ts';
import type { Store } from './state.ts';
import type { CombinationSettings } from './worker/combine.ts';
import type { Files } from './worker/open.ts';
import type { Input, Output, TaskName } from './worker/tasks.ts';

/** Actions of the reader on the state that all panels share. */
export interface Actions {
  /** Opens files; if one is malformed, says so and keeps what was open. */
  open(files: Files): Promise<void>;
  choose(pose: number): void;
  combineBy(settings: CombinationSettings): void;
  showForces(shows: boolean): void;
  themeChanged(): void;
}

/** State that files just opened have nothing of yet. */
const nothingYet = {
  pose: 0,
  combined: undefined,
  curve: undefined,
  slope: undefined,
  trace: undefined,
  problem: undefined,
};

const curvePoints = 80;

/** Actions compute in a worker of their own and put what comes back into the store. */
export function actionsOn(store: Store): Actions {
  const calculator = startCalculator();
  const combine = latest('combine', combined => {
    store.update({ combined });
    if (combined.settings.kind !== 'mean' && combined.settings.kind !== store.state.curve?.kind)
      curve({ combined, settings: settingsAlong(combined.settings.kind) });
  });
  const slope = latest('slope', each => {
    if (each.pose === store.state.pose) store.update({ slope: each });
  });
  const trace = latest('trace', each => {
    if (each.pose === store.state.pose) store.update({ trace: each });
  });
  const curve = latest('curve', each => store.update({ curve: each }));

  /** Asks for a task with the newest input only: what comes while it runs waits, and replaces what waited. */
  function latest<Name extends TaskName>(task: Name, show: (output: Output<Name>) => void) {
    let running = false;
    let waiting: { input: Input<Name> } | undefined;
    const ask = async (input: Input<Name>): Promise<void> => {
      if (running) {
        waiting = { input };
        return;
      }
      running = true;
      try {
        show(await calculator.run(task, input));
      } catch (error) {
        store.update({ problem: (error as Error).message });
      } finally {
        running = false;
      }
      const next = waiting;
      waiting = undefined;
      if (next) await ask(next.input);
    };
    return ask;
  }

  return {
    async open(files) {
      try {
        const opened = await calculator.run('open', files);
        store.update({ ...nothingYet, files, opened });
        await combine(store.state.settings);
        slope(0);
        trace(0);
      } catch (error) {
        store.update({ problem: (error as Error).message });
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
    themeChanged: () => store.update({ theme: store.state.theme + 1 }),
  };
}

function settingsAlong(kind: SetKind): CombinationSettings[] {
  return Array.from({ length: curvePoints + 1 }, (_, i) =>
    settingsOf(kind, settingAt(sliders[kind], i / curvePoints)),
  );
}
