import { runApart, startWorker } from '../calculator.ts';
import type { Chart } from '../draw/chart.ts';
import { byId, fillTable, near, row } from '../draw/dom.ts';
import { memoryOption } from '../draw/memory-chart.ts';
import { bytes, fixed, short } from '../draw/numbers.ts';
import type { Store } from '../state.ts';
import {
  type Comparison,
  countsTo,
  grouped,
  type MemoryPoint,
  posesOf,
  type WayName,
  wayNames,
} from '../worker/ways.ts';
import { jobButtons } from './job.ts';

/**
 * Runs the full graph beside one tape at a time and several poses on a tape, for more and more poses, in a worker of its
 * own. Another number of poses per tape runs that way again and keeps the points of the others.
 */
export function memoryPanel(store: Store): void {
  const [largest, perTape] = [
    byId<HTMLSelectElement>('memory-largest'),
    byId<HTMLSelectElement>('memory-per-tape'),
  ];
  const all = (): Comparison => ({
    largest: Number(largest.value),
    posesPerTape: Number(perTape.value),
    ways: wayNames,
  });
  let points: MemoryPoint[] = [];
  let isAsked = false;
  let asked = all();
  let again: Comparison | undefined;
  let chart: Chart | undefined;
  const draw = () => {
    drawTable(points, asked, isAsked);
    chart?.draw(say(points, asked), memoryOption(points, asked.posesPerTape));
  };
  const start = () => {
    const { files } = store.state;
    if (!files) return undefined;
    asked = again ?? all();
    isAsked = true;
    points = points.filter(({ way }) => !asked.ways.includes(way));
    draw();
    return runApart(startWorker, files, 'memory', asked, ({ done, doing, point }) => {
      byId<HTMLProgressElement>('memory-progress').value = done;
      byId('memory-doing').textContent = doing;
      if (!point) return;
      points.push(point);
      draw();
    });
  };
  const run = jobButtons('memory', start, { done: () => verdict(points, asked) });
  perTape.addEventListener('change', () => {
    if (points.length === 0) return;
    again = { ...asked, posesPerTape: Number(perTape.value), ways: [grouped] };
    run();
    again = undefined;
  });

  store
    .firstResult()
    .then(() => near(byId('memory-chart')))
    .then(() => import('../draw/chart.ts'))
    .then(({ chartIn }) => {
      chart = chartIn(byId('memory-chart'));
      draw();
    });
  store.subscribe((state, before) => {
    if (state.theme !== before.theme) draw();
  });
}

function at(points: readonly MemoryPoint[], count: number, way: WayName): MemoryPoint | undefined {
  return points.find(point => point.poses === count && point.way === way);
}

/** A row for each number of poses, of those still to come, too. */
function drawTable(
  points: readonly MemoryPoint[],
  { largest, posesPerTape }: Comparison,
  isAsked: boolean,
): void {
  const counts = isAsked ? countsTo(largest) : [];
  const rows = counts.map(count => {
    const found = wayNames.map(way => at(points, count, way));
    return row(`${count}`, ...found.map(point => (point ? bytes(point.peakBytes) : '…')));
  });
  const columns = ['N', 'full graph', 'interpreter', 'jit', `jit, G = ${posesPerTape}`];
  fillTable(byId<HTMLTableElement>('memory-table'), columns, rows);
}

function verdict(points: readonly MemoryPoint[], { posesPerTape }: Comparison): string {
  const count = Math.max(...points.map(({ poses }) => poses));
  const [graph, stream, fused, several] = wayNames.map(way => at(points, count, way));
  if (!graph || !stream) return '';
  const share = fixed(graph.peakBytes / stream.peakBytes, 0);
  const more =
    fused && several
      ? `, and ${posesOf(posesPerTape)} on a tape ${fixed(several.peakBytes / fused.peakBytes, 0)} times as much as one`
      : '';
  const apart = Math.max(...[stream, several].map(each => Math.abs(graph.value - (each ?? graph).value)));
  const same = apart === 0 ? 'ΔG is the same to the last digit' : `ΔG differs by ${short(apart)}`;
  return `At N = ${count} the full graph holds ${share} times as much as one tape at a time${more}; ${same}.`;
}

function say(points: readonly MemoryPoint[], asked: Comparison): string {
  return points.length === 0
    ? 'Peak bytes over N: not run yet'
    : `Peak bytes over N. ${verdict(points, asked)}`;
}
