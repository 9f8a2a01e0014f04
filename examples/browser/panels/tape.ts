import type { Actions } from '../actions.ts';
import type { Chart } from '../draw/chart.ts';
import { byId } from '../draw/dom.ts';
import { bytes, fixed } from '../draw/numbers.ts';
import { stripOption } from '../draw/strip.ts';
import { type Cells, cellsOf } from '../draw/tape-cells.ts';
import { drawDetail } from '../draw/tape-detail.ts';
import type { State, Store } from '../state.ts';
import type { Trace } from '../worker/trace.ts';

/** Time that a step stays while it plays, and the pause between two tapes, in milliseconds. */
const pace = { step: 55, gone: 1100 };

/**
 * One pose's tape: how far it has run, what each value is, and the bytes held. After the last step the tape goes, and
 * the next pose's comes.
 */
export function tapePanel(store: Store, actions: Actions): void {
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
    if (step > trace.steps + 1) {
      // Once: the next pose's tape may still be on its way.
      if (store.state.pose === trace.pose) nextPose();
      return;
    }
    slider.valueAsNumber = Math.max(step, 0);
    draw();
  };
  const nextPose = () => actions.choose((store.state.pose + 1) % (store.state.opened?.poses.length ?? 1));
  const tick = () => {
    if (!isPlaying || !trace) return;
    go(at() + 1);
    timer = setTimeout(tick, at() > trace.steps ? pace.gone : pace.step);
  };
  const setPlaying = (plays: boolean) => {
    isPlaying = plays;
    shown = -1;
    play.textContent = plays ? 'Pause' : 'Play';
    clearTimeout(timer);
    if (plays) tick();
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
    shown = -1;
    slider.max = `${trace.steps + 1}`;
    // Looked at, a tape is shown when it holds the most; while it plays, the next one comes empty.
    slider.valueAsNumber = isPlaying ? 0 : trace.held.indexOf(trace.peak) + 1;
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
    ? `What is kept of pose ${trace.pose + 1}: ΔG, and its derivatives folded into a state of ${bytes(trace.stateBytes)}. The next pose takes the same room again.`
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
