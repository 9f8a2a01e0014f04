import type { Chart } from '../draw/chart.ts';
import { byId, untilNear } from '../draw/dom.ts';
import { bytes, fixed } from '../draw/numbers.ts';
import { stripOption } from '../draw/strip.ts';
import { type Cells, cellsOf } from '../draw/tape-cells.ts';
import { drawDetail } from '../draw/tape-detail.ts';
import type { State, Store } from '../state.ts';
import type { Trace } from '../worker/trace.ts';

/** Milliseconds per step while playing. */
const pace = 55;

/**
 * Sets up the panel with the tape of the chosen pose. It shows how far the tape has run, the tape's values, and the bytes
 * held. After the last step the tape is discarded, and playing ends.
 */
export function tapePanel(store: Store): void {
  const slider = byId<HTMLInputElement>('tape-step');
  const play = byId<HTMLButtonElement>('tape-play');
  let trace: Trace | undefined;
  let previous: Trace | undefined;
  let cells: Cells | undefined;
  let chart: Chart | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isPlaying = false;
  /** Id of the value to keep displayed; −1 to display the value of the current step. */
  let selected = -1;
  /** Id of the value whose details are displayed. */
  let displayed = -1;

  /** Returns the number of steps done. It exceeds the number of steps by 1 once the tape is discarded. */
  const stepsDone = () => slider.valueAsNumber;
  const draw = () => {
    if (!trace) return;
    const done = stepsDone();
    cells?.showStates(done);
    drawWhere(trace, previous, done);
    slider.setAttribute('aria-valuetext', byId('tape-where').textContent ?? '');
    chart?.draw(stripLabel(trace, done), stripOption(trace, previous, done));
    if (selected < 0 || isPlaying) show(entryDone(trace, done));
  };
  const show = (id: number) => {
    selected = isPlaying ? -1 : id;
    displayed = id;
    if (trace) drawDetail(byId('tape-detail'), trace, id);
    cells?.select(id);
  };
  const go = (step: number) => {
    if (!trace) return;
    slider.valueAsNumber = Math.min(Math.max(step, 0), trace.steps + 1);
    draw();
  };
  const tick = () => {
    if (!trace) return;
    go(stepsDone() + 1);
    if (stepsDone() > trace.steps) setPlaying(false);
    else timer = setTimeout(tick, pace);
  };
  const setPlaying = (plays: boolean) => {
    isPlaying = plays;
    selected = -1;
    play.textContent = plays ? 'Pause' : 'Play';
    clearTimeout(timer);
    if (!plays || !trace) return;
    if (stepsDone() > trace.steps) go(0);
    tick();
  };

  play.addEventListener('click', () => setPlaying(!isPlaying));
  byId('tape-back').addEventListener('click', () => pauseAnd(stepsDone() - 1));
  byId('tape-forward').addEventListener('click', () => pauseAnd(stepsDone() + 1));
  slider.addEventListener('input', () => pauseAnd(stepsDone()));
  addEventListener('resize', () => cells?.select(displayed));
  const pauseAnd = (step: number) => {
    setPlaying(false);
    go(step);
  };

  /** Shows the tape of the state, if it is new. */
  const showTrace = (state: State) => {
    if (!state.trace || state.trace === trace) return;
    previous = trace;
    trace = state.trace;
    setPlaying(false);
    slider.max = `${trace.steps + 1}`;
    // A new tape is first shown at its peak memory.
    slider.valueAsNumber = trace.held.indexOf(trace.peak) + 1;
    cells = cellsOf(trace, byId('tape-recorded'), byId('tape-adjoints'), byId('tape-links'), show);
    drawFused(trace);
    draw();
  };
  store.subscribe(showTrace);
  store.subscribe((state, before) => {
    if (state.themeChanges !== before.themeChanges) draw();
    if (state.opened !== before.opened) previous = undefined;
  });
  store
    .firstResult()
    .then(() => untilNear(byId('strip')))
    .then(() => import('../draw/chart.ts'))
    .then(({ chartIn }) => {
      chart = chartIn(byId('strip'));
      draw();
    });
}

/** Returns the id of the value computed by the last of `done` steps; if `done` is 0, by the first step. */
function entryDone(trace: Trace, done: number): number {
  const step = Math.min(Math.max(done, 1), trace.steps) - 1;
  return trace.entries.find(entry => entry.step === step)?.id ?? 0;
}

function drawWhere(trace: Trace, previous: Trace | undefined, done: number): void {
  const isDiscarded = done > trace.steps;
  const phase = done <= trace.backward ? 'forward' : 'backward';
  byId('tape-where').textContent = isDiscarded
    ? `pose ${trace.pose + 1}: tape discarded`
    : `pose ${trace.pose + 1}, step ${done} of ${trace.steps}, ${phase}`;
  byId('tape').dataset.discarded = `${isDiscarded}`;
  const held = heldAt(trace, done);
  const earlier = previous ? ` Grey, on the left: the previous pose, ${previous.pose + 1}.` : '';
  byId('strip-note').textContent = isDiscarded
    ? `Kept of pose ${trace.pose + 1}: ΔG, and its derivatives, added to a state of ${bytes(trace.stateBytes)}. The tape’s memory is free for the next pose.`
    : `Held now: ${bytes(held)}. Peak: ${bytes(trace.peak)} for this pose, and hardly more for any number of poses.${earlier}`;
}

function heldAt(trace: Trace, done: number): number {
  if (done === 0) return trace.copies;
  return done > trace.steps ? 0 : (trace.held[done - 1] as number);
}

function stripLabel(trace: Trace, done: number): string {
  return `Bytes held at each of ${trace.steps} steps; ${bytes(heldAt(trace, done))} at step ${done}, ${bytes(trace.peak)} at most`;
}

function drawFused({ fused, peak, steps }: Trace): void {
  const [head = '', ...rest] = fused.split('\n\n');
  const arena = Number(head.match(/arena of (\d+) B/)?.[1] ?? Number.NaN);
  const loops = head.match(/^\/\/ (\d+) loops/)?.[1] ?? '–';
  byId('fused-note').textContent =
    `The interpreter, shown above, computes ${steps} values one at a time. jit fuses forward and backward pass into ` +
    `${loops} loops and stores ${bytes(arena)} instead of ${bytes(peak)}, ${fixed(peak / arena, 0)} times less. The source:`;
  byId('fused').textContent = rest.join('\n\n');
}
