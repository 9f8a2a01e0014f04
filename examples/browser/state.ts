import { roomKT } from './sliders.ts';
import type { CombinationSettings, Combined, Curve } from './worker/combine.ts';
import type { Molecule } from './worker/molecules.ts';
import type { Files, Opened } from './worker/open.ts';
import type { Slope } from './worker/slope.ts';
import type { Trace } from './worker/trace.ts';

/** State that several panels share. */
export interface State {
  readonly files: Files | undefined;
  readonly opened: Opened | undefined;
  /** Number of poses read so far while files are being opened; otherwise 0. */
  readonly posesRead: number;
  /** Molecules of the best poses, to be drawn, by the index of the pose. */
  readonly drawn: ReadonlyMap<number, Molecule> | undefined;
  /** Index of the chosen pose, from 0. */
  readonly pose: number;
  readonly settings: CombinationSettings;
  readonly combined: Combined | undefined;
  readonly curve: Curve | undefined;
  /** Slope at the chosen pose, once computed. */
  readonly slope: Slope | undefined;
  /** Trace of the chosen pose's tape, once it has run. */
  readonly trace: Trace | undefined;
  readonly showsForces: boolean;
  /** Message of the last error. */
  readonly problem: string | undefined;
  /** Number of theme changes so far. Charts and the 3D view redraw in the new colours after each. */
  readonly themeChanges: number;
}

const initial: State = {
  files: undefined,
  opened: undefined,
  posesRead: 0,
  drawn: undefined,
  pose: 0,
  settings: { kind: 'boltzmann', kT: roomKT },
  combined: undefined,
  curve: undefined,
  slope: undefined,
  trace: undefined,
  showsForces: true,
  problem: undefined,
  themeChanges: 0,
};

/** Callback that redraws after a change, given the state after and before it. */
export type Draw = (state: State, before: State) => void;

/** Holder of the shared state. Actions change the state, and panels draw it. */
export class Store {
  #state: State = initial;
  readonly #draws: Draw[] = [];

  get state(): State {
    return this.#state;
  }

  update(change: Partial<State>): void {
    const before = this.#state;
    this.#state = { ...before, ...change };
    for (const draw of this.#draws) draw(this.#state, before);
  }

  /** Calls `draw` now, with the initial state as the state before, and after each change. */
  subscribe(draw: Draw): void {
    this.#draws.push(draw);
    draw(this.#state, initial);
  }

  /** Resolves when there is a first result or an error. Panels load large modules only then. */
  firstResult(): Promise<void> {
    return new Promise(resolve => {
      this.subscribe(({ combined, problem }) => {
        if (combined || problem) resolve();
      });
    });
  }
}
