import { runApart, startWorker } from '../calculator.ts';
import type { Chart } from '../draw/chart.ts';
import { byId, fillTable, row, untilNear } from '../draw/dom.ts';
import { memoryOption } from '../draw/memory-chart.ts';
import { bytes, fixed, short } from '../draw/numbers.ts';
import type { Store } from '../state.ts';
import {
  type Comparison,
  countedPoses,
  countsTo,
  grouped,
  type MemoryPoint,
  type WayName,
  wayNames,
} from '../worker/ways.ts';
import { jobButtons } from './job.ts';

/**
 * Sets up the panel that compares the full graph, one tape at a time, and several poses on a tape, for growing numbers of
 * poses. If the visitor changes the number of poses per tape, only the way with several poses on a tape is measured again.
 */
export function memoryPanel(store: Store): void {
  const [largest, perTape] = [
    byId<HTMLSelectElement>('memory-largest'),
    byId<HTMLSelectElement>('memory-per-tape'),
  ];
  const allWays = (): Comparison => ({
    largest: Number(largest.value),
    posesPerTape: Number(perTape.value),
    ways: wayNames,
  });
  let points: MemoryPoint[] = [];
  let hasStarted = false;
  let comparison = allWays();
  /** Comparison to run next; undefined to compare all ways. */
  let next: Comparison | undefined;
  let chart: Chart | undefined;
  const draw = () => {
    drawTable(points, comparison, hasStarted);
    chart?.draw(labelOf(points, comparison), memoryOption(points, comparison.posesPerTape));
  };
  const start = () => {
    const { files } = store.state;
    if (!files) return undefined;
    comparison = next ?? allWays();
    hasStarted = true;
    points = points.filter(({ way }) => !comparison.ways.includes(way));
    draw();
    return runApart(startWorker, files, 'memory', comparison, ({ done, doing, point }) => {
      byId<HTMLProgressElement>('memory-progress').value = done;
      byId('memory-doing').textContent = doing;
      if (!point) return;
      points.push(point);
      draw();
    });
  };
  const run = jobButtons('memory', start, { done: () => verdict(points, comparison) });
  perTape.addEventListener('change', () => {
    if (points.length === 0) return;
    next = { ...comparison, posesPerTape: Number(perTape.value), ways: [grouped] };
    run();
    next = undefined;
  });

  store
    .firstResult()
    .then(() => untilNear(byId('memory-chart')))
    .then(() => import('../draw/chart.ts'))
    .then(({ chartIn }) => {
      chart = chartIn(byId('memory-chart'));
      draw();
    });
  store.subscribe((state, before) => {
    if (state.themeChanges !== before.themeChanges) draw();
  });
}

function pointAt(points: readonly MemoryPoint[], count: number, way: WayName): MemoryPoint | undefined {
  return points.find(point => point.poses === count && point.way === way);
}

/** Draws a row for each number of poses, with … in cells not measured yet. */
function drawTable(
  points: readonly MemoryPoint[],
  { largest, posesPerTape }: Comparison,
  hasStarted: boolean,
): void {
  const counts = hasStarted ? countsTo(largest) : [];
  const rows = counts.map(count => {
    const peaks = wayNames.map(way => pointAt(points, count, way)?.peakBytes);
    return row(`${count}`, ...peaks.map(peak => (peak === undefined ? '…' : bytes(peak))));
  });
  const columns = ['N', 'full graph', 'interpreter', 'jit', `jit, G = ${posesPerTape}`];
  fillTable(byId<HTMLTableElement>('memory-table'), columns, rows);
}

function verdict(points: readonly MemoryPoint[], { posesPerTape }: Comparison): string {
  const count = Math.max(...points.map(({ poses }) => poses));
  const [fullGraph, interpreted, compiled, several] = wayNames.map(way => pointAt(points, count, way));
  if (!fullGraph || !interpreted) return '';
  const ratio = fixed(fullGraph.peakBytes / interpreted.peakBytes, 0);
  const more =
    compiled && several
      ? `, and ${countedPoses(posesPerTape)} on a tape ${fixed(several.peakBytes / compiled.peakBytes, 0)} times as much as one`
      : '';
  const difference = Math.max(
    ...[interpreted, several].map(point => Math.abs(fullGraph.value - (point ?? fullGraph).value)),
  );
  const agreement =
    difference === 0 ? 'ΔG is the same to the last digit' : `ΔG differs by ${short(difference)}`;
  return `At N = ${count} the full graph holds ${ratio} times as much as one tape at a time${more}; ${agreement}.`;
}

function labelOf(points: readonly MemoryPoint[], comparison: Comparison): string {
  return points.length === 0
    ? 'Peak bytes over N: not run yet'
    : `Peak bytes over N. ${verdict(points, comparison)}`;
}
