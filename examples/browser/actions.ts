import { startCalculator } from './calculator.ts';
import type { Store } from './state.ts';
import type { CombinationSettings } from './worker/combine.ts';
import type { Files } from './worker/open.ts';
import type { Input, Output, TaskName } from './worker/tasks.ts';

/** What the reader can do to the state that all panels share. */
export interface Actions {
  /** Opens files; if one is malformed, says so and keeps what was open. */
  open(files: Files): Promise<void>;
  choose(pose: number): void;
  combineBy(settings: CombinationSettings): void;
  showForces(shows: boolean): void;
  themeChanged(): void;
}

/** Where a slider begins and ends; it is logarithmic. */
export const ranges = { t: [0.05, 50], kT: [0.05, 50] } as const;

/** What is not known of files that were just opened. */
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
  const combine = latest('combine', combined => store.update({ combined }));
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

  const askCurve = () => {
    const { combined, settings } = store.state;
    if (!combined || settings.kind === 'mean') return;
    curve({ predictions: combined.predictions, settings: settingsAlong(settings.kind) });
  };

  return {
    async open(files) {
      try {
        const opened = await calculator.run('open', files);
        store.update({ ...nothingYet, files, opened });
        await combine(store.state.settings);
        slope(0);
        trace(0);
        askCurve();
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
      const isOther = settings.kind !== store.state.settings.kind;
      store.update({ settings });
      combine(settings);
      if (isOther) askCurve();
    },
    showForces: showsForces => store.update({ showsForces }),
    themeChanged: () => store.update({ theme: store.state.theme + 1 }),
  };
}

function settingsAlong(kind: 'lse' | 'boltzmann'): CombinationSettings[] {
  return Array.from({ length: curvePoints + 1 }, (_, i) => {
    const [least, largest] = kind === 'lse' ? ranges.t : ranges.kT;
    const setting = least * (largest / least) ** (i / curvePoints);
    return kind === 'lse' ? { kind, t: setting } : { kind, kT: setting };
  });
}
