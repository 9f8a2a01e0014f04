import type { Chart } from '../draw/chart.ts';
import { byId, near } from '../draw/dom.ts';
import { bytes, fixed } from '../draw/numbers.ts';
import { stripOption } from '../draw/strip.ts';
import { type Cells, cellsOf } from '../draw/tape-cells.ts';
import { drawDetail } from '../draw/tape-detail.ts';
import type { State, Store } from '../state.ts';
import type { Trace } from '../worker/trace.ts';

/** Time that a step stays while it plays, in milliseconds. */
const pace = 55;

/**
 * One pose's tape: how far it has run, what each value is, and the bytes held. After the last step the tape is gone, and
 * playing ends.
 */
export function tapePanel(store: Store): void {
  const slider = byId<HTMLInputElement>('tape-step');
  const play = byId<HTMLButtonElement>('tape-play');
  let trace: Trace | undefined;
  let before: Trace | undefined;
  let cells: Cells | undefined;
  let chart: Chart | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isPlaying = false;
  let shown = -1;
  let pointed = -1;

  /** Values done, from 0; one more than there are steps when the tape is gone. */
  const at = () => slider.valueAsNumber;
  const draw = () => {
    if (!trace) return;
    const done = at();
    cells?.run(done);
    drawWhere(trace, before, done);
    slider.setAttribute('aria-valuetext', byId('tape-where').textContent ?? '');
    chart?.draw(sayStrip(trace, done), stripOption(trace, before, done));
    if (shown < 0 || isPlaying) show(entryDone(trace, done));
  };
  const show = (id: number) => {
    shown = isPlaying ? -1 : id;
    pointed = id;
    if (trace) drawDetail(byId('tape-detail'), trace, id);
    cells?.point(id);
  };
  const go = (step: number) => {
    if (!trace) return;
    slider.valueAsNumber = Math.min(Math.max(step, 0), trace.steps + 1);
    draw();
  };
  const tick = () => {
    if (!trace) return;
    go(at() + 1);
    if (at() > trace.steps) setPlaying(false);
    else timer = setTimeout(tick, pace);
  };
  const setPlaying = (plays: boolean) => {
    isPlaying = plays;
    shown = -1;
    play.textContent = plays ? 'Pause' : 'Play';
    clearTimeout(timer);
    if (!plays || !trace) return;
    if (at() > trace.steps) go(0);
    tick();
  };

  play.addEventListener('click', () => setPlaying(!isPlaying));
  byId('tape-back').addEventListener('click', () => pauseAnd(at() - 1));
  byId('tape-forward').addEventListener('click', () => pauseAnd(at() + 1));
  slider.addEventListener('input', () => pauseAnd(at()));
  addEventListener('resize', () => cells?.point(pointed));
  const pauseAnd = (step: number) => {
    setPlaying(false);
    go(step);
  };

  const take = (state: State) => {
    if (!state.trace || state.trace === trace) return;
    before = trace;
    trace = state.trace;
    setPlaying(false);
    slider.max = `${trace.steps + 1}`;
    // A tape is shown first when it holds the most.
    slider.valueAsNumber = trace.held.indexOf(trace.peak) + 1;
    cells = cellsOf(trace, byId('tape-recorded'), byId('tape-adjoints'), byId('tape-links'), show);
    drawFused(trace);
    draw();
  };
  store.subscribe(take);
  store.subscribe((state, previous) => {
    if (state.theme !== previous.theme) draw();
    if (state.opened !== previous.opened) before = undefined;
  });
  store
    .firstResult()
    .then(() => near(byId('strip')))
    .then(() => import('../draw/chart.ts'))
    .then(({ chartIn }) => {
      chart = chartIn(byId('strip'));
      draw();
    });
}

/** The value that the last step computed; before the first, the first one. */
function entryDone(trace: Trace, done: number): number {
  const step = Math.min(Math.max(done, 1), trace.steps) - 1;
  return trace.entries.find(entry => entry.step === step)?.id ?? 0;
}

function drawWhere(trace: Trace, before: Trace | undefined, done: number): void {
  const isGone = done > trace.steps;
  const phase = done <= trace.backward ? 'forward' : 'backward';
  byId('tape-where').textContent = isGone
    ? `pose ${trace.pose + 1}: the tape is gone`
    : `pose ${trace.pose + 1}, step ${done} of ${trace.steps}, ${phase}`;
  byId('tape').dataset.gone = `${isGone}`;
  const held = heldAt(trace, done);
  const earlier = before ? ` In grey: pose ${before.pose + 1}, before it.` : '';
  byId('strip-note').textContent = isGone
    ? `What is kept of pose ${trace.pose + 1}: ΔG, and its derivatives folded into a state of ${bytes(trace.stateBytes)}. The next pose takes the same room.`
    : `Held now: ${bytes(held)}. At most: ${bytes(trace.peak)}, for this pose and hardly more for any number of poses.${earlier}`;
}

function heldAt(trace: Trace, done: number): number {
  if (done === 0) return trace.copies;
  return done > trace.steps ? 0 : (trace.held[done - 1] as number);
}

function sayStrip(trace: Trace, done: number): string {
  return `Bytes held at each of ${trace.steps} steps; ${bytes(heldAt(trace, done))} at step ${done}, ${bytes(trace.peak)} at most`;
}

function drawFused({ fused, peak, entries }: Trace): void {
  const [head = '', ...rest] = fused.split('\n\n');
  const arena = Number(head.match(/arena of (\d+) B/)?.[1] ?? Number.NaN);
  const loops = head.match(/^\/\/ (\d+) loops/)?.[1] ?? '–';
  byId('fused-note').textContent =
    `The interpreter above computes ${entries.length} values one after the other. jit fuses forward and backward into ` +
    `${loops} loops and stores ${bytes(arena)} instead of ${bytes(peak)}, ${fixed(peak / arena, 0)} times less. Its source:`;
  byId('fused').textContent = rest.join('\n\n');
}
