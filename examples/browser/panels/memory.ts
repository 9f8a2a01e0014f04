import { runApart } from '../calculator.ts';
import type { Chart } from '../draw/chart.ts';
import { byId, fillTable, row } from '../draw/dom.ts';
import { memoryOption } from '../draw/memory-chart.ts';
import { bytes, fixed, short } from '../draw/numbers.ts';
import type { Store } from '../state.ts';
import { type MemoryPoint, type WayName, wayNames } from '../worker/ways.ts';
import { jobButtons } from './job.ts';

/** Runs the full graph beside one tape at a time, for more and more poses, in a worker of its own. */
export function memoryPanel(store: Store): void {
  let points: MemoryPoint[] = [];
  let chart: Chart | undefined;
  const draw = () => {
    drawTable(points);
    chart?.draw(say(points), memoryOption(points));
  };
  const start = () => {
    const { files } = store.state;
    if (!files) return undefined;
    points = [];
    draw();
    const largest = Number(byId<HTMLSelectElement>('memory-largest').value);
    return runApart(files, 'memory', largest, ({ done, doing, point }) => {
      byId<HTMLProgressElement>('memory-progress').value = done;
      byId('memory-doing').textContent = doing;
      if (!point) return;
      points.push(point);
      draw();
    });
  };
  jobButtons('memory', start, { done: () => verdict(points) });

  store
    .firstResult()
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

function drawTable(points: readonly MemoryPoint[]): void {
  const counts = [...new Set(points.map(({ poses }) => poses))];
  const rows = counts.map(count => {
    const found = wayNames.map(way => at(points, count, way));
    return row(`${count}`, ...found.map(point => (point ? bytes(point.peakBytes) : '…')));
  });
  fillTable(byId<HTMLTableElement>('memory-table'), ['N', 'full graph', 'interpreter', 'jit'], rows);
}

function verdict(points: readonly MemoryPoint[]): string {
  const count = Math.max(...points.map(({ poses }) => poses));
  const [graph, stream] = [at(points, count, wayNames[0]), at(points, count, wayNames[1])];
  if (!graph || !stream) return '';
  const share = fixed(graph.peakBytes / stream.peakBytes, 0);
  const apart = Math.abs(graph.value - stream.value);
  const same = apart === 0 ? 'ΔG is the same to the last digit' : `ΔG differs by ${short(apart)}`;
  return `At N = ${count} the full graph holds ${share} times as much; ${same}.`;
}

function say(points: readonly MemoryPoint[]): string {
  return points.length === 0 ? 'Peak bytes over N: not run yet' : `Peak bytes over N. ${verdict(points)}`;
}
