import type { CombinationSettings, Combined, Curve } from './worker/combine.ts';
import type { Molecule } from './worker/molecules.ts';
import type { Files, Opened } from './worker/open.ts';
import type { Slope } from './worker/slope.ts';
import type { Trace } from './worker/trace.ts';

/** All that the page shows, apart from what a panel alone runs and shows. */
export interface State {
  readonly files: Files | undefined;
  readonly opened: Opened | undefined;
  /** Poses read so far while files are being opened; else 0. */
  readonly read: number;
  /** The poses to draw, by their places: the best ones. */
  readonly drawn: ReadonlyMap<number, Molecule> | undefined;
  /** The pose chosen, from 0. */
  readonly pose: number;
  readonly settings: CombinationSettings;
  readonly combined: Combined | undefined;
  readonly curve: Curve | undefined;
  /** The slope at the pose chosen, once it is known. */
  readonly slope: Slope | undefined;
  /** The tape of the pose chosen, once it has run. */
  readonly trace: Trace | undefined;
  readonly showsForces: boolean;
  /** Error in the reader's file. */
  readonly problem: string | undefined;
  /** Counts changes of light and dark, after which drawings need their colours again. */
  readonly theme: number;
}

const initial: State = {
  files: undefined,
  opened: undefined,
  read: 0,
  drawn: undefined,
  pose: 0,
  settings: { kind: 'boltzmann', kT: 0.593 },
  combined: undefined,
  curve: undefined,
  slope: undefined,
  trace: undefined,
  showsForces: true,
  problem: undefined,
  theme: 0,
};

/** Draws what changed: called with the state as it is and as it was. */
export type Draw = (state: State, before: State) => void;

/** The one place that holds the state. Actions change it, panels draw it. */
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

  subscribe(draw: Draw): void {
    this.#draws.push(draw);
    draw(this.#state, initial);
  }

  /** Waits until there is something to see, or to say: what is heavy to load comes after that. */
  firstResult(): Promise<void> {
    return new Promise(resolve => {
      this.subscribe(({ combined, problem }) => {
        if (combined || problem) resolve();
      });
    });
  }
}
